import { createHash } from "node:crypto";

/**
 * Against a sealed message that is played to a reader again. The reader has no say in what is sealed, so this rests on two
 * things: the time that the phone sealed in, and a memory of what was seen while that time is still taken.
 */

/** One sealed message at a reader. Times in seconds since 1970. */
export interface Sight {
  /** Tells this sealed message from every other one. */
  readonly mark: string;
  readonly sealedAt: number;
  readonly now: number;
}

/** What was seen, each with the time from which it may be forgotten, oldest sight first. */
export type Sights = ReadonlyMap<string, number>;

export type SightVerdict = "fresh" | "stale" | "replayed";

export interface SightJudgement {
  readonly verdict: SightVerdict;
  readonly sights: Sights;
}

/** Most sights kept; the oldest goes first. Thirteen taps a second for five minutes. */
export const sightsMax = 4_096;

/**
 * Judges one sight and remembers it. `toleranceSeconds` either way: further back or ahead is `stale`. Seen before beats
 * stale. Pure.
 */
export function judgeSight(sights: Sights, sight: Sight, toleranceSeconds: number): SightJudgement {
  const { mark, sealedAt, now } = sight;
  const kept = new Map([...sights].filter(([, until]) => until >= now));
  const seen = kept.has(mark);
  // A sight that is stale now may be taken by whoever only warns, or once the clock is set: it is remembered, too.
  kept.set(mark, Math.max(now, sealedAt) + toleranceSeconds);
  const oldest = kept.keys().next().value;
  if (kept.size > sightsMax && oldest !== undefined) kept.delete(oldest);
  if (seen) return { verdict: "replayed", sights: kept };
  return { verdict: Math.abs(now - sealedAt) > toleranceSeconds ? "stale" : "fresh", sights: kept };
}

/** A memory of sights, and what follows from a bad one. One serves all readers of a site. */
export interface ReplayGuard {
  readonly onBreach: "refuse" | "warn";
  /** `sealedAt` in seconds since 1970. Remembers the cryptogram. */
  judge(cryptogram: Uint8Array, sealedAt: number): SightVerdict;
}

export interface ReplayPolicy {
  /** How far a phone's clock may be off, seconds; 300 without. */
  readonly toleranceSeconds?: number;
  /** `warn`: a pass is given in spite of it, and a notice beside it. `refuse` without. */
  readonly onBreach?: "refuse" | "warn";
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** An empty memory under `policy`. */
export function replayGuard({ toleranceSeconds = 300, onBreach = "refuse", now }: ReplayPolicy): ReplayGuard {
  let sights: Sights = new Map();
  return {
    onBreach,
    judge: (cryptogram, sealedAt) => {
      const mark = createHash("sha256").update(cryptogram).digest("base64url");
      const judgement = judgeSight(sights, { mark, sealedAt, now: now() }, toleranceSeconds);
      ({ sights } = judgement);
      return judgement.verdict;
    },
  };
}
