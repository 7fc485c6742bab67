import type { DecisionReason, Use } from "../record.ts";
import type { Calendar } from "./calendar.ts";
import { isOpen, nextOpening } from "./hours.ts";
import type { Earlier, Keeps, Memory, Question } from "./memory.ts";
import type { Count, Passage, Terms } from "./terms.ts";

/** What the rules say of one presentation. Pure. */

export interface Arrival {
  readonly terms: Terms;
  readonly question: Question;
  readonly memory: Memory;
  /** Persons who come, or leave, now; at least 1. */
  readonly quantity: number;
  /** The judged time, milliseconds. */
  readonly atMs: number;
  /** False: nothing that depends on the time can be said. */
  readonly clockSound: boolean;
  readonly calendar: Calendar;
}

/** `unsure`: nothing speaks against it but the time, which nobody knows; `use` and `keeps` hold if it is let through. */
export type Ruling =
  | { readonly outcome: "admitted" | "unsure"; readonly use: Use; readonly keeps: Keeps | null }
  | { readonly outcome: "refused"; readonly reason: DecisionReason; readonly use: Use };

/** Nothing was used up, and nobody counts. */
export const noUse: Use = {
  kind: "none",
  number: null,
  of: null,
  quantity: 1,
  scope: "lane",
  first_at: null,
  first_lane: null,
  next_at: null,
  certainty: "assumed",
};

/** One thing that may speak against a pass. */
interface Check {
  readonly refused: boolean;
  readonly reason: DecisionReason;
  /** The answer depends on what time it is. */
  readonly timed: boolean;
  /** The use that stands against this one. */
  readonly because?: Earlier | null;
  /** When it may be tried again, milliseconds. */
  readonly nextMs?: () => number | null;
}

/** Judges an arrival by its terms: place, hours, passback, count, waiting time, capacity, in this order. */
export function ruleOn(arrival: Arrival): Ruling {
  const { terms, clockSound } = arrival;
  if (terms.passage?.way === "exit") return leaving(arrival, terms.passage);
  const visit = visitOf(arrival);
  let unsure = false;
  for (const check of checksOf(arrival, visit)) {
    if (check.timed && !clockSound) unsure = true;
    else if (check.refused) return { outcome: "refused", reason: check.reason, use: refusedUse(arrival, check) };
  }
  const { charged } = visit;
  const use = {
    ...useOf(arrival, arrival.memory.used + charged),
    ...(unsure ? ({ certainty: "assumed" } as const) : {}),
  };
  return { outcome: unsure ? "unsure" : "admitted", use, keeps: keepsOf(arrival, visit) };
}

/**
 * What a pass counts that an operator lets in against the rules: as they count it, whatever it was used for before. Nobody is
 * asked about place, hours, waiting time or room.
 */
export function letIn(arrival: Arrival): { readonly use: Use; readonly keeps: Keeps | null } {
  const { terms, memory } = arrival;
  if (terms.passage?.way === "exit") {
    const { use, keeps } = leaving(arrival, terms.passage);
    return { use, keeps };
  }
  const visit = visitOf(arrival);
  return { use: useOf(arrival, memory.used + visit.charged), keeps: keepsOf(arrival, visit) };
}

/**
 * What place and hours say where nobody verified which pass it is: there is nothing to count. At a lane of a zone such a
 * pass is never let through: who went in has to be known when they leave.
 */
export function ruleOnUnknown(arrival: Arrival): Ruling {
  const { terms, clockSound } = arrival;
  const use = { ...noUse, quantity: arrival.quantity };
  const checks = [placeCheck(terms), hoursCheck(arrival)];
  const against = checks.find(({ refused, timed }) => refused && (clockSound || !timed));
  if (against !== undefined) {
    return {
      outcome: "refused",
      reason: against.reason,
      use: { ...use, next_at: timeText(against.nextMs?.() ?? null) },
    };
  }
  const unsure = !clockSound && checks.some(({ timed }) => timed);
  return { outcome: unsure ? "unsure" : "admitted", use, keeps: null };
}

/** How an arrival would change who is inside and what is counted. */
interface Visit {
  /** Persons of this pass who must have left unseen, as the pass admits no more at once. */
  readonly unseen: number;
  /** Those who come back after having left: no new use. */
  readonly returning: number;
  /** Persons to count. */
  readonly charged: number;
}

function visitOf({ terms, memory, quantity }: Arrival): Visit {
  const { count, passage } = terms;
  const tooMany = Math.max(0, memory.inside + quantity - count.partySize);
  const unseen = passage === null || passage.zone.passbackMin === 0 ? 0 : Math.min(memory.inside, tooMany);
  const returning = passage?.zone.reentry === true ? Math.min(quantity, memory.outside + unseen) : 0;
  const fresh = quantity - returning;
  const charged = count.together ? Math.ceil(fresh / count.partySize) * count.partySize : fresh;
  return { unseen, returning, charged };
}

function checksOf(arrival: Arrival, visit: Visit): readonly Check[] {
  const { terms } = arrival;
  return [
    placeCheck(terms),
    hoursCheck(arrival),
    ...(terms.passage === null ? [] : passbackChecks(arrival, terms.passage, visit)),
    countCheck(arrival, visit),
    waitCheck(arrival, visit),
    ...(terms.passage === null ? [] : [capacityCheck(arrival, terms.passage, visit)]),
  ];
}

function placeCheck({ admitted }: Terms): Check {
  return { refused: !admitted, reason: "wrong_place", timed: false };
}

