import type { ScanRecord } from "./record.ts";
import type { CountersView } from "./views.ts";

/** What happened since this program started, for the metrics. */
export interface Counters {
  /** @param seconds from the read to the decision on disk */
  presented(record: ScanRecord, seconds: number): void;
  view(): Omit<CountersView, "clockOffsetS">;
}

/** Upper bounds of the classes of decision times, seconds. */
export const decisionBoundsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** Refusals by what this terminal remembers of a pass. */
const conflictReasons: readonly string[] = ["already_redeemed", "passback", "uses_exhausted"];

interface Lane {
  /** How many took at most the bound at the same place; the last class takes the rest. */
  readonly classes: number[];
  sumS: number;
}

/** Lanes, channels, outcomes and reasons are closed lists, so the number of counters is bounded. */
export function openCounters(): Counters {
  const presentations = new Map<string, CountersView["presentations"][number]>();
  const lanes = new Map<string, Lane>();
  let conflicts = 0;
  return {
    presented({ lane, channel, decision }, seconds) {
      const { outcome, reason } = decision;
      const key = JSON.stringify([lane, channel, outcome, reason]);
      const count = (presentations.get(key)?.count ?? 0) + 1;
      presentations.set(key, { lane, channel, outcome, reason, count });
      if (conflictReasons.includes(reason)) conflicts += 1;
      const timed = lanes.get(lane) ?? { classes: new Array<number>(decisionBoundsS.length + 1).fill(0), sumS: 0 };
      const found = decisionBoundsS.findIndex((bound) => seconds <= bound);
      const at = found < 0 ? decisionBoundsS.length : found;
      timed.classes[at] = (timed.classes[at] ?? 0) + 1;
      timed.sumS += seconds;
      lanes.set(lane, timed);
    },
    view: () => ({
      presentations: [...presentations.values()],
      decisions: [...lanes].map(([lane, { classes, sumS }]) => ({ lane, classes: [...classes], sumS })),
      conflicts,
    }),
  };
}
