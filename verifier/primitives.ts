import type { CryptoKey } from "jose";
import type { Algorithm } from "./verdict.ts";

/**
 * The cryptography that `jose` lacks, handed in by whoever uses the verifier: the agent passes node:crypto and zlib, a
 * browser passes WebCrypto and DecompressionStream. Each may answer at once or with a promise.
 */
export interface Primitives {
  /** Verifies a raw 64-byte signature (ES256 as r||s) with exactly this key. False for anything that does not verify; never throws. */
  verify(key: CryptoKey, algorithm: Algorithm, bytes: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** RFC 2104 with SHA-1, 20 bytes (RFC 6238 rotating codes). */
  hmacSha1(key: Uint8Array, bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** RFC 2104 with SHA-256, 32 bytes. */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Inflates one whole zlib stream (RFC 1950) to exactly `length` bytes; null when it is longer, shorter, damaged or followed by anything. */
  inflateExact(bytes: Uint8Array, length: number): Uint8Array | null | Promise<Uint8Array | null>;
}
