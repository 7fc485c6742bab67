/** Base64url without padding (RFC 4648 section 5), canonical in both directions. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** A bit that no sextet has: one OR over a group tells whether any character in it is foreign. */
const foreign = 64;
const sextets = new Uint8Array(128).fill(foreign);
for (let i = 0; i < alphabet.length; i++) sextets[alphabet.charCodeAt(i)] = i;

/** Text of any bytes. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    if (left > 1) text += alphabet.charAt((group >> 6) & 63);
    if (left > 2) text += alphabet.charAt(group & 63);
  }
  return text;
}

/**
 * Bytes of the one spelling that `encodeBase64url` would give them, null for every other text: foreign characters,
 * padding, a rest of one character, or unused bits that are not zero (formats.md section 1, "canonical base64url"). Reads the
 * characters from `from` up to `to`, both within the text.
 */
export function decodeBase64url(text: string, from = 0, to = text.length): Uint8Array | null {
  const bytes = new Uint8Array(((to - from) * 3) >> 2);
  return decodeBase64urlInto(bytes, text, from, to) ? bytes : null;
}

/** The same into the start of `bytes`, which has room for it. False for text that is not that spelling. */
export function decodeBase64urlInto(bytes: Uint8Array, text: string, from: number, to: number): boolean {
  const rest = (to - from) % 4;
  if (rest === 1) return false;
  const whole = to - rest;
  let seen = 0;
  let at = 0;
  // Four characters at a time: this loop is most of what an E1-J costs beside its signature.
  for (let i = from; i < whole; i += 4) {
    const a = sextets[text.charCodeAt(i)] ?? foreign;
    const b = sextets[text.charCodeAt(i + 1)] ?? foreign;
    const c = sextets[text.charCodeAt(i + 2)] ?? foreign;
    const d = sextets[text.charCodeAt(i + 3)] ?? foreign;
    seen |= a | b | c | d;
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    bytes[at + 2] = (c << 6) | d;
    at += 3;
  }
  if (rest > 0) {
    const a = sextets[text.charCodeAt(whole)] ?? foreign;
    const b = sextets[text.charCodeAt(whole + 1)] ?? foreign;
    const c = rest === 3 ? (sextets[text.charCodeAt(whole + 2)] ?? foreign) : 0;
    // The unused bits of the last character are zero in the one canonical spelling.
    seen |= a | b | c | ((rest === 3 ? c & 3 : b & 15) === 0 ? 0 : foreign);
    bytes[at] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[at + 1] = (b << 4) | (c >> 2);
  }
  return seen < foreign;
}

/** 32 bytes spelled as 43 characters, or null: the form of every hash in a signed document. */
export function decodeHash(text: unknown): Uint8Array | null {
  return typeof text === "string" && text.length === 43 ? decodeBase64url(text) : null;
}