function hoursCheck({ terms: { hours }, calendar, atMs }: Arrival): Check {
  return {
    refused: hours !== null && !isOpen(hours, calendar.wall(atMs)),
    reason: "outside_hours",
    timed: hours !== null,
    nextMs: () => (hours === null ? null : nextOpening(hours, calendar, atMs)),
  };
}

const minuteMs = 60_000;

/** One pass, so many persons at once; a zone with `passback_min = 0` does not ask. */
function passbackChecks(arrival: Arrival, { zone }: Passage, { unseen }: Visit): readonly Check[] {
  const { terms, memory, quantity, atMs } = arrival;
  const { passbackMin } = zone;
  if (passbackMin === 0) return [];
  const until = memory.entry === null || passbackMin === null ? null : memory.entry.atMs + passbackMin * minuteMs;
  return [
    { refused: quantity > terms.count.partySize, reason: "uses_exhausted", timed: false },
    {
      refused: unseen > 0 && (passbackMin === null || (until !== null && atMs < until)),
      reason: "passback",
      timed: unseen > 0 && (passbackMin !== null || zone.empties === "daily"),
      because: memory.entry,
      nextMs: () => until,
    },
  ];
}

function countCheck(arrival: Arrival, { charged }: Visit): Check {
  const { terms, memory, calendar, atMs } = arrival;
  const { count } = terms;
  const limit = limitOf(count);
  const fits = charged <= (limit ?? charged);
  return {
    refused: limit !== null && charged > 0 && memory.used + charged > limit,
    reason: limit === 1 && memory.used >= 1 ? "already_redeemed" : "uses_exhausted",
    timed: limit !== null && charged > 0 && count.period.kind !== "ever",
    because: memory.first,
    nextMs: () => {
      const { period } = count;
      if (!fits || period.kind === "ever") return null;
      if (period.kind === "calendar") return calendar.end(period.unit, atMs);
      return memory.first === null ? null : memory.first.atMs + period.ms;
    },
  };
}

function waitCheck({ terms: { waitMs }, memory: { last }, atMs }: Arrival, { charged }: Visit): Check {
  const until = last === null ? null : last.atMs + waitMs;
  const applies = waitMs > 0 && charged > 0 && until !== null;
  return {
    refused: applies && atMs < until,
    reason: "already_redeemed",
    timed: applies,
    because: last,
    nextMs: () => until,
  };
}

function capacityCheck({ memory, quantity }: Arrival, { zone }: Passage, { unseen }: Visit): Check {
  return {
    refused: zone.capacity !== null && memory.occupancy - unseen + quantity > zone.capacity,
    reason: "over_capacity",
    timed: zone.capacity !== null && zone.empties === "daily",
  };
}

/** Nobody is held back: a pass that is not known to be inside was let in unseen, and changes nothing. */
function leaving(
  arrival: Arrival,
  { zone }: Passage,
): Extract<Ruling, { readonly use: Use; readonly keeps: Keeps | null }> {
  const { memory, quantity, question } = arrival;
  const left = Math.min(quantity, memory.inside);
  const use: Use = {
    ...useOf(arrival, memory.used),
    quantity: -quantity,
    ...earlier(memory.entry),
    certainty: left === quantity ? "confirmed" : "assumed",
  };
  const sinceMs = question.zone?.sinceMs ?? null;
  const passage = { zone: zone.id, sinceMs, way: "exit", inside: -left, outside: left } as const;
  return { outcome: "admitted", use, keeps: left === 0 ? null : { use: null, passage } };
}

function keepsOf({ terms, question, quantity }: Arrival, { unseen, returning, charged }: Visit): Keeps | null {
  const { count, passage } = terms;
  const use = charged > 0 && remembers(terms) ? { counter: count.counter, persons: charged } : null;
  const went: Keeps["passage"] =
    passage === null
      ? null
      : {
          zone: passage.zone.id,
          sinceMs: question.zone?.sinceMs ?? null,
          way: "entry",
          inside: quantity - unseen,
          outside: unseen - returning,
        };
  return use === null && went === null ? null : { use, passage: went };
}

/** Uses are written down only where a rule asks for them again. */
function remembers({ count, waitMs }: Terms): boolean {
  return count.uses !== null || waitMs > 0;
}

function limitOf({ uses, partySize }: Count): number | null {
  return uses === null ? null : uses * partySize;
}

/** @param number persons counted in the period, this presentation included */
function useOf({ terms, memory, quantity }: Arrival, number: number): Use {
  const { count, passage } = terms;
  const counted = count.uses !== null;
  if (passage === null && !remembers(terms)) return { ...noUse, quantity };
  return {
    kind: passage === null ? countKind(count) : "entry_exit",
    number: counted ? number : null,
    of: limitOf(count),
    quantity,
    scope: count.scope,
    ...earlier(memory.first),
    next_at: null,
    certainty: "confirmed",
  };
}

function countKind({ uses, period }: Count): Use["kind"] {
  if (period.kind !== "ever") return "period";
  return uses === 1 ? "single" : "count";
}

function refusedUse(arrival: Arrival, { because, nextMs }: Check): Use {
  const use = useOf(arrival, arrival.memory.used);
  return { ...use, ...(because === undefined ? {} : earlier(because)), next_at: timeText(nextMs?.() ?? null) };
}

function earlier(use: Earlier | null): Pick<Use, "first_at" | "first_lane"> {
  return { first_at: timeText(use?.atMs ?? null), first_lane: use?.lane ?? null };
}

function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
