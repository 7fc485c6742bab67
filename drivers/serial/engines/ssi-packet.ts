import type { Symbology } from "../../reader.ts";

/**
 * Packets of the Simple Serial Interface of Symbol, Motorola and Zebra (SE-923 Integration Guide, chapter 6; Zebra SP72 guide, SSI
 * Interface): length, opcode, source, status, data, 16-bit two's complement checksum, high byte first. The length counts
 * everything but the checksum.
 */

export const ssiOpcodes = {
  requestRevision: 0xa3,
  replyRevision: 0xa4,
  ack: 0xd0,
  nak: 0xd1,
  startDecode: 0xe4,
  stopDecode: 0xe5,
  beep: 0xe6,
  decoded: 0xf3,
  event: 0xf6,
} as const;

/** Data byte of a NAK. */
export const ssiCauses = { resend: 0x01, denied: 0x06 } as const;

const HOST = 0x04;
const DECODER = 0x00;
export const ssiHeaderBytes = 4;
export const ssiChecksumBytes = 2;

/** Status bits: sent before; more packets of this message follow. */
const retransmitted = 0b01;
const continued = 0b10;

export interface SsiPacket {
  readonly opcode: number;
  readonly retransmitted: boolean;
  readonly continued: boolean;
  readonly data: Uint8Array;
}

/** A packet from the host. `data`: at most 251 bytes. */
export function ssiCommand(opcode: number, data: readonly number[] = []): Uint8Array {
  const body = Uint8Array.of(ssiHeaderBytes + data.length, opcode, HOST, 0, ...data);
  return Uint8Array.of(...body, ...checksum(body));
}

/**
 * Reads one whole packet from the scanner.
 *
 * @param bytes exactly its length field and two more
 * @returns null when the checksum or the source is wrong
 */
export function readSsiMessage(bytes: Uint8Array): SsiPacket | null {
  const end = bytes.length - ssiChecksumBytes;
  const [high, low] = checksum(bytes.subarray(0, end));
  if (bytes[end] !== high || bytes[end + 1] !== low || bytes[2] !== DECODER) return null;
  const status = bytes[3] ?? 0;
  return {
    opcode: bytes[1] ?? 0,
    retransmitted: (status & retransmitted) !== 0,
    continued: (status & continued) !== 0,
    data: bytes.slice(ssiHeaderBytes, end),
  };
}

function checksum(body: Uint8Array): readonly [number, number] {
  const sum = body.reduce((total, byte) => total + byte, 0);
  const complement = -sum & 0xffff;
  return [complement >> 8, complement & 0xff];
}

/**
 * The bar code type of a decode packet. One-dimensional values as in the CS3000 Product Reference Guide, table B-1; the
 * two-dimensional ones as in the constants that Zebra's scanner SDK publishes.
 */
export function ssiSymbology(type: number): Symbology | null {
  // 2- and 5-digit supplements set the two highest bits of the UPC/EAN types.
  switch (type) {
    case 0x01:
      return "code39";
    case 0x03:
    case 0x0f:
      return "code128";
    case 0x06:
      return "itf";
    case 0x08:
    case 0x09:
    case 0x0a:
    case 0x0b:
    case 0x10:
    case 0x48:
    case 0x49:
    case 0x4a:
    case 0x4b:
    case 0x50:
    case 0x88:
    case 0x89:
    case 0x8a:
    case 0x8b:
    case 0x90:
      return "ean";
    case 0x11:
      return "pdf417";
    case 0x1b:
      return "datamatrix";
    case 0x1c:
      return "qr";
    case 0x2d:
      return "aztec";
    default:
      return null;
  }
}
