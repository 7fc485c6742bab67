import { equalBytes, isAllZero } from "./bytes.ts";
import { referenceClaims } from "./claims.ts";
import { directoryRecord } from "./directory.ts";
import { type Finding, finding } from "./finding.ts";
import { freshnessDoubts, judgeClaims } from "./judgement.ts";
import type { Primitives } from "./primitives.ts";
import { type Reference, recordLength, referenceContext } from "./reference.ts";
import type { VerificationTime } from "./time.ts";
import type { Trust } from "./trust.ts";

/**
 * Judges an R1 (formats.md section 1): one record, one hash, one constant-time comparison. Without a directory that is in
 * force nobody can tell, except that a record which does match is this pass, so that its expiry and status still count.
 */
export async function findReference(
  reference: Reference,
  trust: Trust,
  at: VerificationTime,
  primitives: Primitives,
): Promise<Finding> {
  const base = { form: "r1" } as const;
  const doubts = freshnessDoubts(trust, at);
  const seen = { passId: reference.passId, kind: reference.kind };
  const directory = trust.directories.get(reference.list);
  if (directory === undefined || trust.keys === null) {
    return finding({ ...base, reference: seen, doubts: [...doubts, "unverified_reference"] });
  }
  const record = directoryRecord(directory, reference.index);
  const hash = await primitives.sha256(referenceContext(reference.bytes, trust.tenant, trust.environment));
  const isHeld = record !== null && equalBytes(record, hash.subarray(0, recordLength));
  const isInForce = at.now < directory.expiresAt;
  if (!isHeld && isInForce) {
    const refusal = record === null || isAllZero(record) ? "unknown_reference" : "bad_signature";
    return finding({ ...base, refusal });
  }
  if (!isHeld) return finding({ ...base, reference: seen, doubts: [...doubts, "unverified_reference"] });
  const claims = referenceClaims(reference, trust, trust.keys.templates);
  const found = finding({ ...base, claims, ...judgeClaims(claims, trust, at) });
  return isInForce ? found : { ...found, reference: seen, doubts: [...found.doubts, "unverified_reference"] };
}
