import { claimsOf } from "./claims.ts";
import type { Envelope } from "./envelope.ts";
import { type Finding, finding, verdictOf } from "./finding.ts";
import { freshnessDoubts, judgeClaims } from "./judgement.ts";
import { algorithms } from "./key.ts";
import { type RotatingCode, readPayload } from "./payload.ts";
import type { Primitives } from "./primitives.ts";
import { judgeRotation, type RotationKeys } from "./rotation.ts";
import { isGenuine, keyRefusal } from "./signature.ts";
import { isClockSound, type VerificationTime } from "./time.ts";
import { type Trust, trustAge } from "./trust.ts";
import type { InvalidReason, Verdict } from "./verdict.ts";
import { findReference } from "./verify-reference.ts";

/**
 * Says whether a payload is a genuine pass of this tenant and environment, in good standing at `at`.
 *
 * `payload` is what a reader delivered after framing: 100 E1-B bytes or the ASCII of any form; any bytes of any length are
 * answered, long ones at once. A refusal that is certain (`invalid`) wins over what cannot be known (`undetermined`), and only
 * what is certain is `valid`. Replay and redemption are not judged here. Never throws for bad input; rejects only
 * when a primitive does. Source: formats.md sections 1 to 6.
 */
export async function verify(
  payload: Uint8Array,
  trust: Trust,
  at: VerificationTime,
  primitives: Primitives,
  rotation: RotationKeys | null = null,
): Promise<Verdict> {
  const { age, ageS } = trustAge(trust, at);
  const found = findOut(payload, trust, at, primitives, rotation);
  // Nothing waits where no primitive does: a terminal's are synchronous.
  return verdictOf(found instanceof Promise ? await found : found, { trustAge: age, trustAgeS: ageS });
}

function findOut(
  bytes: Uint8Array,
  trust: Trust,
  at: VerificationTime,
  primitives: Primitives,
  rotation: RotationKeys | null,
): Finding | Promise<Finding> {
  const payload = readPayload(bytes);
  switch (payload.sort) {
    case "refused":
      return finding({ form: payload.form, refusal: payload.reason });
    case "plain":
      return finding({ form: "plain", reference: payload.reference, doubts: ["unverified_reference"] });
    case "reference":
      return findReference(payload.reference, trust, at, primitives);
    case "envelope":
      return findEnvelope(payload.envelope, payload.code, trust, at, primitives, rotation);
  }
}

function findEnvelope(
  envelope: Envelope,
  code: RotatingCode | null,
  trust: Trust,
  at: VerificationTime,
  primitives: Primitives,
  rotation: RotationKeys | null,
): Finding | Promise<Finding> {
  const kid = String(envelope.kid);
  const base = { form: envelope.form, kid };
  const outside = scopeRefusal(envelope, trust);
  if (outside !== null) return finding({ ...base, refusal: outside });
  if (trust.keys === null) return finding({ ...base, doubts: freshnessDoubts(trust, at) });
  const key = trust.keys.keys.get(kid);
  if (key === undefined) {
    // A newer keys document could know it, unless ours is known to be the newest.
    const isNewest = trustAge(trust, at).age === "fresh" && isClockSound(at);
    if (isNewest) return finding({ ...base, refusal: "unknown_key" });
    return finding({ ...base, doubts: [...freshnessDoubts(trust, at), "unknown_key"] });
  }
  const unfit = keyRefusal(envelope, key);
  if (unfit !== null) return finding({ ...base, refusal: unfit });
  const { templates } = trust.keys;
  const judge = (genuine: boolean): Finding | Promise<Finding> => {
    if (genuine !== true) return finding({ ...base, refusal: "bad_signature" });
    const claims = claimsOf(envelope, trust, templates);
    const { refusal, doubts, listVersion } = judgeClaims(claims, trust, at);
    const found = { ...base, claims, refusal, doubts, listVersion, reference: null, rotationStep: null };
    if (code === null || found.refusal !== null) return found;
    return withRotation(found, code, envelope, at, primitives, rotation);
  };
  const genuine = isGenuine(envelope, key, trust, primitives);
  // Whatever is no plain answer is waited for, also a promise of another realm: taken for an answer it would be true.
  return typeof genuine === "boolean" ? judge(genuine) : Promise.resolve(genuine).then(judge);
}

/** Environment and tenant as the payload itself names them: read before any signature, so they can only refuse. */
function scopeRefusal(envelope: Envelope, trust: Trust): InvalidReason | null {
  if (envelope.environment !== null && envelope.environment !== trust.environment) return "wrong_environment";
  // Bit 15 of the kid is set for sandbox keys.
  if (envelope.kid >= 0x8000 !== (trust.environment === "sandbox")) return "wrong_environment";
  if (envelope.tenant !== null && envelope.tenant !== trust.tenant) return "wrong_tenant";
  if (envelope.alg !== null && !algorithms.some((alg) => alg === envelope.alg)) return "unsupported_format";
  return null;
}

async function withRotation(
  found: Finding,
  code: RotatingCode,
  envelope: Envelope,
  at: VerificationTime,
  primitives: Primitives,
  rotation: RotationKeys | null,
): Promise<Finding> {
  const answer = await judgeRotation(code, envelope, at, primitives, rotation);
  switch (answer.outcome) {
    case "recent":
      return { ...found, rotationStep: answer.step };
    case "unverifiable":
      return { ...found, rotationStep: answer.step, doubts: [...found.doubts, "rotation_unverifiable"] };
    case "wrong":
      return { ...found, refusal: "bad_signature" };
    case "old":
      return { ...found, refusal: "rotation_expired" };
  }
}
