import type { EpochSeconds } from "./verdict.ts";

/** The one moment a verdict or an update is judged at, and how much it can be relied on (formats.md section 5). */
export interface VerificationTime {
  readonly now: EpochSeconds;
  readonly clock: "trusted" | "held" | "suspect" | "unknown";
}

/**
 * True when "too early" and "too late" both mean something. With a suspect or unknown clock `now` is at best a lower bound:
 * what has expired stays expired, everything else cannot be told.
 */
export function isClockSound(at: VerificationTime): boolean {
  return at.clock === "trusted" || at.clock === "held";
}
