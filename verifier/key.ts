import { type CryptoKey, calculateJwkThumbprint, importJWK } from "jose";
import { isSoundEd25519, isSoundP256 } from "./curve.ts";
import type { JsonRecord } from "./json.ts";
import type { Algorithm } from "./verdict.ts";

/** A public key that passed every check of its import. */
export interface VerifyingKey {
  readonly alg: Algorithm;
  readonly key: CryptoKey;
  /** RFC 7638, SHA-256, 43 characters: the identity of the key whatever it is called. */
  readonly thumbprint: string;
}

export const algorithms: readonly Algorithm[] = ["Ed25519", "ES256"];

/** Members of private or symmetric keys (RFC 7518 section 6): their presence in a public document is a leak or an attack. */
const secretMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Imports the public key of a JWK, or null when it is weak: an unknown type, curve or `alg`, private members, a
 * small-order, non-canonical or off-curve point (formats.md section 2). Needs a platform with Ed25519 in WebCrypto.
 */
export async function importKey(jwk: JsonRecord): Promise<VerifyingKey | null> {
  if (secretMembers.some((name) => Object.hasOwn(jwk, name))) return null;
  const clean = publicPart(jwk);
  if (clean === null) return null;
  if (Object.hasOwn(jwk, "alg") && jwk["alg"] !== clean.alg) return null;
  if (Object.hasOwn(jwk, "use") && jwk["use"] !== "sig") return null;
  const key = await importJWK(clean.jwk, clean.alg);
  // A symmetric key would come as bytes; publicPart lets none through.
  if (key instanceof Uint8Array) return null;
  return { alg: clean.alg, key, thumbprint: await calculateJwkThumbprint(clean.jwk, "sha256") };
}

function publicPart(jwk: JsonRecord) {
  const { kty, crv, x, y } = jwk;
  if (typeof x !== "string") return null;
  if (kty === "OKP" && crv === "Ed25519" && y === undefined && isSoundEd25519(x)) {
    return { alg: "Ed25519", jwk: { kty, crv, x } } as const;
  }
  if (kty === "EC" && crv === "P-256" && typeof y === "string" && isSoundP256(x, y)) {
    return { alg: "ES256", jwk: { kty, crv, x, y } } as const;
  }
  return null;
}

/** A kid as JSON spells it, decimal without leading zeros, 1-65535; null for anything else (formats.md section 1). */
export function kidNumber(text: string): number | null {
  const number = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 0xffff ? number : null;
}
