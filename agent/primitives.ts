import { createHmac, hash, KeyObject, verify } from "node:crypto";
import { inflateSync } from "node:zlib";
import type { Algorithm, Primitives } from "../verifier/index.ts";

type PublicKey = Parameters<Primitives["verify"]>[0];

/**
 * The verifier's cryptography on node:crypto and zlib, all of it synchronous. Keys are converted once each and forgotten
 * with the key set that holds them.
 */
export function nodePrimitives(): Primitives {
  const converted = new WeakMap<PublicKey, KeyObject>();
  const keyObject = (key: PublicKey) => {
    const known = converted.get(key);
    if (known !== undefined) return known;
    const made = KeyObject.from(key);
    converted.set(key, made);
    return made;
  };
  return {
    verify: (key, algorithm, bytes, signature) => verifyRaw(keyObject(key), algorithm, bytes, signature),
    sha256: (bytes) => hash("sha256", bytes, "buffer"),
    hmacSha1: (key, bytes) => createHmac("sha1", key).update(bytes).digest(),
    hmacSha256: (key, bytes) => createHmac("sha256", key).update(bytes).digest(),
    inflateExact,
  };
}

function verifyRaw(key: KeyObject, algorithm: Algorithm, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (algorithm === "Ed25519") return verify(null, bytes, key, signature);
  return verify("sha256", bytes, { key, dsaEncoding: "ieee-p1363" }, signature);
}

function inflateExact(bytes: Uint8Array, length: number): Uint8Array | null {
  // One output chunk of the final size and a byte, since zlib makes another one as soon as the first is full (it takes none
  // below 64 bytes). `info` is the only way to learn that input was left over, which zlib ignores silently.
  const options = { maxOutputLength: length, chunkSize: Math.max(64, length + 1), info: true };
  try {
    // The type declarations do not know what `info` does to the answer.
    const { buffer, engine } = inflateSync(bytes, options) as unknown as InflateInfo;
    return buffer.length === length && engine.bytesWritten === bytes.length ? buffer : null;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && refusals.has(cause.code)) return null;
    throw cause;
  }
}

interface InflateInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** What zlib says of streams that are damaged, cut, in need of a dictionary, or longer than allowed. */
const refusals: ReadonlySet<unknown> = new Set(["Z_DATA_ERROR", "Z_BUF_ERROR", "Z_NEED_DICT", "ERR_BUFFER_TOO_LARGE"]);
