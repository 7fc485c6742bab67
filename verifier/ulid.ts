import { type PassId, passId } from "./verdict.ts";

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The 26 characters of 16 bytes (ULID specification: 130 bits, the first two are zero). */
export function ulidText(bytes: Uint8Array): string {
  let text = "";
  let window = 0;
  let held = 2;
  for (const byte of bytes) {
    window = (window << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += crockford.charAt((window >> held) & 31);
    }
    window &= 31;
  }
  return text;
}

/** Pass id of the 16 bytes in a binary form; null unless there are 16. */
export function passIdOf(bytes: Uint8Array): PassId | null {
  return passId(`pass_${ulidText(bytes)}`);
}
