/** Base45 (RFC 9285), strict: every byte string has exactly one spelling and nothing else is accepted. */

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const foreign = 255;
const digits = new Uint8Array(128).fill(foreign);
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i;

/**
 * Decodes a text; the caller bounds its length. Null for a lower-case or foreign character, a rest of one character, a
 * group of three above 65535 or a group of two above 255 (RFC 9285 section 6). No trimming: a space is a digit.
 */
export function decodeBase45(text: string): Uint8Array | null {
  const rest = text.length % 3;
  if (rest === 1) return null;
  const bytes = new Uint8Array(Math.floor(text.length / 3) * 2 + (rest === 2 ? 1 : 0));
  let at = 0;
  for (let i = 0; i < text.length; i += 3) {
    const low = digits[text.charCodeAt(i)] ?? foreign;
    const middle = digits[text.charCodeAt(i + 1)] ?? foreign;
    if (low === foreign || middle === foreign) return null;
    if (i + 2 === text.length) {
      const value = low + middle * 45;
      if (value > 0xff) return null;
      bytes[at++] = value;
      continue;
    }
    const high = digits[text.charCodeAt(i + 2)] ?? foreign;
    const value = low + middle * 45 + high * 2025;
    if (high === foreign || value > 0xffff) return null;
    bytes[at++] = value >> 8;
    bytes[at++] = value & 0xff;
  }
  return bytes;
}
