import { webhookEvent } from "../books/flat-scan.ts";
import type { NextDelivery, NoteDelivery, TakeDelivery, WebhookState } from "./book-protocol.ts";
import type { Connection } from "./connection.ts";
import { isWithin } from "./journal-days.ts";
import { type RecordRow, recordColumns, soundRecord, soundText } from "./record-row.ts";

/**
 * What each webhook receiver has had. The journal itself is the queue: a cursor says up to where it was delivered, and only
 * what must be tried again, or was refused, has a row of its own. So a decision writes nothing for the receivers. All calls
 * belong inside a transaction.
 */
export interface Webhooks {
  /** A receiver that is new begins after the newest record; a known one goes on where it stopped. */
  register(ids: readonly string[]): void;
  next(ask: TakeDelivery): NextDelivery;
  note(ask: NoteDelivery): void;
  /** Refused and given-up deliveries are due again, at once; answers how many. */
  retry(ids: readonly string[]): number;
  /** State of these receivers; deliveries are counted for records of `[from, to)`, RFC 3339, or for all. */
  states(ids: readonly string[], within: Within | null): readonly WebhookState[];
  /** Forgets deliveries whose records are no longer in the journal. */
  forgetPruned(): void;
}

type Within = { readonly from: string; readonly to: string };

/** With more deliveries than this to be tried again, or refused, new ones wait in the journal. */
const mostRetrying = 1_000;
const mostFailed = 10_000;
/** Records that one call passes over because the receiver does not want them. */
const mostPassedOver = 1_000;

type Row = RecordRow & { readonly attempts: number };

export function openWebhooks(database: Connection): Webhooks {
  const register = database.prepare(
    "INSERT OR IGNORE INTO webhooks (id, cursor) VALUES (?, (SELECT coalesce(max(sequence), 0) FROM scans))",
  );
  const cursorOf = database.prepare<[string], { cursor: number }>("SELECT cursor FROM webhooks WHERE id = ?");
  // A database that was made anew under a running agent knows no receiver: then all of it is new to them.
  const advance = database.prepare<{ id: string; to: number; skipped: number }>(
    `INSERT INTO webhooks (id, cursor, skipped) VALUES (@id, @to, @skipped) ON CONFLICT (id) DO UPDATE
       SET cursor = max(cursor, excluded.cursor), skipped = skipped + excluded.skipped`,
  );
  const again = `SELECT ${recordColumns}, d.attempts FROM webhook_deliveries d JOIN scans USING (sequence)
    WHERE d.webhook = @id AND d.due IS NOT NULL`;
  const oldest = database.prepare<{ id: string }, Row>(`${again} ORDER BY d.sequence LIMIT 1`);
  const due = database.prepare<{ id: string; now: number; beyond: number }, Row>(
    `${again} AND (d.due <= @now OR d.due > @beyond) ORDER BY d.sequence LIMIT 1`,
  );
  const counts = database.prepare<{ id: string }, { retrying: number; failed: number; due: number | null }>(
    `SELECT count(due) AS retrying, count(*) - count(due) AS failed, min(due) AS due
     FROM webhook_deliveries WHERE webhook = @id`,
  );
  const fresh = database.prepare<[number, number], RecordRow>(
    `SELECT ${recordColumns} FROM scans WHERE sequence > ? ORDER BY sequence LIMIT ?`,
  );
  const forget = database.prepare("DELETE FROM webhook_deliveries WHERE webhook = ? AND sequence = ?");
  const keep = database.prepare(
    "INSERT OR REPLACE INTO webhook_deliveries (webhook, sequence, attempts, due, problem) VALUES (?, ?, ?, ?, ?)",
  );
  const retry = database.prepare(
    "UPDATE webhook_deliveries SET due = 0, attempts = 0 WHERE webhook = ? AND due IS NULL",
  );
  const forgetPruned = database.prepare(
    "DELETE FROM webhook_deliveries WHERE sequence < (SELECT min(sequence) FROM scans)",
  );
  const state = database.prepare<{ id: string }, Omit<WebhookState, "id" | "retrying" | "failed">>(
    `SELECT coalesce((SELECT max(sequence) FROM scans), 0) - w.cursor AS waiting, w.cursor, w.skipped,
       (SELECT problem FROM webhook_deliveries d WHERE d.webhook = w.id ORDER BY sequence DESC LIMIT 1) AS problem
     FROM webhooks w WHERE w.id = @id`,
  );
  const deliveries = database.prepare<{ id: string }, RecordRow & { readonly due: number | null }>(
    `SELECT ${recordColumns}, d.due FROM webhook_deliveries d JOIN scans USING (sequence) WHERE d.webhook = @id`,
  );
  const countsWithin = (id: string, within: Within): { readonly retrying: number; readonly failed: number } => {
    const counted = { retrying: 0, failed: 0 };
    for (const row of deliveries.iterate({ id })) {
      if (isWithin(soundRecord(row).scanned_at, within)) counted[row.due === null ? "failed" : "retrying"] += 1;
    }
    return counted;
  };

  const nextFresh = ({ id, events, realOnly = false }: TakeDelivery): NextDelivery => {
    const cursor = cursorOf.get(id)?.cursor ?? 0;
    let reached = cursor;
    let skipped = 0;
    let found: RecordRow | null = null;
    for (const row of fresh.iterate(cursor, mostPassedOver)) {
      // Sequences have no gaps but where pruning was faster than the receiver.
      skipped += row.sequence - reached - 1;
      reached = row.sequence;
      const record = soundRecord(row);
      if (!events.includes(webhookEvent(record)) || (realOnly && record.simulated)) continue;
      found = row;
      reached -= 1;
      break;
    }
    if (reached > cursor) advance.run({ id, to: reached, skipped });
    if (found !== null) return { kind: "delivery", sequence: found.sequence, attempts: 0, text: soundText(found) };
    // Where something was passed over there may be more right behind.
    return { kind: "nothing", dueMs: reached > cursor ? 0 : (counts.get({ id })?.due ?? null) };
  };

  return {
    register(ids) {
      for (const id of ids) register.run(id);
    },
    next(ask) {
      const { id, take, nowMs, longestMs } = ask;
      const row = take === "oldest" ? oldest.get({ id }) : due.get({ id, now: nowMs, beyond: nowMs + longestMs });
      if (row !== undefined) {
        return { kind: "delivery", sequence: row.sequence, attempts: row.attempts, text: soundText(row) };
      }
      const { retrying, failed, due: dueMs } = counts.get({ id }) ?? { retrying: 0, failed: 0, due: null };
      const isFull = retrying >= mostRetrying || failed >= mostFailed;
      if (take !== "all" || isFull) return { kind: "nothing", dueMs };
      return nextFresh(ask);
    },
    note({ id, nowMs, note }) {
      const { sequence } = note;
      if (note.outcome === "delivered") forget.run(id, sequence);
      else keep.run(id, sequence, note.attempts, note.outcome === "again" ? nowMs + note.waitMs : null, note.problem);
      advance.run({ id, to: sequence, skipped: 0 });
    },
    retry: (ids) => ids.reduce((count, id) => count + retry.run(id).changes, 0),
    states: (ids, within) =>
      ids.map((id) => {
        const { retrying, failed } = (within === null ? counts.get({ id }) : countsWithin(id, within)) ?? none;
        return { ...none, ...state.get({ id }), retrying, failed, id };
      }),
    forgetPruned: () => {
      forgetPruned.run();
    },
  };
}

const none: Omit<WebhookState, "id"> = {
  waiting: 0,
  cursor: 0,
  skipped: 0,
  retrying: 0,
  failed: 0,
  problem: null,
};
