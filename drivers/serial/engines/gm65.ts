/**
 * Commands and answers of the GM65 family (Hangzhou Grow, GM65 User Manual, chapter 8; Newland NLS-EM3095 answers alike). A
 * command is `7E 00`, type, length, address, data and a CRC, or the literal `AB CD` in its place. An answer is `02 00`, type (0:
 * done), length (0 means 256), data and a CRC.
 */

/** Writes one byte to a setting ("zone bit"), without a checksum. `address`: 0 to 255. */
export function gm65Write(address: number, value: number): Uint8Array {
  return Uint8Array.of(0x7e, 0x00, 0x08, 0x01, address >> 8, address & 0xff, value, 0xab, 0xcd);
}

const answerMark = [0x02, 0x00] as const;
const headBytes = 4;
const crcBytes = 2;

/** Recognises an answer at the beginning of `bytes`. See `AnswerReading`. */
export function readGm65Answer(bytes: Uint8Array): AnswerReading {
  if (answerMark.some((mark, at) => at < bytes.length && bytes[at] !== mark)) return "none";
  if (bytes.length < headBytes) return "unfinished";
  const end = headBytes + ((bytes[3] ?? 0) || 256);
  if (bytes.length < end + crcBytes) return "unfinished";
  const body = bytes.subarray(answerMark.length, end);
  const crc = crc16(body);
  if (bytes[end] !== crc >> 8 || bytes[end + 1] !== (crc & 0xff)) return "none";
  return { length: end + crcBytes, good: body[0] === 0, bytes: bytes.slice(headBytes, end) };
}

/** `none`: this is no answer. `unfinished`: so far it could be one. Else what it says and how many bytes it takes. */
export type AnswerReading =
  | "none"
  | "unfinished"
  | { readonly length: number; readonly good: boolean; readonly bytes: Uint8Array };

/** CRC-CCITT with polynomial 0x1021 and initial value 0, as the manual's example computes it. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc & 0xffff;
}
