import type { Decision, ScanRecord, Use } from "../record.ts";
import type { JournalPage, PageQuery } from "./book-protocol.ts";
import { openHead } from "./checks.ts";
import type { Connection } from "./connection.ts";
import { openJournalDays } from "./journal-days.ts";
import { once } from "./once.ts";
import type { AuditRow, EventQuery, ScanDraft } from "./protocol.ts";
import { type RecordRow, recordColumns, sealRecord, soundRecord } from "./record-row.ts";

/** What the transaction adds to a draft. */
export interface Conclusion {
  readonly decision: Decision;
  readonly use: Use;
  readonly supersedes: string | null;
}

/** The append-only, hash-chained scan records, and their outbox rows. */
export interface Journal {
  /** Inserts the record and its outbox row. Call inside a transaction. */
  append(draft: ScanDraft, conclusion: Conclusion): ScanRecord;
  byId(id: string): ScanRecord | null;
  /** The records that supersede this one, in their order. */
  superseding(record: ScanRecord): readonly ScanRecord[];
  list(query: EventQuery): readonly ScanRecord[];
  /** Rows as they are stored, after a sequence. */
  rows(after: number, limit: number): readonly AuditRow[];
  /** Records of a time. */
  page(query: PageQuery): JournalPage;
}

export function openJournal(database: Connection, incarnation: string): Journal {
  const head = openHead(database);
  const insertScan = database.prepare("INSERT INTO scans (sequence, id, pass_id, record, hash) VALUES (?, ?, ?, ?, ?)");
  const days = once(() => openJournalDays(database));
  const insertOutbox = database.prepare("INSERT INTO outbox (sequence) VALUES (?)");
  const byId = database.prepare<[string], RecordRow>(`SELECT ${recordColumns} FROM scans WHERE id = ?`);
  // By pass and sequence there is an index; what an unverified presentation had superseded is looked for among its kind.
  const naming = database.prepare<[string | null, number, string], RecordRow>(
    `SELECT ${recordColumns} FROM scans WHERE pass_id IS ? AND sequence > ? AND instr(record, ?) > 0 ORDER BY sequence`,
  );
  const rows = database.prepare<[number, number], AuditRow>(
    `SELECT ${recordColumns} FROM scans WHERE sequence > ? ORDER BY sequence LIMIT ?`,
  );
  return {
    append(draft, conclusion) {
      const last = head();
      const sequence = last.sequence + 1;
      const { record, packed } = sealRecord({
        ...draft,
        ...conclusion,
        incarnation,
        sequence,
        prev_hash: last.hash,
      });
      insertScan.run(sequence, record.id, record.pass_id, packed, record.hash);
      insertOutbox.run(sequence);
      days().note(sequence, record.scanned_at);
      return record;
    },
    byId(id) {
      const row = byId.get(id);
      return row === undefined ? null : soundRecord(row);
    },
    superseding: ({ id, pass_id, sequence }) =>
      naming
        .all(pass_id, sequence, id)
        .map(soundRecord)
        .filter((record) => record.supersedes === id),
    rows: (after, limit) => rows.all(after, limit),
    page: (query) => days().page(query),
    list: (query) => select(database, query).map(soundRecord),
  };
}

function select(database: Connection, query: EventQuery): readonly RecordRow[] {
  const after = query.afterSequence;
  const order = after === null ? "DESC" : "ASC";
  return database
    .prepare<[number, string | null, string | null, number], RecordRow>(
      `SELECT ${recordColumns} FROM scans WHERE sequence > ? AND (? IS NULL OR pass_id = ?)
       ORDER BY sequence ${order} LIMIT ?`,
    )
    .all(after ?? 0, query.passId, query.passId, query.limit);
}
