import type { ScanRecord } from "../record.ts";
import { openCheckpoints } from "./checkpoints.ts";
import type { Connection } from "./connection.ts";
import type { ItemAnswer, OutboxRow, OutboxState, Receipt, StoredBatch, Waiting } from "./protocol.ts";
import { type RecordRow, recordColumns, soundRecord, soundText } from "./record-row.ts";
import { openSalvaged, type Salvaged } from "./salvaged.ts";

/**
 * The upload queue: rows, batches with their exact bytes, dead letters. What was salvaged from an earlier database goes
 * first, in batches of its own. All calls belong inside a transaction.
 */
export interface Outbox {
  openBatch(): StoredBatch | null;
  openBatches(): number;
  /** Oldest first; of a long queue the newest few come along, so that a backlog never hides what happens now. */
  waiting(limit: number): Waiting | null;
  recordsOf(ids: readonly string[]): Waiting | null;
  saveBatches(batches: readonly StoredBatch[], instead: string | null): void;
  answerBatch(key: string, items: readonly ItemAnswer[], receipt: Receipt | null): void;
  /** As an answer to a batch of exactly these items under a fresh key; items in other batches leave those. */
  acknowledge(key: string, items: readonly ItemAnswer[]): number;
  countAttempt(key: string): void;
  /** Puts dead letters back into the queue: one by its scan id, or all; answers how many. */
  retryDead(id: string | null): number;
  /** Records that the cloud has not acknowledged, dead letters too, after a place; null: from the first. */
  unacknowledged(after: number | null, limit: number): readonly { readonly place: number; readonly text: string }[];
  state(rows: number): OutboxState;
  /** A record of an earlier database that still waits here; null when there is none with this id. */
  salvaged(id: string): ScanRecord | null;
}

/** Share of a batch that the newest records may take while older ones wait. */
const newestShare = 0.2;

const selectRecord = `SELECT ${recordColumns} FROM outbox o JOIN scans USING (sequence)`;

export function openOutbox(database: Connection, incarnation: string): Outbox {
  const anyBatch = database.prepare<[], { key: string; body: Buffer }>(
    "SELECT key, body FROM batches ORDER BY key LIMIT 1",
  );
  const countBatches = database.prepare<[], { count: number }>("SELECT count(*) AS count FROM batches");
  const bodyOf = database.prepare<[string], { body: Buffer }>("SELECT body FROM batches WHERE key = ?");
  const checkpoints = openCheckpoints(database, incarnation);
  const salvaged = openSalvaged(database);
  const idsOf = database.prepare<[string], { id: string }>(
    "SELECT s.id FROM outbox o JOIN scans s USING (sequence) WHERE o.batch = ? ORDER BY o.sequence",
  );
  const waiting = database.prepare<{ oldest: number; newest: number }, RecordRow>(
    `${selectRecord} WHERE o.sequence IN (
       SELECT * FROM (SELECT sequence FROM outbox WHERE batch IS NULL ORDER BY sequence LIMIT @oldest)
       UNION
       SELECT * FROM (SELECT sequence FROM outbox WHERE batch IS NULL ORDER BY sequence DESC LIMIT @newest)
     ) ORDER BY o.sequence`,
  );
  const queued = database.prepare<[string], RecordRow>(`${selectRecord} WHERE scans.id = ?`);
  const insertBatch = database.prepare("INSERT INTO batches (key, body) VALUES (?, ?)");
  const bind = database.prepare(
    "UPDATE outbox SET batch = ? WHERE sequence = (SELECT sequence FROM scans WHERE id = ?)",
  );
  const unbind = database.prepare("UPDATE outbox SET batch = NULL WHERE batch = ?");
  const dropBatch = database.prepare("DELETE FROM batches WHERE key = ?");
  const count = database.prepare("UPDATE outbox SET attempts = attempts + 1 WHERE batch = ?");
  const sequenceInBatch = database.prepare<[string, string], { sequence: number; attempts: number }>(
    `SELECT o.sequence, o.attempts FROM outbox o JOIN scans s USING (sequence) WHERE o.batch = ? AND s.id = ?`,
  );
  const isMeant = "(@id IS NULL OR sequence = (SELECT sequence FROM scans WHERE id = @id))";
  const revive = database.prepare<{ id: string | null }>(
    `INSERT INTO outbox (sequence) SELECT sequence FROM dead_letters WHERE ${isMeant}`,
  );
  const forgetDead = database.prepare<{ id: string | null }>(`DELETE FROM dead_letters WHERE ${isMeant}`);
  const unacknowledged = database.prepare<[number, number], RecordRow>(
    `SELECT ${recordColumns} FROM scans WHERE sequence IN
       (SELECT sequence FROM outbox UNION ALL SELECT sequence FROM dead_letters)
     AND sequence > ? ORDER BY sequence LIMIT ?`,
  );
  const leave = database.prepare("DELETE FROM outbox WHERE sequence = ?");
  const bury = database.prepare(
    "INSERT INTO dead_letters (sequence, attempts, error_type, error_code, error_message) VALUES (?, ?, ?, ?, ?)",
  );

  const outbox: Outbox = {
    openBatch() {
      const batch = anyBatch.get();
      return batch === undefined
        ? null
        : { ...batch, ids: [...salvaged.idsIn(batch.key), ...idsOf.all(batch.key).map((row) => row.id)] };
    },
    openBatches: () => countBatches.get()?.count ?? 0,
    waiting: (limit) => {
      const newest = Math.floor(limit * newestShare);
      const saved = salvaged.waiting(limit);
      return saved ?? toWaiting(waiting.all({ oldest: limit - newest, newest }), incarnation);
    },
    recordsOf: (ids) => {
      const rows = ids.flatMap((id) => queued.get(id) ?? []);
      return (
        salvaged.recordsOf(ids) ??
        toWaiting(
          rows.sort((a, b) => a.sequence - b.sequence),
          incarnation,
        )
      );
    },
    saveBatches(batches, instead) {
      if (instead !== null) {
        salvaged.unbind(instead);
        unbind.run(instead);
        dropBatch.run(instead);
      }
      for (const batch of batches) {
        insertBatch.run(batch.key, batch.body);
        for (const id of batch.ids) {
          salvaged.bind(batch.key, id);
          bind.run(batch.key, id);
        }
      }
    },
    answerBatch(key, items, receipt) {
      const sent = bodyOf.get(key);
      if (sent !== undefined && receipt !== null) checkpoints.keep(sent.body, receipt);
      for (const item of items) {
        if (salvaged.answer(key, item)) continue;
        // An id that was not in this batch acknowledges nothing.
        const row = sequenceInBatch.get(key, item.id);
        if (row === undefined) continue;
        leave.run(row.sequence);
        if (item.status === "rejected") {
          bury.run(row.sequence, row.attempts, item.error.type, item.error.code, item.error.message);
        }
      }
      salvaged.unbind(key);
      unbind.run(key);
      dropBatch.run(key);
    },
    countAttempt: (key) => {
      salvaged.countAttempt(key);
      count.run(key);
    },
    retryDead(id) {
      const { changes } = revive.run({ id });
      forgetDead.run({ id });
      return changes + salvaged.retryDead(id);
    },
    unacknowledged(after, limit) {
      const saved = after === null || after < 0 ? salvaged.after(after ?? Number.MIN_SAFE_INTEGER, limit) : [];
      const rest = limit - saved.length;
      const rows = rest === 0 ? [] : unacknowledged.all(Math.max(after ?? 0, 0), rest);
      return [...saved, ...rows.map((row) => ({ place: row.sequence, text: soundText(row) }))];
    },
    salvaged(id) {
      const text = salvaged.textOf(id);
      if (text === null) return null;
      // Our own text, whole by its own hash (salvage.ts).
      const record: ScanRecord = JSON.parse(text);
      return record;
    },
    state: (rows) => withSalvaged(readState(database, rows), salvaged, rows),
    acknowledge(key, items) {
      // A dead letter that the platform has after all is one no more.
      for (const { id } of items) outbox.retryDead(id);
      const waiting = items.filter(({ id }) => queued.get(id) !== undefined || salvaged.textOf(id) !== null);
      if (waiting.length === 0) return 0;
      outbox.saveBatches([{ key, body: Buffer.alloc(0), ids: waiting.map(({ id }) => id) }], null);
      outbox.answerBatch(key, waiting, null);
      return waiting.length;
    },
  };
  return outbox;
}

