import { parseObject } from "./chain.ts";
import type { Connection } from "./connection.ts";
import type { ItemAnswer, OutboxRow, Waiting } from "./protocol.ts";

/**
 * Records saved from a database that was set aside, which the cloud has not acknowledged. They are no part of this journal:
 * each keeps its text with its own incarnation and sequence, is never written again, is uploaded before anything else, and
 * leaves when the cloud has it. All calls belong inside a transaction.
 */
export interface Salvaged {
  /** Oldest first, all of one incarnation, so that one chain head can go with them. */
  waiting(limit: number): Waiting | null;
  /** Those of these scan ids that are here. */
  recordsOf(ids: readonly string[]): Waiting | null;
  idsIn(batch: string): readonly string[];
  bind(batch: string, id: string): void;
  unbind(batch: string): void;
  countAttempt(batch: string): void;
  /** True when the item was in that batch and here. */
  answer(batch: string, item: ItemAnswer): boolean;
  retryDead(id: string | null): number;
  /** The record's text; null when it is not here. */
  textOf(id: string): string | null;
  /** With places below zero, so that they come before every sequence of this journal. */
  after(place: number, limit: number): readonly { readonly place: number; readonly text: string }[];
  counts(): { readonly pending: number; readonly dead: number; readonly oldestAt: string | null };
  rows(limit: number): readonly OutboxRow[];
}

type Row = { place: number; id: string; text: string; hash: string };
type StateRow = Omit<OutboxRow, "error"> & { type: string | null; code: string | null; message: string | null };

const alive = "error_type IS NULL";
const select = "SELECT place, id, record AS text, hash FROM salvaged";
const isMeant = "error_type IS NOT NULL AND (@id IS NULL OR id = @id)";

export function openSalvaged(database: Connection): Salvaged {
  const waiting = database.prepare<[number], Row>(`${select} WHERE batch IS NULL AND ${alive} ORDER BY place LIMIT ?`);
  const byId = database.prepare<[string], Row>(`${select} WHERE id = ?`);
  const idsIn = database.prepare<[string], { id: string }>("SELECT id FROM salvaged WHERE batch = ? ORDER BY place");
  const bind = database.prepare("UPDATE salvaged SET batch = ? WHERE id = ?");
  const unbind = database.prepare("UPDATE salvaged SET batch = NULL WHERE batch = ?");
  const count = database.prepare("UPDATE salvaged SET attempts = attempts + 1 WHERE batch = ?");
  const leave = database.prepare("DELETE FROM salvaged WHERE batch = ? AND id = ?");
  const bury = database.prepare(
    "UPDATE salvaged SET batch = NULL, error_type = ?, error_code = ?, error_message = ? WHERE batch = ? AND id = ?",
  );
  const revive = database.prepare<{ id: string | null }>(
    `UPDATE salvaged SET error_type = NULL, error_code = NULL, error_message = NULL, attempts = 0 WHERE ${isMeant}`,
  );
  const after = database.prepare<[number, number], { place: number; text: string }>(
    "SELECT place, record AS text FROM salvaged WHERE place > ? ORDER BY place LIMIT ?",
  );
  const counts = database.prepare<[], { pending: number; dead: number; oldestAt: string | null }>(
    `SELECT count(*) FILTER (WHERE ${alive}) AS pending, count(*) FILTER (WHERE NOT ${alive}) AS dead,
       min(record ->> 'scanned_at') FILTER (WHERE ${alive}) AS oldestAt FROM salvaged`,
  );
  const rows = database.prepare<[number], StateRow>(
    `SELECT id, CAST(record ->> 'sequence' AS INTEGER) AS sequence, record ->> 'scanned_at' AS scannedAt, attempts,
       error_type AS type, error_code AS code, error_message AS message FROM salvaged ORDER BY place LIMIT ?`,
  );
  return {
    waiting: (limit) => toWaiting(waiting.all(limit)),
    recordsOf: (ids) => toWaiting(ids.flatMap((id) => byId.get(id) ?? []).toSorted((a, b) => a.place - b.place)),
    idsIn: (batch) => idsIn.all(batch).map(({ id }) => id),
    bind: (batch, id) => {
      bind.run(batch, id);
    },
    unbind: (batch) => {
      unbind.run(batch);
    },
    countAttempt: (batch) => {
      count.run(batch);
    },
    answer(batch, item) {
      if (item.status !== "rejected") return leave.run(batch, item.id).changes > 0;
      const { type, code, message } = item.error;
      return bury.run(type, code, message, batch, item.id).changes > 0;
    },
    retryDead: (id) => revive.run({ id }).changes,
    textOf: (id) => byId.get(id)?.text ?? null,
    after: (place, limit) => after.all(place, limit),
    counts: () => counts.get() ?? { pending: 0, dead: 0, oldestAt: null },
    rows: (limit) =>
      rows.all(limit).map(({ type, code, message, ...rest }) => ({
        ...rest,
        error: type === null || code === null ? null : { type, code, message: message ?? "" },
      })),
  };
}

/** Up to the first record of another incarnation. */
function toWaiting(rows: readonly Row[]): Waiting | null {
  const read = rows.map((row) => ({ ...row, link: linkOf(row) }));
  const incarnation = read[0]?.link.incarnation ?? "";
  const other = read.findIndex(({ link }) => link.incarnation !== incarnation);
  const mine = other < 0 ? read : read.slice(0, other);
  const last = mine.at(-1);
  if (last === undefined) return null;
  return {
    records: mine.map(({ id, text, link }) => ({ sequence: link.sequence, id, text })),
    last: { sequence: last.link.sequence, hash: last.hash },
    incarnation,
  };
}

function linkOf(row: Row): { readonly incarnation: string; readonly sequence: number } {
  const record = parseObject(row.text);
  return { incarnation: String(record?.["incarnation"]), sequence: Number(record?.["sequence"]) };
}
