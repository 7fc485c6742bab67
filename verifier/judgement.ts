import { hasPermittedLife } from "./claims.ts";
import { revocationStatus } from "./revocation.ts";
import { isClockSound, type VerificationTime } from "./time.ts";
import { type Trust, trustAge } from "./trust.ts";
import type { Claims, InvalidReason, UndeterminedReason } from "./verdict.ts";

/** What is known and what is not about verified claims. A known refusal wins over every doubt. */
export interface Judgement {
  readonly refusal: InvalidReason | null;
  readonly doubts: readonly UndeterminedReason[];
  /** Version of the status list that was asked, or null. */
  readonly listVersion: number | null;
}

const aheadS = 600;
const earlyS = 120;

/** Gravest first: the first one becomes the reason of the verdict. */
const gravity: readonly UndeterminedReason[] = [
  "trust_missing",
  "unknown_key",
  "unverified_reference",
  "status_unknown",
  "rotation_unverifiable",
  "trust_expired",
  "clock_untrusted",
];

/** Each doubt once, gravest first. */
export function sortDoubts(doubts: readonly UndeterminedReason[]): readonly UndeterminedReason[] {
  return doubts.length === 0 ? doubts : gravity.filter((one) => doubts.includes(one));
}

/**
 * Claims, time and status in that order (formats.md section 4). Freshness is judged beside, not instead: a hit on a stale
 * list still rejects, and an expired pass stays expired whatever the clock says.
 */
export function judgeClaims(claims: Claims, trust: Trust, at: VerificationTime): Judgement {
  const doubts = freshnessDoubts(trust, at);
  const listVersion = trust.lists.get(claims.list)?.version ?? null;
  if (!hasPermittedLife(claims)) return { refusal: "malformed", doubts, listVersion: null };
  if (at.now >= claims.expiresAt) return { refusal: "expired", doubts, listVersion: null };
  if (isEarly(claims, at) && isClockSound(at)) return { refusal: "not_yet_valid", doubts, listVersion: null };
  const expiresAt = trust.lists.get(claims.list)?.expiresAt ?? null;
  if (expiresAt !== null && at.now >= expiresAt) doubts.push("trust_expired");
  switch (revocationStatus(trust, claims.list, claims.index)) {
    case "valid":
      return { refusal: null, doubts, listVersion };
    case "unknown":
      doubts.push("status_unknown");
      return { refusal: null, doubts, listVersion };
    case "out_of_range":
      return { refusal: "status_out_of_range", doubts, listVersion };
    case "revoked":
      return { refusal: "revoked", doubts, listVersion };
    case "suspended":
      return { refusal: "suspended", doubts, listVersion };
  }
}

function isEarly(claims: Claims, at: VerificationTime): boolean {
  const issuedAhead = claims.issuedAt !== null && claims.issuedAt > at.now + aheadS;
  return issuedAhead || (claims.notBefore !== null && at.now < claims.notBefore - earlyS);
}

/** What the age of the trust data and the state of the clock leave open. */
export function freshnessDoubts(trust: Trust, at: VerificationTime): UndeterminedReason[] {
  const { age } = trustAge(trust, at);
  const doubts: UndeterminedReason[] = [];
  if (age === null) doubts.push("trust_missing");
  if (age === "expired") doubts.push("trust_expired");
  if (!isClockSound(at)) doubts.push("clock_untrusted");
  return doubts;
}