function toWaiting(rows: readonly RecordRow[], incarnation: string): Waiting | null {
  const last = rows.at(-1);
  if (last === undefined) return null;
  return {
    records: rows.map((row) => ({ sequence: row.sequence, id: row.id, text: soundText(row) })),
    last: { sequence: last.sequence, hash: last.hash },
    incarnation,
  };
}

/** Salvaged records are the oldest. */
function withSalvaged(state: OutboxState, salvaged: Salvaged, rows: number): OutboxState {
  const { pending, dead, oldestAt } = salvaged.counts();
  if (pending + dead === 0) return state;
  return {
    pending: state.pending + pending,
    dead: state.dead + dead,
    oldestAt: oldestAt ?? state.oldestAt,
    rows: [...salvaged.rows(rows), ...state.rows].slice(0, rows),
  };
}

type StateRow = RecordRow & {
  attempts: number;
  type: string | null;
  code: string | null;
  message: string | null;
};

function readState(database: Connection, rows: number): OutboxState {
  const counts = database
    .prepare<[], { pending: number; dead: number }>(
      "SELECT (SELECT count(*) FROM outbox) AS pending, (SELECT count(*) FROM dead_letters) AS dead",
    )
    .get();
  const listed = database
    .prepare<[number], StateRow>(
      `SELECT ${recordColumns}, q.attempts, q.type, q.code, q.message FROM (
         SELECT sequence, attempts, NULL AS type, NULL AS code, NULL AS message FROM outbox
         UNION ALL
         SELECT sequence, attempts, error_type, error_code, error_message FROM dead_letters
       ) q JOIN scans USING (sequence) ORDER BY sequence LIMIT ?`,
    )
    .all(rows);
  const oldest = database
    .prepare<[], RecordRow>(`SELECT ${recordColumns} FROM scans WHERE sequence = (SELECT min(sequence) FROM outbox)`)
    .get();
  return {
    pending: counts?.pending ?? 0,
    dead: counts?.dead ?? 0,
    oldestAt: oldest === undefined ? null : soundRecord(oldest).scanned_at,
    rows: listed.map(toRow),
  };
}

function toRow(row: StateRow): OutboxRow {
  const { sequence, id, attempts, type, code, message } = row;
  const error = type === null || code === null ? null : { type, code, message: message ?? "" };
  return { id, sequence, scannedAt: soundRecord(row).scanned_at, attempts, error };
}
