import { join } from "node:path";
import Database from "better-sqlite3";
import { type AuditReport, auditJournal } from "../../agent/audit.ts";
import { makeDeviceKey } from "../../agent/device-jws.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { openCheckpoints } from "../../agent/store/checkpoints.ts";
import { openStore } from "../../agent/store/index.ts";
import { openJournal } from "../../agent/store/journal.ts";
import { readMark } from "../../agent/store/mark.ts";
import { type RecordRow, recordColumns, sealRecord, soundRecord } from "../../agent/store/record-row.ts";
import { must } from "../agent/samples.ts";
import { upload } from "../audit/upload.ts";
import { presented, writerOptions } from "../store/harness.ts";
import { type Dice, dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";
import { faultFolder } from "./sandbox-folder.ts";

export const tamper: Fault = {
  id: "F-31",
  title:
    "a row of the journal is edited, deleted, swapped, added or forged while no agent runs: `audit verify` finds each",
  run,
  control,
};

const records = 60;
/** The cloud acknowledged up to here; beyond, only the mark beside the database stands against a forger. */
const acknowledged = 45;

interface Edit {
  readonly name: string;
  /** Changes row `at`, 1 to `records`. */
  make(database: Database.Database, at: number, dice: Dice): void;
}

const edits: readonly Edit[] = [
  { name: "a character of the record", make: editRecord },
  { name: "the hash", make: (database, at) => set(database, "hash", `sha256:${"0".repeat(64)}`, at) },
  { name: "the id", make: (database, at) => set(database, "id", "scan_other", at) },
  { name: "the pass", make: (database, at) => set(database, "pass_id", "pass_other", at) },
  { name: "a row deleted", make: (database, at) => database.prepare("DELETE FROM scans WHERE sequence = ?").run(at) },
  { name: "two rows swapped", make: swap },
  { name: "the tail cut", make: (database, at) => database.prepare("DELETE FROM scans WHERE sequence >= ?").run(at) },
  { name: "a record added, with its hashes right", make: append },
  { name: "the chain written again from here on", make: (database, at) => forgeFrom(database, at) },
  { name: "a signed head replaced", make: replaceHead },
];

async function run(size: Size): Promise<FaultResult> {
  const wanted = bySize(size, { demo: 200, small: 2_000, large: 20_000 });
  using journal = await makeJournal();
  const drawn = dice(wanted);
  const violations: string[] = [];
  let made = 0;
  for (; made < wanted && violations.length < mostViolations; made++) {
    const edit = edits[made % edits.length];
    if (edit === undefined) continue;
    const at = 1 + drawn.below(records);
    const report = await journal.auditAfter((database) => edit.make(database, at, drawn));
    if (report.whole) violations.push(`${edit.name} (record ${at}) was not found`);
  }
  return {
    outcome: "played",
    counts: { edits: made, found: made - violations.length, kinds: edits.length },
    violations,
  };
}

/** An edit that changes nothing passes as whole: were everything called broken, "100 % found" would be worth nothing. */
async function control(): Promise<ControlResult> {
  using journal = await makeJournal();
  const untouched = await journal.auditAfter(() => {});
  return caughtBy(untouched.whole ? ["a journal that nobody touched is called whole, so it counts as not found"] : []);
}

interface TamperedJournal extends Disposable {
  auditAfter(change: (database: Database.Database) => void): Promise<AuditReport>;
}

/** A journal that was written, uploaded in part and closed in order. */
async function makeJournal(): Promise<TamperedJournal> {
  const key = makeDeviceKey();
  const folder = faultFolder("memory");
  const store = await openStore(writerOptions(folder.path));
  for (let i = 1; i <= records; i++) {
    await store.ask("present", presented(`scan_${i}`, i));
    if (i === 20 || i === acknowledged) await upload(store, key);
  }
  await store.close();
  const database = new Database(join(folder.path, "agent.sqlite"));
  database.pragma("foreign_keys = OFF");
  const mark = readMark(join(folder.path, "agent.sqlite.mark"));
  return {
    async auditAfter(change) {
      // Rolled back afterwards, so that every edit meets the same journal.
      database.exec("BEGIN");
      try {
        change(database);
        return await auditJournal(sourceOf(database, mark), key);
      } finally {
        database.exec("ROLLBACK");
      }
    },
    [Symbol.dispose]: () => {
      database.close();
      folder[Symbol.dispose]();
    },
  };
}

function sourceOf(database: Database.Database, mark: ReturnType<typeof readMark>): Parameters<typeof auditJournal>[0] {
  const journal = openJournal(database, "");
  const checkpoints = openCheckpoints(database, "");
  return {
    checkpoints: async () => checkpoints.list(),
    written: async () => (mark?.kind === "head" ? mark : null),
    rows: async (after, limit) => journal.rows(after, limit),
  };
}

function set(
  database: Database.Database,
  column: "hash" | "id" | "pass_id" | "record",
  value: string,
  at: number,
): void {
  database.prepare(`UPDATE scans SET ${column} = ? WHERE sequence = ?`).run(value, at);
}

function columnAt(database: Database.Database, at: number): string {
  return database.prepare<[number], string>("SELECT record FROM scans WHERE sequence = ?").pluck().get(at) ?? "[]";
}

function recordAt(database: Database.Database, at: number): ScanRecord {
  const row = database.prepare<[number], RecordRow>(`SELECT ${recordColumns} FROM scans WHERE sequence = ?`).get(at);
  return soundRecord(must(row));
}

function editRecord(database: Database.Database, at: number, drawn: Dice): void {
  const text = columnAt(database, at);
  const place = drawn.below(text.length);
  const other = text[place] === "7" ? "8" : "7";
  set(database, "record", text.slice(0, place) + other + text.slice(place + 1), at);
}

function swap(database: Database.Database, at: number, drawn: Dice): void {
  const other = 1 + ((at + drawn.below(records - 1)) % records);
  const move = database.prepare("UPDATE scans SET sequence = ? WHERE sequence = ?");
  move.run(-1, at);
  move.run(at, other);
  move.run(other, -1);
}

/** By somebody who knows how hashes are made, and has no key. */
function append(database: Database.Database): void {
  const { hash, ...last } = recordAt(database, records);
  insert(database, { ...last, id: "scan_added", sequence: records + 1, prev_hash: hash });
}

function insert(database: Database.Database, unhashed: Omit<ScanRecord, "hash">): string {
  const { record, packed } = sealRecord(unhashed);
  database
    .prepare("INSERT OR REPLACE INTO scans (sequence, id, pass_id, record, hash) VALUES (?, ?, ?, ?, ?)")
    .run(record.sequence, record.id, record.pass_id, packed, record.hash);
  return record.hash;
}

function forgeFrom(database: Database.Database, at: number): void {
  let before: string | null = null;
  for (let sequence = at; sequence <= records; sequence++) {
    const { hash: _, ...record } = recordAt(database, sequence);
    before = insert(database, { ...record, lane: "gate-9", prev_hash: before ?? record.prev_hash });
  }
}

function replaceHead(database: Database.Database, _at: number, drawn: Dice): void {
  const other = `sha256:${drawn
    .below(2 ** 32)
    .toString(16)
    .padStart(64, "0")}`;
  database.prepare("UPDATE checkpoints SET hash = ? WHERE sequence = ?").run(other, acknowledged);
}
