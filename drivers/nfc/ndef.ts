import type { NdefRecord } from "../reader.ts";

/** NDEF messages (NFC Forum NDEF 1.0) and the two record types people read: Text (RTD Text 1.0) and URI (RTD URI 1.0). */

export const ndefFaults = [
  /** No bytes at all. */
  "no_message",
  "too_long",
  /** A header or a length goes beyond the end. */
  "truncated",
  /** The first record lacks the MB flag, or a later one has it. */
  "misplaced_begin",
  /** The bytes end without a record with the ME flag. */
  "no_end",
  /** Bytes after the record with the ME flag. */
  "trailing_bytes",
  /** An empty record with content, or a type where its kind allows none. */
  "bad_record",
  /** A chunk outside a chunked record, or a chunked record that another record interrupts. */
  "broken_chunk",
  "too_many_records",
] as const;
export type NdefFault = (typeof ndefFaults)[number];

export type NdefParsing =
  | { readonly ok: true; readonly records: readonly NdefRecord[] }
  | { readonly ok: false; readonly fault: NdefFault };

/** Longest message parsed unless its caller says otherwise, bytes. */
export const ndefMax = 65_536;
/** Most records, and most chunks, of one message. */
export const recordsMax = 64;

const flag = { begin: 0x80, end: 0x40, chunk: 0x20, short: 0x10, idLength: 0x08 } as const;
const tnfUnchanged = 6;
const tnfNames = ["empty", "well_known", "mime", "uri", "external", "unknown"] as const;

/** One record as it lies in the bytes. */
interface Raw {
  readonly flags: number;
  readonly tnf: number;
  readonly type: Uint8Array;
  readonly id: Uint8Array;
  readonly payload: Uint8Array;
  /** Offset of what follows. */
  readonly next: number;
}

/**
 * The records of one message, chunks joined, in at most one pass over `longest` bytes and 64 records. `bytes` must hold
 * exactly the message. Never throws.
 */
export function parseNdef(bytes: Uint8Array, longest = ndefMax): NdefParsing {
  if (bytes.length === 0) return { ok: false, fault: "no_message" };
  if (bytes.length > longest) return { ok: false, fault: "too_long" };
  const records: NdefRecord[] = [];
  /** The chunks so far of a record that is not complete. */
  let chunks: readonly Raw[] = [];
  let at = 0;
  for (let count = 0; ; count += 1) {
    if (at === bytes.length) return { ok: false, fault: "no_end" };
    if (count === recordsMax) return { ok: false, fault: "too_many_records" };
    const raw = readRaw(bytes, at);
    if (raw === null) return { ok: false, fault: "truncated" };
    if (((raw.flags & flag.begin) !== 0) !== (count === 0)) return { ok: false, fault: "misplaced_begin" };
    const fault = faultOf(raw, chunks.length > 0);
    if (fault !== null) return { ok: false, fault };
    chunks = [...chunks, raw];
    if ((raw.flags & flag.chunk) === 0) {
      records.push(joined(chunks));
      chunks = [];
    }
    at = raw.next;
    if ((raw.flags & flag.end) !== 0) {
      if (chunks.length > 0) return { ok: false, fault: "broken_chunk" };
      return at === bytes.length ? { ok: true, records } : { ok: false, fault: "trailing_bytes" };
    }
  }
}

/** NDEF 1.0, 3.2: the record that starts at `start`, or null where it goes beyond the end. */
function readRaw(bytes: Uint8Array, start: number): Raw | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[start] ?? 0;
  const short = (flags & flag.short) !== 0;
  const withId = (flags & flag.idLength) !== 0;
  const headEnd = start + 2 + (short ? 1 : 4) + (withId ? 1 : 0);
  if (headEnd > bytes.length) return null;
  const typeEnd = headEnd + view.getUint8(start + 1);
  const idEnd = typeEnd + (withId ? view.getUint8(headEnd - 1) : 0);
  // A sum of doubles: a payload length near 2^32 cannot wrap.
  const next = idEnd + (short ? view.getUint8(start + 2) : view.getUint32(start + 2));
  if (next > bytes.length) return null;
  return {
    flags,
    tnf: flags & 0x07,
    type: bytes.subarray(headEnd, typeEnd),
    id: bytes.subarray(typeEnd, idEnd),
    payload: bytes.subarray(idEnd, next),
    next,
  };
}

