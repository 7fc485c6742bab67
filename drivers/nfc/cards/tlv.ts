/**
 * BER-TLV data objects as cards write them: ISO/IEC 7816-4, 5.2.2. Tags of one to three bytes, lengths `00`-`7F`, `81 xx`
 * and `82 xx xx`; a length in a longer form than it needs is taken.
 */

export const tlvFaults = [
  "too_long",
  /** A tag, a length or a value goes beyond the end of what holds it. */
  "truncated",
  /** A tag of more than three bytes. */
  "bad_tag",
  /** An indefinite length, or one of more than two bytes. */
  "bad_length",
  "too_many_items",
  /** The content of a primitive object was asked for its objects. */
  "primitive",
] as const;
export type TlvFault = (typeof tlvFaults)[number];

export type TlvParsing =
  | { readonly ok: true; readonly items: readonly Tlv[] }
  | { readonly ok: false; readonly fault: TlvFault };

/** One data object. */
export interface Tlv {
  /** Its bytes as one number: 0x50, 0x9F2A, 0xDF8129. */
  readonly tag: number;
  /** A view into the bytes parsed. */
  readonly value: Uint8Array;
  /** The objects inside a constructed one, parsed when asked for. Never throws. */
  children(): TlvParsing;
}

/** Longest input, bytes. */
export const tlvMax = 65_536;
/** Most objects side by side. */
export const itemsMax = 64;

const tagBytesMax = 3;

/** What reading stopped at; never leaves this file. */
class Stopped extends Error {
  readonly fault: TlvFault;
  constructor(fault: TlvFault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * The objects that `bytes` consists of, one level deep, 0 to 64 of them. `00` bytes between them mean nothing (5.2.2).
 * Never throws.
 */
export function parseTlv(bytes: Uint8Array): TlvParsing {
  if (bytes.length > tlvMax) return { ok: false, fault: "too_long" };
  const items: Tlv[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      if (bytes[at] === 0) {
        at += 1;
        continue;
      }
      if (items.length === itemsMax) return { ok: false, fault: "too_many_items" };
      const { item, next } = readItem(bytes, at);
      items.push(item);
      at = next;
    }
  } catch (fault) {
    if (fault instanceof Stopped) return { ok: false, fault: fault.fault };
    throw fault;
  }
  return { ok: true, items };
}

interface Read {
  readonly item: Tlv;
  /** Offset of what follows. */
  readonly next: number;
}

function readItem(bytes: Uint8Array, start: number): Read {
  const first = byteAt(bytes, start);
  let at = start + 1;
  let tag = first;
  if ((first & 0x1f) === 0x1f) {
    for (let more = true; more; at += 1) {
      if (at - start === tagBytesMax) throw new Stopped("bad_tag");
      const byte = byteAt(bytes, at);
      tag = tag * 0x100 + byte;
      more = byte >= 0x80;
    }
  }
  let length = byteAt(bytes, at);
  at += 1;
  if (length >= 0x80) {
    const lengthBytes = length - 0x80;
    if (lengthBytes < 1 || lengthBytes > 2) throw new Stopped("bad_length");
    length = byteAt(bytes, at);
    if (lengthBytes === 2) length = length * 0x100 + byteAt(bytes, at + 1);
    at += lengthBytes;
  }
  const next = at + length;
  if (next > bytes.length) throw new Stopped("truncated");
  const value = bytes.subarray(at, next);
  const constructed = (first & 0x20) !== 0;
  return { item: { tag, value, children: () => (constructed ? parseTlv(value) : primitive) }, next };
}

const primitive: TlvParsing = { ok: false, fault: "primitive" };

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Stopped("truncated");
  return byte;
}

/**
 * The first object with the tag `path[0]` in `items`, in it the first with `path[1]`, and so on; null when one is not there
 * or its content is no TLV.
 */
export function findTlv(items: readonly Tlv[], ...path: readonly number[]): Tlv | null {
  const [tag, ...rest] = path;
  const found = items.find((item) => item.tag === tag);
  if (found === undefined) return null;
  if (rest.length === 0) return found;
  const inner = found.children();
  return inner.ok ? findTlv(inner.items, ...rest) : null;
}

/** One object, its length in the shortest form. `tag` as in `Tlv`, at most 65,535 bytes of `value`; RangeError beyond. */
export function writeTlv(tag: number, value: Uint8Array): Uint8Array {
  if (value.length > 0xffff) throw new RangeError(`a value of ${value.length} bytes`);
  const tagBytes = [tag >> 16, (tag >> 8) & 0xff, tag & 0xff].filter((_, index) => tag >= 0x100 ** (2 - index));
  const { length } = value;
  const long = length > 0xff ? [0x82, length >> 8, length & 0xff] : [0x81, length];
  return Buffer.concat([Uint8Array.of(...tagBytes, ...(length > 0x7f ? long : [length])), value]);
}
