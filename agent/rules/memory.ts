import type { Calendar } from "./calendar.ts";
import type { Terms } from "./terms.ts";

/** What rules ask of the redemption memory, what it answers, and what it must keep. Plain data. */

export interface Earlier {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly lane: string;
}

/** What must be looked up to judge one pass by its terms. */
export interface Question {
  /** Null: under whatever name. */
  readonly counter: string | null;
  /** Uses since then, in milliseconds; null: all. */
  readonly sinceMs: number | null;
  readonly zone: { readonly id: string; readonly sinceMs: number | null; readonly countAll: boolean } | null;
}

export interface Memory {
  /** Persons counted in the period. */
  readonly used: number;
  /** The first use in the period, and the last one of all. */
  readonly first: Earlier | null;
  readonly last: Earlier | null;
  /** Persons of this pass who are in the zone, and who left it, since it was last empty. */
  readonly inside: number;
  readonly outside: number;
  readonly entry: Earlier | null;
  /** Persons of all passes in the zone; 0 where it was not asked for. */
  readonly occupancy: number;
}

/** What an acceptance changes. */
export interface Keeps {
  /** Persons to count, at least 1, and under which name. */
  readonly use: { readonly counter: string; readonly persons: number } | null;
  readonly passage: KeptPassage | null;
}

export interface KeptPassage {
  readonly zone: string;
  /** When the zone was last empty by rule, milliseconds; null: never. */
  readonly sinceMs: number | null;
  readonly way: "entry" | "exit";
  /** By how many persons of this pass those inside and those outside change. */
  readonly inside: number;
  readonly outside: number;
}

export const nothingKnown: Memory = {
  used: 0,
  first: null,
  last: null,
  inside: 0,
  outside: 0,
  entry: null,
  occupancy: 0,
};

/** What has to be known to judge a pass by these terms at this moment. */
export function questionOf({ count, passage }: Terms, calendar: Calendar, atMs: number): Question {
  const zone = passage?.zone ?? null;
  return {
    counter: count.everyCounter ? null : count.counter,
    sinceMs: periodStart(count.period, calendar, atMs),
    zone:
      zone === null
        ? null
        : {
            id: zone.id,
            sinceMs: zone.empties === "daily" ? calendar.start("day", atMs) : null,
            countAll: zone.capacity !== null && passage?.way === "entry",
          },
  };
}

function periodStart(period: Terms["count"]["period"], calendar: Calendar, atMs: number): number | null {
  switch (period.kind) {
    case "ever":
      return null;
    case "calendar":
      return calendar.start(period.unit, atMs);
    case "hours":
      // A use exactly so long ago is out of the period.
      return atMs - period.ms + 1;
  }
}
