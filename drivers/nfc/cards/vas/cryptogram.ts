import { createDecipheriv, createHash, diffieHellman } from "node:crypto";
import { readCompressedPoint } from "../keys.ts";
import type { KeyRing } from "./options.ts";

/**
 * The sealed message of an Apple pass (wallet-nfc.md 1.4.6): key id (4) | X of the phone's one-time key (32) | ciphertext |
 * tag (16). Sealed for whoever holds the pass's private key, by anybody: it proves nothing about the pass.
 */

export type Opening =
  | { readonly ok: true; readonly message: Uint8Array; readonly sealedAt: number; readonly variant: SealVariant }
  | { readonly ok: false; readonly code: "bad_answer" | "unknown_key" | "bad_seal"; readonly detail: string };

/** `legacy` puts the pass type into the additional data instead of the key; not known in the field. */
export type SealVariant = "standard" | "legacy";

/** With an empty message. */
export const cryptogramMin = 56;
/** Apple's messages end at 64 bytes, which makes 120; ten times that is no message of a pass any more. */
export const cryptogramMax = 1_200;

/** 2001-01-01T00:00:00Z in seconds since 1970: where the phone's time starts. */
const phoneEpoch = 978_307_200;
const iv = Buffer.alloc(16);
const tagBytes = 16;
const purpose = Buffer.from("ApplePay encrypted VAS data", "ascii");
const algorithm = Buffer.from("id-aes256-GCM", "ascii");

/**
 * Opens `cryptogram` with the key of `keys` that it names. `merchantId`: SHA-256 of the pass type that was asked for, 32
 * bytes. `sealedAt`: when, by the phone's clock, in seconds since 1970. Never throws.
 */
export function openCryptogram(cryptogram: Uint8Array, merchantId: Uint8Array, keys: KeyRing): Opening {
  if (cryptogram.length < cryptogramMin || cryptogram.length > cryptogramMax) {
    return { ok: false, code: "bad_answer", detail: `${cryptogram.length} bytes cannot be a sealed message` };
  }
  const wanted = Buffer.from(cryptogram.subarray(0, 4)).toString("hex");
  const held = keys.get(wanted);
  if (held === undefined) {
    const ids = [...keys.keys()].join(", ");
    return { ok: false, code: "unknown_key", detail: `the pass wants key ${wanted}; held: ${ids || "none"}` };
  }
  // Either of the two points with this X gives the same shared secret.
  const point = readCompressedPoint(Uint8Array.of(0x02, ...cryptogram.subarray(4, 36)));
  if (point === null) return { ok: false, code: "bad_answer", detail: "the phone's key is no point of P-256" };
  for (const key of held) {
    const secret = diffieHellman({ privateKey: key, publicKey: point });
    for (const variant of ["standard", "legacy"] as const) {
      const plain = decrypt(cryptogram.subarray(36), merchantId, secret, variant);
      if (plain === null) continue;
      const sealedAt = plain.readUInt32BE(0) + phoneEpoch;
      return { ok: true, message: Uint8Array.from(plain.subarray(4)), sealedAt, variant };
    }
  }
  return { ok: false, code: "bad_seal", detail: `the seal does not open with key ${wanted}` };
}

/** What was sealed, at least 4 bytes, or null when the tag does not fit. AES-256-GCM with 16 zero bytes for an IV. */
function decrypt(sealed: Uint8Array, merchantId: Uint8Array, secret: Uint8Array, variant: SealVariant): Buffer | null {
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", sealKey(secret, merchantId, variant), iv, {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(sealed.subarray(end));
  if (variant === "legacy") decipher.setAAD(merchantId);
  const plain = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch (fault) {
    // The only error that final() has here: the tag is another one.
    if (fault instanceof Error) return null;
    throw fault;
  }
  return plain;
}

/** ANSI X9.63 key derivation with SHA-256, one block: 32 bytes. */
function sealKey(secret: Uint8Array, merchantId: Uint8Array, variant: SealVariant): Uint8Array {
  const length = Uint8Array.of(algorithm.length);
  const shared = variant === "legacy" ? [purpose] : [length, algorithm, purpose, merchantId];
  return createHash("sha256")
    .update(Buffer.concat([secret, Uint8Array.of(0, 0, 0, 1), ...shared]))
    .digest();
}
