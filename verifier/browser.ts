import type { Primitives } from "./primitives.ts";
import type { Algorithm } from "./verdict.ts";

/**
 * The primitives of a browser: WebCrypto and DecompressionStream, no other import. Needs a secure context and a browser
 * with Ed25519 in WebCrypto.
 */
export function browserPrimitives(): Primitives {
  return {
    verify: (key, algorithm, bytes, signature) =>
      crypto.subtle.verify(webAlgorithm(algorithm), key, owned(signature), owned(bytes)),
    sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", owned(bytes))),
    hmacSha1: (key, bytes) => hmac("SHA-1", key, bytes),
    hmacSha256: (key, bytes) => hmac("SHA-256", key, bytes),
    inflateExact,
  };
}

function webAlgorithm(algorithm: Algorithm) {
  return algorithm === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" };
}

/** A copy in memory of its own: WebCrypto takes no shared memory, and the type says so. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

async function hmac(hash: "SHA-1" | "SHA-256", key: Uint8Array, bytes: Uint8Array): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", owned(key), { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, owned(bytes)));
}

/** Stops reading one byte past `length`, so that a stream that swells costs one chunk at most. */
async function inflateExact(bytes: Uint8Array, length: number): Promise<Uint8Array | null> {
  const stream = new Blob([owned(bytes)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const whole = new Uint8Array(length);
  let at = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return at === length ? whole : null;
      if (at + value.length > length) {
        await reader.cancel();
        return null;
      }
      whole.set(value, at);
      at += value.length;
    }
  } catch (cause) {
    // The Compression standard: a TypeError for damaged, cut or followed input.
    if (cause instanceof TypeError) return null;
    throw cause;
  }
}
