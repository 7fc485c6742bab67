import { decodeBase64url } from "./base64url.ts";

/**
 * Decodes an ascending set of list indices: first value, then differences, each an unsigned LEB128 of at most five
 * minimal bytes, base64url (formats.md section 3). Null unless there are exactly `count` values below `size` and no byte is
 * left over. Memory is bounded by the text: one value needs at least one byte.
 */
export function decodeIndexSet(text: string, count: number, size: number): Uint32Array | null {
  const bytes = decodeBase64url(text);
  if (bytes === null || count > bytes.length) return null;
  const indices = new Uint32Array(count);
  let at = 0;
  let last = -1;
  for (let i = 0; i < count; i++) {
    let value = 0;
    let weight = 1;
    let byte = 0x80;
    const start = at;
    while (byte >= 0x80) {
      if (at === bytes.length || at - start === 5) return null;
      byte = bytes[at++] ?? 0;
      // Multiplied, not shifted: the fifth byte reaches beyond 32 bits.
      value += (byte & 0x7f) * weight;
      weight *= 128;
    }
    // A last byte of zero adds nothing, so a shorter spelling exists; a difference of zero would repeat an index.
    if (byte === 0 && (at - start > 1 || i > 0)) return null;
    last = i === 0 ? value : last + value;
    if (last >= size) return null;
    indices[i] = last;
  }
  return at === bytes.length ? indices : null;
}
