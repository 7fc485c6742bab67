import { randomBytes } from "node:crypto";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * Makes ULIDs (the ULID specification): 48 bits of time, 80 random bits. Within one millisecond the random part counts up,
 * so ids of one maker sort in the order they were made, also when the clock goes back.
 */
export function ulidMaker(wallMs: () => number, random: (size: number) => Uint8Array = randomBytes): () => string {
  let lastMs = -1;
  let tail = new Uint8Array(10);
  return () => {
    const nowMs = Math.max(0, Math.floor(wallMs()));
    if (nowMs > lastMs) {
      lastMs = nowMs;
      tail = Uint8Array.from(random(10));
      // Room for 2^79 ids before the counter could overflow into the next millisecond.
      tail[0] = (tail[0] ?? 0) & 0x7f;
    } else {
      increment(tail);
    }
    return encodeTime(lastMs) + encodeTail(tail);
  };
}

function increment(tail: Uint8Array): void {
  for (let i = tail.length - 1; i >= 0; i--) {
    const next = ((tail[i] ?? 0) + 1) & 0xff;
    tail[i] = next;
    if (next !== 0) return;
  }
}

function encodeTime(ms: number): string {
  let text = "";
  for (let rest = ms, i = 0; i < 10; i++) {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function encodeTail(tail: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of tail) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
