import { type Keeps, type Memory, nothingKnown, type Question } from "../rules/index.ts";
import type { Connection } from "./connection.ts";
import type { PassKey } from "./pass-key.ts";
import { openPassages } from "./passages.ts";
import { openUses } from "./uses.ts";

/** The redemption memory: which passes were used here and who is inside, keyed by (tenant, environment, list, index). */
export interface Redemptions {
  /** @param now with a trusted clock, what is dated after it is corrected first: a clock set ahead blocks no pass for long */
  recall(pass: PassKey, question: Question, now: { readonly ms: number; readonly trusted: boolean }): Memory;
  keep(pass: PassKey, keeps: Keeps, scan: AcceptedScan): void;
  /** Which pass went in or out of a zone with this scan; null when none did. */
  passageOf(scan: string): PassKey | null;
  /** Takes back all that this scan wrote; `correction` is the record that says so. */
  takeBack(pass: PassKey, scan: string, correction: string): void;
}

export interface AcceptedScan {
  readonly id: string;
  readonly lane: string;
  readonly atMs: number;
}

/** Times may step back a little when the clock is set; only what is further ahead is corrected. */
const toleranceMs = 120_000;

export function openRedemptions(database: Connection): Redemptions {
  const uses = openUses(database);
  const passages = openPassages(database);
  return {
    recall(pass, question, now) {
      const isAhead = (atMs: number | null | undefined): boolean =>
        now.trusted && atMs !== null && atMs !== undefined && atMs > now.ms + toleranceMs;
      const { zone } = question;
      if (zone !== null && isAhead(passages.lastAt(zone.id))) passages.bringBack(zone.id, now.ms);
      let counted = uses.recall(pass, question);
      if (isAhead(counted.last?.atMs)) {
        uses.bringBack(pass, now.ms);
        counted = uses.recall(pass, question);
      }
      if (zone === null) return { ...nothingKnown, ...counted };
      return {
        ...counted,
        ...passages.recall(pass, zone),
        occupancy: zone.countAll ? passages.occupancy(zone) : 0,
      };
    },
    keep(pass, { use, passage }, scan) {
      const { id, lane, atMs } = scan;
      if (use !== null) uses.add(pass, { ...use, atMs, scan: id, lane });
      if (passage !== null) passages.add(pass, passage, scan);
    },
    passageOf: passages.passOf,
    takeBack(pass, scan, correction) {
      uses.takeBack(pass, scan);
      passages.takeBack(pass, scan, correction);
    },
  };
}
