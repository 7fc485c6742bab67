import { createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { inflateSync } from "node:zlib";

/** Keys and seal of a Smart Tap session (wallet-nfc.md 1.6.4). */

/** What both sides know of a session, and what is signed of it. */
export interface Transcript {
  /** 32 bytes. */
  readonly terminalNonce: Uint8Array;
  /** 32 bytes. */
  readonly phoneNonce: Uint8Array;
  /** 4 bytes. */
  readonly collector: Uint8Array;
  /** Our one-time key, compressed, 33 bytes. */
  readonly terminalKey: Uint8Array;
}

/** The 101 bytes that the merchant's key signs. */
export function transcriptBytes({ terminalNonce, phoneNonce, collector, terminalKey }: Transcript): Uint8Array {
  return Buffer.concat([terminalNonce, phoneNonce, collector, terminalKey]);
}

export interface SessionKeys {
  /** AES-128. */
  readonly cipher: Uint8Array;
  /** HMAC-SHA-256, 32 bytes. */
  readonly seal: Uint8Array;
}

/** What the keys of a session are made of. */
export interface KeyMaterial {
  /** X of the point that both sides agree on, 32 bytes. */
  readonly secret: Uint8Array;
  /** The phone's one-time key, compressed, 33 bytes. */
  readonly phoneKey: Uint8Array;
  readonly transcript: Transcript;
  /** In DER, as it was sent. */
  readonly signature: Uint8Array;
}

export function sessionKeys({ secret, phoneKey, transcript, signature }: KeyMaterial): SessionKeys {
  const context = Buffer.concat([transcriptBytes(transcript), signature]);
  const bytes = new Uint8Array(hkdfSync("sha256", secret, phoneKey, context, 48));
  return { cipher: bytes.subarray(0, 16), seal: bytes.subarray(16) };
}

export type Opening =
  | { readonly ok: true; readonly clear: Uint8Array }
  | { readonly ok: false; readonly code: "bad_answer" | "bad_seal"; readonly detail: string };

const ivBytes = 12;
const sealBytes = 32;
/** Longest clear bundle, bytes: what a small sealed one may grow to. */
export const clearMax = 262_144;

/** Opens IV (12) | ciphertext | seal (32): the seal is checked first, and only then anything is decrypted or inflated. */
export function openBundle(sealed: Uint8Array, compressed: boolean, keys: SessionKeys): Opening {
  if (sealed.length < ivBytes + sealBytes) {
    return { ok: false, code: "bad_answer", detail: `${sealed.length} bytes cannot be sealed passes` };
  }
  const end = sealed.length - sealBytes;
  const seal = createHmac("sha256", keys.seal).update(sealed.subarray(0, end)).digest();
  if (!timingSafeEqual(seal, sealed.subarray(end))) {
    return { ok: false, code: "bad_seal", detail: "the seal of the passes does not fit this session" };
  }
  const counter = Buffer.concat([sealed.subarray(0, ivBytes), Buffer.alloc(4)]);
  const decipher = createDecipheriv("aes-128-ctr", keys.cipher, counter);
  const clear = Buffer.concat([decipher.update(sealed.subarray(ivBytes, end)), decipher.final()]);
  if (!compressed) return { ok: true, clear };
  const inflated = inflate(clear);
  if (inflated !== null) return { ok: true, clear: inflated };
  const detail = `the passes do not inflate to at most ${clearMax} bytes, or something follows them`;
  return { ok: false, code: "bad_answer", detail };
}

function inflate(stream: Uint8Array): Uint8Array | null {
  try {
    return inflateSync(stream, { maxOutputLength: clearMax, rejectGarbageAfterEnd: true });
  } catch (fault) {
    if (fault instanceof Error && "code" in fault && refusals.has(fault.code)) return null;
    throw fault;
  }
}

/** What zlib says of streams that are damaged, cut, in need of a dictionary, longer than allowed, or followed by something. */
const refusals: ReadonlySet<unknown> = new Set([
  "Z_DATA_ERROR",
  "Z_BUF_ERROR",
  "Z_NEED_DICT",
  "ERR_BUFFER_TOO_LARGE",
  "ERR_TRAILING_JUNK_AFTER_STREAM_END",
]);
