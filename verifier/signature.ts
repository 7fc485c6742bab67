import { concatBytes, utf8Bytes } from "./bytes.ts";
import type { Scope } from "./claims.ts";
import type { Envelope } from "./envelope.ts";
import type { PassKey } from "./key-set.ts";
import type { Primitives } from "./primitives.ts";
import type { InvalidReason } from "./verdict.ts";

/**
 * May this key have signed this envelope at all? Role, kinds, algorithm, state, and the issue time within the key's window;
 * only ever refuses. A retired key verifies until its passes expire.
 */
export function keyRefusal(envelope: Envelope, key: PassKey): InvalidReason | null {
  if (key.state === "compromised") return "key_compromised";
  if (envelope.alg !== null && envelope.alg !== key.alg) return "unsupported_format";
  if (!key.roles.has("pass") || !key.kinds.has(envelope.kind)) return "key_not_valid";
  const inWindow = envelope.issuedAt >= key.notBefore && envelope.issuedAt < key.notAfter;
  return inWindow ? null : "key_not_valid";
}

/** Verifies with exactly this key. An E1-B signs its tenant and environment without carrying them (formats.md section 1). */
export function isGenuine(
  envelope: Envelope,
  key: PassKey,
  scope: Scope,
  primitives: Primitives,
): boolean | Promise<boolean> {
  return primitives.verify(key.key, key.alg, signatureInput(envelope, scope), envelope.signature);
}

function signatureInput(envelope: Envelope, scope: Scope): Uint8Array {
  if (envelope.form === "e1j") return envelope.signed;
  return concatBytes(utf8Bytes(`pass/1\0${scope.tenant}\0${scope.environment}\0`), envelope.signed);
}
