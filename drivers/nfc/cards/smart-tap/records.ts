import type { NdefRecord } from "../../../reader.ts";
import { decodeText } from "../../ndef.ts";

/** Smart Tap's way with NDEF (wallet-nfc.md 1.6.3): messages inside records, found by type or by id. */

/** One record to write: external, without an id. */
export interface RecordToSend {
  /** 1-3 letters. */
  readonly type: string;
  readonly payload: Uint8Array;
}

const flag = { begin: 0x80, end: 0x40, short: 0x10 } as const;
const external = 4;

/** The message of these records; at least one, none over 65,535 bytes. */
export function writeMessage(records: readonly RecordToSend[]): Uint8Array {
  const parts = records.map(({ type, payload }, index) => {
    const { length } = payload;
    const flags =
      external | (index === 0 ? flag.begin : 0) | (index === records.length - 1 ? flag.end : 0) | shortFlag(length);
    const lengthBytes = length > 0xff ? [0, 0, length >> 8, length & 0xff] : [length];
    return Buffer.concat([Uint8Array.of(flags, type.length, ...lengthBytes), Buffer.from(type, "ascii"), payload]);
  });
  return Buffer.concat(parts);
}

function shortFlag(length: number): number {
  return length > 0xff ? 0 : flag.short;
}

/** Smart Tap's name of a record: the type of its own ones, the id of Text and URI records; types compare without case. */
export function recordName({ tnf, type, id }: NdefRecord): string | null {
  if (tnf === "external") return type.toLowerCase();
  return tnf === "well_known" ? id : null;
}

/** The first record of that name, or null. */
export function findRecord(records: readonly NdefRecord[], name: string): NdefRecord | null {
  return records.find((record) => recordName(record) === name) ?? null;
}

/** How the bytes after a format byte are to be read. */
const format = { utf16: 0x03, bcd: 0x05 } as const;

/**
 * The value of a field in whichever of its two forms: format byte and value, or a Text record. Text comes as UTF-8, BCD as
 * ASCII digits, all else as it is. Null where it is malformed.
 */
export function fieldValue({ tnf, type, payload }: NdefRecord): Uint8Array | null {
  if (tnf === "well_known") {
    const decoded = type === "T" ? decodeText(payload) : null;
    return decoded === null ? null : Buffer.from(decoded.text, "utf8");
  }
  const first = payload[0];
  if (first === undefined) return null;
  const value = payload.subarray(1);
  switch (first) {
    case format.utf16: {
      // As a Text record of that encoding, without a language.
      const decoded = decodeText(Uint8Array.of(0x80, ...value));
      return decoded === null ? null : Buffer.from(decoded.text, "utf8");
    }
    case format.bcd:
      return bcdDigits(value);
    default:
      return value;
  }
}

/** Two digits a byte, an odd last one filled up with F. */
function bcdDigits(value: Uint8Array): Uint8Array | null {
  const digits = Buffer.from(value).toString("hex").replace(/f$/, "");
  return /^\d*$/.test(digits) ? Buffer.from(digits, "ascii") : null;
}
