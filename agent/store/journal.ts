import { createHash } from "node:crypto";
import { canonicalJson } from "../canonical-json.ts";
import type { Decision, ScanRecord, Use } from "../record.ts";
import type { Connection } from "./connection.ts";
import type { EventQuery, ScanDraft } from "./protocol.ts";

/** `prev_hash` of the first record of an incarnation. */
const genesis = `sha256:${"0".repeat(64)}`;

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
  list(query: EventQuery): readonly ScanRecord[];
}

export function openJournal(database: Connection, incarnation: string): Journal {
  const head = database.prepare<[], { sequence: number; hash: string }>(
    "SELECT sequence, hash FROM scans ORDER BY sequence DESC LIMIT 1",
  );
  const insertScan = database.prepare("INSERT INTO scans (sequence, id, pass_id, record, hash) VALUES (?, ?, ?, ?, ?)");
  const insertOutbox = database.prepare("INSERT INTO outbox (sequence) VALUES (?)");
  const byId = database.prepare<[string], { record: string }>("SELECT record FROM scans WHERE id = ?");
  return {
    append(draft, conclusion) {
      const last = head.get();
      const sequence = (last?.sequence ?? 0) + 1;
      const unhashed = { ...draft, ...conclusion, incarnation, sequence, prev_hash: last?.hash ?? genesis };
      const record: ScanRecord = { ...unhashed, hash: recordHash(unhashed) };
      insertScan.run(sequence, record.id, record.pass_id, canonicalJson(record), record.hash);
      insertOutbox.run(sequence);
      return record;
    },
    byId(id) {
      const row = byId.get(id);
      return row === undefined ? null : parseRecord(row.record);
    },
    list: (query) => select(database, query).map((row) => parseRecord(row.record)),
  };
}

/** SHA-256 of `scan-chain/1\0` and the RFC 8785 bytes of the record without its `hash` (formats.md section 7). */
export function recordHash(unhashed: Omit<ScanRecord, "hash">): string {
  const digest = createHash("sha256").update("scan-chain/1\0").update(canonicalJson(unhashed)).digest("hex");
  return `sha256:${digest}`;
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
