/** Base64url without padding (RFC 4648 section 5), canonical in both directions. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const foreign = 255;
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
 * padding, a rest of one character, or unused bits that are not zero (formats.md section 1, "canonical base64url").
 */
export function decodeBase64url(text: string): Uint8Array | null {
  const rest = text.length % 4;
  if (rest === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let window = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const sextet = sextets[text.charCodeAt(i)] ?? foreign;
    if (sextet === foreign) return null;
    window = ((window << 6) | sextet) & 0xfff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (window >> held) & 0xff;
    }
  }
  return (window & ((1 << held) - 1)) === 0 ? bytes : null;
}

/** 32 bytes spelled as 43 characters, or null: the form of every hash in a signed document. */
export function decodeHash(text: unknown): Uint8Array | null {
  return typeof text === "string" && text.length === 43 ? decodeBase64url(text) : null;
}