/** NDEF 1.0, 2.3.3 (chunks) and 3.2.6 (what each TNF allows). */
function faultOf(raw: Raw, inChunks: boolean): NdefFault | null {
  if ((raw.tnf === tnfUnchanged) !== inChunks) return "broken_chunk";
  if (inChunks) return raw.type.length + raw.id.length === 0 ? null : "broken_chunk";
  if (raw.tnf === 0) {
    const content = raw.type.length + raw.id.length + raw.payload.length + (raw.flags & flag.chunk);
    return content === 0 ? null : "bad_record";
  }
  return raw.tnf === 5 && raw.type.length > 0 ? "bad_record" : null;
}

function joined(chunks: readonly Raw[]): NdefRecord {
  const first = chunks[0];
  const payload = Uint8Array.from(Buffer.concat(chunks.map((chunk) => chunk.payload)));
  // NDEF 1.0, 3.2.6: the reserved TNF 7 is to be read as unknown, which has no type.
  const tnf = tnfNames[first?.tnf ?? 5] ?? "unknown";
  const type = tnf === "unknown" ? "" : latin1(first?.type);
  return { tnf, type, id: latin1(first?.id), payload };
}

function latin1(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("latin1");
}

/** Language (may be empty) and text of a Text record's payload, or null where it is malformed (RTD Text 1.0, 3.2). */
export function decodeText(payload: Uint8Array): { readonly language: string; readonly text: string } | null {
  const status = payload[0];
  if (status === undefined || (status & 0x40) !== 0) return null;
  const languageEnd = 1 + (status & 0x3f);
  if (languageEnd > payload.length) return null;
  const language = latin1(payload.subarray(1, languageEnd));
  const text = decode((status & 0x80) === 0 ? "utf-8" : "utf-16", payload.subarray(languageEnd));
  return text === null ? null : { language, text };
}

/** RTD URI 1.0, table 3, from code 0. */
const uriPrefixes = [
  "",
  "http://www.",
  "https://www.",
  "http://",
  "https://",
  "tel:",
  "mailto:",
  "ftp://anonymous:anonymous@",
  "ftp://ftp.",
  "ftps://",
  "sftp://",
  "smb://",
  "nfs://",
  "ftp://",
  "dav://",
  "news:",
  "telnet://",
  "imap:",
  "rtsp://",
  "urn:",
  "pop:",
  "sip:",
  "sips:",
  "tftp:",
  "btspp://",
  "btl2cap://",
  "btgoep://",
  "tcpobex://",
  "irdaobex://",
  "file://",
  "urn:epc:id:",
  "urn:epc:tag:",
  "urn:epc:pat:",
  "urn:epc:raw:",
  "urn:epc:",
  "urn:nfc:",
] as const;

/** The whole URI of a URI record's payload, or null where it is malformed. Reserved prefix codes stand for no prefix. */
export function decodeUri(payload: Uint8Array): string | null {
  const code = payload[0];
  if (code === undefined) return null;
  const rest = decode("utf-8", payload.subarray(1));
  return rest === null ? null : (uriPrefixes[code] ?? "") + rest;
}

/** Strict decoding. UTF-16 without a byte order mark is big-endian (RTD Text 1.0, 3.4); a mark is not part of the text. */
function decode(encoding: "utf-8" | "utf-16", bytes: Uint8Array): string | null {
  const littleEndian = bytes[0] === 0xff && bytes[1] === 0xfe;
  const label = encoding === "utf-8" ? "utf-8" : littleEndian ? "utf-16le" : "utf-16be";
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (fault) {
    if (fault instanceof TypeError) return null;
    throw fault;
  }
}
