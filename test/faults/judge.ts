import { rmSync } from "node:fs";
import type Database from "better-sqlite3";
import { chainStart, rowBreak, StoreFault } from "../../agent/store/index.ts";
import { openSound } from "../../agent/store/opening.ts";
import type { AuditRow } from "../../agent/store/protocol.ts";
import { recordColumns } from "../../agent/store/record-row.ts";
import { writerOptions } from "../store/harness.ts";
import { teachRecordText, textOfRow } from "../store/record-text.ts";
import type { Ack } from "./acks.ts";
import { mostViolations } from "./fault.ts";

/**
 * Opens a folder as the next start of the agent would, and holds it against what a client was told before: everything
 * acknowledged is there as it was told, every id once, the chain unbroken, the database sound, no pass accepted twice.
 *
 * @returns broken promises in words
 */
export function judgeFolder(folder: string, acks: readonly Ack[]): readonly string[] {
  let opened: ReturnType<typeof openSound>;
  try {
    opened = openSound(writerOptions(folder));
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
    return [`the store does not open: ${cause.code}: ${cause.message}`];
  }
  try {
    const { incident } = opened.report;
    const opening = incident === null ? [] : [`set aside although nothing is damaged: ${incident.reason}`];
    return [...opening, ...judgeDatabase(opened.database, acks)].slice(0, mostViolations);
  } finally {
    opened.close();
  }
}

/**
 * As `judgeFolder`, for a database that is open.
 *
 * @param pass SQL for what names the pass of a scan
 */
export function judgeDatabase(
  database: Database.Database,
  acks: readonly Ack[],
  pass: string = passOfScan,
): readonly string[] {
  teachRecordText(database);
  const said: unknown = database.pragma("integrity_check(1)", { simple: true });
  return [
    ...(said === "ok" ? [] : [`integrity_check: ${String(said)}`]),
    ...chainViolations(database),
    ...ackViolations(database, acks),
    ...useViolations(database, pass),
  ];
}

function chainViolations(database: Database.Database): readonly string[] {
  const rows = database.prepare<[], AuditRow>(`SELECT ${recordColumns} FROM scans ORDER BY sequence`);
  let before = chainStart;
  for (const row of rows.iterate()) {
    const broken = rowBreak(row, before);
    if (broken !== null) return [`record ${row.sequence}: ${broken.code}: ${broken.detail}`];
    before = row;
  }
  return [];
}

function ackViolations(database: Database.Database, acks: readonly Ack[]): readonly string[] {
  const find = database
    .prepare<[string], string>(`SELECT ${textOfRow} ->> '$.decision.outcome' FROM scans WHERE id = ?`)
    .pluck();
  return acks.flatMap(({ id, outcome }) => {
    const stored = find.get(id);
    if (stored === undefined) return [`lost: ${id} was acknowledged and is not there`];
    return stored === outcome ? [] : [`changed: ${id} was ${outcome} and is ${stored}`];
  });
}

/** The pass is the end of the scan's id (children/present.ts). */
const passOfScan = "replace(id, rtrim(id, '0123456789'), '')";

/** Scans that used a pass up; one whose commit failed is taken back by a record that supersedes it. */
const usedUp = `${textOfRow} ->> '$.decision.outcome' = 'accepted' AND ${textOfRow} ->> '$.use.kind' = 'single'
  AND id NOT IN (SELECT ${textOfRow} ->> '$.supersedes' FROM scans WHERE ${textOfRow} ->> '$.supersedes' IS NOT NULL)`;

function useViolations(database: Database.Database, passOf: string): readonly string[] {
  const twice = database
    .prepare<[], { pass: string; count: number }>(
      `SELECT ${passOf} AS pass, count(*) AS count FROM scans WHERE ${usedUp} GROUP BY pass HAVING count > 1`,
    )
    .all();
  const forgotten = database
    .prepare<[], string>(`SELECT id FROM scans WHERE ${usedUp} AND id NOT IN (SELECT scan FROM uses)`)
    .pluck()
    .all();
  return [
    ...twice.map(({ pass, count }) => `pass ${pass} was accepted ${count} times`),
    ...forgotten.map((id) => `${id} was accepted and its use is not remembered`),
  ];
}

/** Removes a folder that was judged. */
export function discard(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
