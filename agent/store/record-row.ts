import { canonicalJson } from "../canonical-json.ts";
import type { ScanRecord } from "../record.ts";
import { chainHash } from "../record-hash.ts";
import { StoreFault } from "./connection.ts";
import type { AuditRow } from "./protocol.ts";

/**
 * How a scan record lies in its row. A row has the record's `sequence`, `id`, `pass_id` and `hash` in columns of their own. The
 * column `record` has the rest as a JSON array: the number of this form, a number whose bit n says that member n is null, then
 * the other members in the order of their names. That is a third of the record's text.
 *
 * Rows of earlier versions hold the text itself. Both give the same text again, to the letter: it is what is uploaded, and
 * what the hash covers.
 */
export type RecordRow = AuditRow;

/** The columns that make a `RecordRow` of a row of `scans`. */
export const recordColumns = "scans.sequence, scans.id, scans.pass_id AS passId, scans.record, scans.hash";

/** The only form so far. */
const form = 1;

/** Members of a record in the order of its text (RFC 8785), a dot before those of a nested object. Another list is another form. */
const names = [
  ...["aim", "amount_cents", "channel", "clock_state", "currency"],
  ...["decision.by", "decision.outcome", "decision.reason", "external_ref", "hash", "id", "incarnation", "lane"],
  ...["latitude", "live_mode", "longitude", "offline", "pass_id", "payload_hash", "prev_hash", "protocol", "reader"],
  ...["scanned_at", "scanner_id", "sequence", "simulated", "supersedes", "symbology", "template_id", "tenant_id"],
  ...["use.certainty", "use.first_at", "use.first_lane", "use.kind", "use.next_at", "use.number", "use.of"],
  ...["use.quantity", "use.scope", "verification.form", "verification.kid", "verification.list_version"],
  ...["verification.reason", "verification.result", "verification.trust_age_s"],
];
const columns: readonly string[] = ["hash", "id", "pass_id", "sequence"];

interface Member {
  /** The object it is in, where it is in one. */
  readonly group: string | null;
  readonly name: string;
  /** Text before its value. */
  readonly lead: string;
  /** Place in the column `record`; null for what has a column of its own. */
  readonly place: number | null;
}

const members: readonly Member[] = membersOf(names);
const valueCount = names.length - columns.length;

function membersOf(paths: readonly string[]): readonly Member[] {
  let inGroup: string | null = null;
  let place = 0;
  return paths.map((path) => {
    const [first = "", second] = path.split(".");
    const group = second === undefined ? null : first;
    const name = second ?? first;
    const ends = inGroup !== null && inGroup !== group ? "}" : "";
    const begins = group !== null && group !== inGroup ? `${JSON.stringify(group)}:{` : "";
    inGroup = group;
    const lead = `${ends},${begins}${JSON.stringify(name)}:`;
    return { group, name, lead, place: columns.includes(path) ? null : place++ };
  });
}

/** A record with its hash, and what to write into the column `record`. */
export function sealRecord(unhashed: Omit<ScanRecord, "hash">): {
  readonly record: ScanRecord;
  readonly packed: string;
} {
  const { before, after, packed } = spell(unhashed);
  return { record: { ...unhashed, hash: chainHash(`{${before}${after}}`) }, packed };
}

/**
 * The record's text (RFC 8785), as it is uploaded; null for a row that holds none.
 *
 * The text of an earlier version comes back as it stands: whether it is a record is for the caller to prove (chain.ts).
 */
export function recordText(row: RecordRow): string | null {
  if (row.record.startsWith("{")) return row.record;
  const values = unpack(row.record);
  if (values === null) return null;
  let text = "";
  for (const { name, lead, place } of members) {
    const value = place === null ? inColumn(row, name) : values[place];
    // Parsed from canonical text, so its members are in their order already.
    text += lead + JSON.stringify(isHashName(name) ? longHash(value) : value);
  }
  return `{${text.slice(1)}}}`;
}

/**
 * The text of a row that this program wrote.
 *
 * @throws StoreFault `store_corrupt`: the row holds no record any more
 */
export function soundText(row: RecordRow): string {
  const text = recordText(row);
  if (text === null) throw new StoreFault("store_corrupt", `record ${row.sequence} of the journal cannot be read`);
  return text;
}

/**
 * The record of a row that this program wrote. The hash chain covers it: its shape is not checked again.
 *
 * @throws as `soundText`
 */
export function soundRecord(row: RecordRow): ScanRecord {
  const record: ScanRecord = JSON.parse(soundText(row));
  return record;
}

/** False for a row that gives a record's text and is not spelled as it was written. */
export function isSpelledRight(row: RecordRow, record: Readonly<Record<string, unknown>>): boolean {
  return row.record.startsWith("{") || spell(record).packed === row.record;
}

/** One walk over a record: its text on both sides of the hash, and what the column `record` holds. */
function spell(record: object): { readonly before: string; readonly after: string; readonly packed: string } {
  const top: Readonly<Record<string, unknown>> = { ...record };
  let before = "";
  let text = "";
  let values = "";
  let nulls = 0;
  for (const { group, name, lead, place } of members) {
    if (name === "hash") {
      before = text.slice(1);
      text = "";
      continue;
    }
    const value = group === null ? top[name] : Object(top[group])[name];
    const spelled = canonicalJson(value);
    text += lead + spelled;
    if (place === null) continue;
    if (value === null) nulls += 2 ** place;
    else values += `,${isHashName(name) ? canonicalJson(shortHash(value)) : spelled}`;
  }
  return { before, after: `${text}}`, packed: `[${form},${nulls}${values}]` };
}

/** Values by their place; null for what is no row of this form. The values themselves are not checked: the hash covers them. */
function unpack(packed: string): readonly unknown[] | null {
  const [found, nulls, ...present] = parseArray(packed) ?? [];
  if (found !== form || typeof nulls !== "number") return null;
  const values: unknown[] = [];
  let next = 0;
  for (let place = 0; place < valueCount; place++) {
    const isNull = Math.floor(nulls / 2 ** place) % 2 === 1;
    values.push(isNull ? null : present[next++]);
  }
  return next === present.length && !values.includes(undefined) ? values : null;
}

function parseArray(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    // Not JSON: the caller says which row it was.
    return null;
  }
}

function inColumn(row: RecordRow, name: string): string | number | null {
  switch (name) {
    case "sequence":
      return row.sequence;
    case "pass_id":
      return row.passId;
    case "hash":
      return row.hash;
    default:
      return row.id;
  }
}

/** A hash takes 43 characters instead of 64. Whatever else stands in its place stays as it is; no hash begins like these. */
const hashForms = [
  { text: "sha256:", short: "s." },
  { text: "hmac-sha256:", short: "h." },
] as const;

function isHashName(name: string): boolean {
  return name === "payload_hash" || name === "prev_hash";
}

function shortHash(value: unknown): unknown {
  const [, prefix, hex] = /^((?:hmac-)?sha256:)([0-9a-f]{64})$/.exec(String(value)) ?? [];
  const found = hashForms.find(({ text }) => text === prefix);
  return found === undefined || hex === undefined ? value : found.short + Buffer.from(hex, "hex").toString("base64url");
}

function longHash(value: unknown): unknown {
  const [, prefix, rest] = /^([sh]\.)([\w-]{43})$/.exec(String(value)) ?? [];
  const found = hashForms.find(({ short }) => short === prefix);
  return found === undefined || rest === undefined
    ? value
    : found.text + Buffer.from(rest, "base64url").toString("hex");
}
