import type { JournalPage, PageQuery } from "./book-protocol.ts";
import type { Connection } from "./connection.ts";
import { type RecordRow, recordColumns, soundRecord, soundText } from "./record-row.ts";

/**
 * Where in the journal each day (UTC) begins, so that the records of a time are found without reading all others. A row is
 * written only when the day changes; after a clock was moved a day has several. All calls belong inside a transaction.
 */
export interface JournalDays {
  /** Notes that the record with this sequence is of this RFC 3339 time. Call for each appended record, in order. */
  note(sequence: number, scannedAt: string): void;
  /** Records with `scanned_at` in `[from, to)`, in sequence order; reads at most `limit` records to find them. */
  page(query: PageQuery): JournalPage;
}

type Row = RecordRow & Pick<JournalPage["rows"][number], "state">;

export function openJournalDays(database: Connection): JournalDays {
  const insert = database.prepare("INSERT INTO journal_days (sequence, day) VALUES (?, ?)");
  const newest = database.prepare<[], { day: string }>("SELECT day FROM journal_days ORDER BY sequence DESC LIMIT 1");
  const firstStretch = database.prepare<
    { after: number; from: string; to: string },
    { first: number; end: number | null }
  >(
    `SELECT first, "end" FROM (
       SELECT sequence AS first, day, lead(sequence) OVER (ORDER BY sequence) AS "end" FROM journal_days
     ) WHERE day BETWEEN substr(@from, 1, 10) AND substr(@to, 1, 10) AND ("end" IS NULL OR "end" > @after + 1)
     ORDER BY first LIMIT 1`,
  );
  const rows = database.prepare<{ after: number; end: number | null; limit: number }, Row>(
    `SELECT ${recordColumns},
       CASE WHEN sequence IN (SELECT sequence FROM outbox) THEN 'pending'
            WHEN sequence IN (SELECT sequence FROM dead_letters) THEN 'dead'
            ELSE 'acknowledged' END AS state
     FROM scans WHERE sequence > @after AND (@end IS NULL OR sequence < @end) ORDER BY sequence LIMIT @limit`,
  );
  let day = newest.get()?.day ?? null;
  return {
    note(sequence, scannedAt) {
      const next = scannedAt.slice(0, 10);
      if (next === day) return;
      insert.run(sequence, next);
      day = next;
    },
    page({ after, limit, from, to }) {
      const stretch = firstStretch.get({ after, from, to });
      if (stretch === undefined) return { rows: [], next: null };
      const { first, end } = stretch;
      const read = rows.all({ after: Math.max(after, first - 1), end, limit });
      const reached = read.length < limit ? end : (read.at(-1)?.sequence ?? 0) + 1;
      return {
        rows: read
          .filter((row) => isWithin(soundRecord(row).scanned_at, { from, to }))
          .map((row) => ({ sequence: row.sequence, text: soundText(row), state: row.state })),
        next: reached === null ? null : reached - 1,
      };
    },
  };
}

/** Compared as text: RFC 3339 times in UTC sort as they follow each other. */
export function isWithin(at: string, { from, to }: { readonly from: string; readonly to: string }): boolean {
  return at >= from && at < to;
}
