import { canonicalJson } from "../canonical-json.ts";
import { genesisHash, recordHash } from "../record-hash.ts";
import type { AuditRow } from "./protocol.ts";
import { isSpelledRight, recordText } from "./record-row.ts";

/** What the first record of a chain follows. */
export const chainStart: ChainLink = { sequence: 0, hash: genesisHash };

export interface ChainLink {
  readonly sequence: number;
  readonly hash: string;
}

export interface RowBreak {
  readonly code: "not_a_record" | "sequence_gap" | "chain_broken" | "hash_wrong" | "row_differs";
  readonly detail: string;
}

/** What is wrong with a journal row that must follow `before`; null when nothing is (formats.md section 7). */
export function rowBreak(row: AuditRow, before: ChainLink): RowBreak | null {
  if (row.sequence !== before.sequence + 1) {
    return { code: "sequence_gap", detail: `record ${before.sequence + 1} is missing` };
  }
  const text = recordText(row);
  const read = text === null ? null : readRecord(text);
  if (read === null) return { code: "not_a_record", detail: "what is stored is no record" };
  const { record, own, canonical } = read;
  if (record["prev_hash"] !== before.hash) {
    return { code: "chain_broken", detail: "it does not follow the record before it" };
  }
  if (record["hash"] !== row.hash || own !== row.hash) {
    return { code: "hash_wrong", detail: "its text was changed after it was written" };
  }
  const beside = record["sequence"] === row.sequence && record["id"] === row.id && record["pass_id"] === row.passId;
  if (!beside || canonical !== text || !isSpelledRight(row, record)) {
    return { code: "row_differs", detail: "the columns beside the record, or its spelling, were changed" };
  }
  return null;
}

/** True for a record's text that is whole by its own hash, whatever chain it belongs to. */
export function isWholeRecord(text: string, hash: string): boolean {
  const read = readRecord(text);
  return read !== null && read.canonical === text && read.own === hash && read.record["hash"] === hash;
}

interface RecordRead {
  readonly record: Readonly<Record<string, unknown>>;
  /** The hash that its members give. */
  readonly own: string;
  readonly canonical: string;
}

/** Null for text that is no record: no object, a number that JSON cannot spell again, or nested beyond reason. */
function readRecord(text: string): RecordRead | null {
  const record = parseObject(text);
  if (record === null) return null;
  const { hash: _, ...unhashed } = record;
  try {
    return { record, own: recordHash(unhashed), canonical: canonicalJson(record) };
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) return null;
    throw cause;
  }
}

/** A JSON object, or null. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: Readonly<Record<string, unknown>> | null = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    // Not JSON: the caller reports which row it was.
    return null;
  }
}
