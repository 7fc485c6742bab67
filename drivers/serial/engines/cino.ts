import type { AnswerReading } from "./gm65.ts";

/**
 * Cino FuzzyScan serial commands (FuzzyScan Serial Command Manual, chapter 1.2): `7E`, opcode (3 bytes), status, length (2 bytes),
 * parameters, LRC, `7E`. From length to LRC some bytes are escaped; the LRC is the XOR of what was there before escaping.
 */

const MARK = 0x7e;
const BACKSLASH = 0x5c;
/** `5C` and the place of the byte in this list stand for the byte. */
const escaped: readonly number[] = [0x7e, 0x5c, 0x06, 0x15, 0x11, 0x13];
const opcodeBytes = 3;
/** Opcode, status, length and LRC. */
const frameBytes = opcodeBytes + 1 + 2 + 1;
const nakOpcode = 0x0e;
/** Longest answer read: the manual's longest parameters are 4,096 bytes of a picture, which we never ask for. */
const maxAnswerBytes = 1_024;

/** @param parameters at most 65,535 bytes */
export function cinoCommand(opcode: readonly [number, number, number], parameters: readonly number[]): Uint8Array {
  const status = 0;
  const tail = [parameters.length >> 8, parameters.length & 0xff, ...parameters];
  const lrc = xor([...opcode, status, ...tail]);
  return Uint8Array.of(MARK, ...opcode, status, ...[...tail, lrc].flatMap(escapedByte), MARK);
}

/** The tone sequence of the "Beeping" command: 64 bytes, FF ends it; the bigger the value, the lower the tone. */
export function cinoBeep(tones: readonly number[]): Uint8Array {
  const padded = [...tones, 0xff];
  return cinoCommand([0x80, 0x01, 0x00], [...padded, ...Array.from({ length: 64 - padded.length }, () => 0)]);
}

/** Recognises an answer at the beginning of `bytes`. Good unless it is a Device NAK; `bytes` are opcode and parameters. */
export function readCinoAnswer(bytes: Uint8Array): AnswerReading {
  if (bytes.length > 0 && bytes[0] !== MARK) return "none";
  const end = bytes.subarray(0, maxAnswerBytes + 1).indexOf(MARK, 1);
  if (end < 0) return bytes.length > maxAnswerBytes ? "none" : "unfinished";
  const body = unescaped(bytes.subarray(1, end));
  if (body === null || body.length < frameBytes) return "none";
  const lrc = body.at(-1);
  const rest = body.slice(0, -1);
  const parameters = rest.slice(opcodeBytes + 3);
  const length = ((rest[opcodeBytes + 1] ?? 0) << 8) | (rest[opcodeBytes + 2] ?? 0);
  if (lrc !== xor(rest) || length !== parameters.length) return "none";
  const opcode = rest.slice(0, opcodeBytes);
  return { length: end + 1, good: opcode[0] !== nakOpcode, bytes: Uint8Array.of(...opcode, ...parameters) };
}

function escapedByte(byte: number): readonly number[] {
  const at = escaped.indexOf(byte);
  return at < 0 ? [byte] : [BACKSLASH, at];
}

/** Null for an escape that means nothing. Opcode and status hold no backslash, so the whole body is read alike. */
function unescaped(bytes: Uint8Array): readonly number[] | null {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== BACKSLASH) {
      out.push(byte);
      continue;
    }
    at += 1;
    const original = escaped[bytes[at] ?? escaped.length];
    if (original === undefined) return null;
    out.push(original);
  }
  return out;
}

function xor(bytes: readonly number[]): number {
  return bytes.reduce((all, byte) => all ^ byte, 0);
}
