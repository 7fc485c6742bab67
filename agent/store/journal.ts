import { canonicalJson } from "../canonical-json.ts";
import type { Decision, ScanRecord, Use } from "../record.ts";
import { genesisHash, recordHash } from "../record-hash.ts";
import type { JournalPage, PageQuery } from "./book-protocol.ts";
import type { Connection } from "./connection.ts";
import { openJournalDays } from "./journal-days.ts";
import { once } from "./once.ts";
import type { AuditRow, EventQuery, ScanDraft } from "./protocol.ts";

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
  const head = database.prepare<[], { sequence: number; hash: string }>(
    "SELECT sequence, hash FROM scans ORDER BY sequence DESC LIMIT 1",
  );
  const insertScan = database.prepare("INSERT INTO scans (sequence, id, pass_id, record, hash) VALUES (?, ?, ?, ?, ?)");
  const days = once(() => openJournalDays(database));
  const insertOutbox = database.prepare("INSERT INTO outbox (sequence) VALUES (?)");
  const byId = database.prepare<[string], { record: string }>("SELECT record FROM scans WHERE id = ?");
  // By pass and sequence there is an index; what an unverified presentation had superseded is looked for among its kind.
  const superseding = database.prepare<[string | null, number, string], { record: string }>(
    `SELECT record FROM scans WHERE pass_id IS ? AND sequence > ? AND record ->> 'supersedes' = ? ORDER BY sequence`,
  );
  const rows = database.prepare<[number, number], AuditRow>(
    "SELECT sequence, id, pass_id AS passId, record, hash FROM scans WHERE sequence > ? ORDER BY sequence LIMIT ?",
  );
  return {
    append(draft, conclusion) {
      const last = head.get();
      const sequence = (last?.sequence ?? 0) + 1;
      const unhashed = { ...draft, ...conclusion, incarnation, sequence, prev_hash: last?.hash ?? genesisHash };
      const record: ScanRecord = { ...unhashed, hash: recordHash(unhashed) };
      insertScan.run(sequence, record.id, record.pass_id, canonicalJson(record), record.hash);
      insertOutbox.run(sequence);
      days().note(sequence, record.scanned_at);
      return record;
    },
    byId(id) {
      const row = byId.get(id);
      return row === undefined ? null : parseRecord(row.record);
    },
    superseding: ({ id, pass_id, sequence }) =>
      superseding.all(pass_id, sequence, id).map((row) => parseRecord(row.record)),
    rows: (after, limit) => rows.all(after, limit),
    page: (query) => days().page(query),
    list: (query) => select(database, query).map((row) => parseRecord(row.record)),
  };
}

function select(database: Connection, query: EventQuery): readonly { record: string }[] {
  const after = query.afterSequence;
  const order = after === null ? "DESC" : "ASC";
  return database
    .prepare<[number, string | null, string | null, number], { record: string }>(
      `SELECT record FROM scans WHERE sequence > ? AND (? IS NULL OR pass_id = ?) ORDER BY sequence ${order} LIMIT ?`,
    )
    .all(after ?? 0, query.passId, query.passId, query.limit);
}

/** Our own text, written by `append` and covered by the hash chain: its shape is not checked again. */
function parseRecord(text: string): ScanRecord {
  const record: ScanRecord = JSON.parse(text);
  return record;
}
