import type { PassKind, TemplateId } from "../../verifier/index.ts";
import type { Config, CountConfig, KindPolicy, RuleConfig, ZoneConfig } from "../config/config.ts";
import { type Calendar, type CalendarUnit, openCalendar } from "./calendar.ts";
import { type Hours, parseDated, parseTime, parseWeekly } from "./hours.ts";

/** Which of the site's rules hold for one pass at one lane. Pure. */

/** The part of the configuration that rules are made of; the cloud will sign the same shape. */
export type SiteRules = Pick<Config, "site" | "zones" | "rules">;

/** What a rule can be chosen by. */
export interface Subject {
  /** Null where no kind or template is known. */
  readonly kind: PassKind | null;
  readonly templateId: TemplateId | null;
  /** The issuer says: good once. */
  readonly singleUse: boolean;
  readonly lane: string;
}

/** What the site wants of this pass at this lane. */
export interface Terms {
  readonly admitted: boolean;
  /** Null: always. */
  readonly hours: Hours | null;
  readonly count: Count;
  /** Least time between two uses; 0: none. */
  readonly waitMs: number;
  /** The lane leads into or out of a zone. */
  readonly passage: Passage | null;
}

export interface Count {
  /** Uses that the pass is good for within the period; null: any number. */
  readonly uses: number | null;
  readonly period: Period;
  /** Persons that one use admits. */
  readonly partySize: number;
  /** The whole party is counted as soon as one of it comes. */
  readonly together: boolean;
  /** Uses with the same name count together. */
  readonly counter: string;
  /** The issuer's own limit: a use anywhere, under whatever name, counts. */
  readonly everyCounter: boolean;
  readonly scope: "site" | "lane";
}

export type Period =
  | { readonly kind: "ever" }
  | { readonly kind: "calendar"; readonly unit: CalendarUnit }
  /** The last so many hours, by the true passing of time. */
  | { readonly kind: "hours"; readonly ms: number };

export interface Passage {
  readonly zone: ZoneConfig;
  readonly way: "entry" | "exit";
}

/** The rules of a site, ready for use. */
export interface Site {
  readonly calendar: Calendar;
  /** @param policy what `[policy.<kind>]` says of a pass that says nothing itself; it gives way to every rule */
  terms(subject: Subject, policy: KindPolicy): Terms;
}

const hourMs = 3_600_000;

/** Makes the rules of a checked configuration ready. Throws only for one that was not checked. */
export function openSite(config: SiteRules): Site {
  const rules = config.rules.toSorted((a, b) => closeness(b) - closeness(a));
  const passages = new Map<string, Passage>();
  for (const zone of config.zones) {
    for (const lane of zone.entry) passages.set(lane, { zone, way: "entry" });
    for (const lane of zone.exit) passages.set(lane, { zone, way: "exit" });
  }
  const hours = new Map(config.rules.map((rule) => [rule, hoursOf(rule)]));
  return {
    calendar: openCalendar(config.site.timeZone ?? "UTC", known(parseTime(config.site.dayBegins))),
    terms(subject, policy) {
      const matching = rules.filter((rule) => matches(rule, subject));
      const week = matching.find((rule) => rule.hours !== null);
      const exceptions = matching.find((rule) => rule.exceptions !== null);
      const count = matching.find((rule) => rule.count !== null)?.count ?? null;
      return {
        admitted: matching.find((rule) => rule.admit !== null)?.admit ?? true,
        hours:
          week === undefined && exceptions === undefined
            ? null
            : {
                week: week === undefined ? null : known(hours.get(week)).week,
                exceptions: exceptions === undefined ? [] : known(hours.get(exceptions)).exceptions,
              },
        count: countOf(count, policy, subject),
        waitMs: (matching.find((rule) => rule.waitS !== null)?.waitS ?? 0) * 1_000,
        passage: passages.get(subject.lane) ?? null,
      };
    },
  };
}

/**
 * How close a rule is: what the pass is says more than where it is shown, and its template more than its kind. Among equals
 * the first in the file stands (the sort is stable).
 */
function closeness({ templates, kinds, lanes }: RuleConfig): number {
  return (templates.length > 0 ? 4 : 0) + (kinds.length > 0 ? 2 : 0) + (lanes.length > 0 ? 1 : 0);
}

function matches({ templates, kinds, lanes }: RuleConfig, { templateId, kind, lane }: Subject): boolean {
  return (
    (templates.length === 0 || (templateId !== null && templates.includes(templateId))) &&
    (kinds.length === 0 || (kind !== null && kinds.includes(kind))) &&
    (lanes.length === 0 || lanes.includes(lane))
  );
}

function countOf(config: CountConfig | null, policy: KindPolicy, { singleUse, lane }: Subject): Count {
  const partySize = config?.partySize ?? 1;
  const together = config?.party === "together";
  const once = { uses: 1, period: { kind: "ever" }, counter: "", scope: "site" } as const;
  if (singleUse) return { ...once, partySize, together, everyCounter: true };
  if (config === null) {
    return { ...once, uses: policy.use === "single" ? 1 : null, partySize, together, everyCounter: false };
  }
  const { uses, per, counter, scope } = config;
  return {
    uses: uses === "unlimited" ? null : uses,
    period: periodOf(per),
    partySize,
    together,
    // No name of a counter or lane has an "@".
    counter: scope === "lane" ? `${counter}@${lane}` : counter,
    everyCounter: false,
    scope,
  };
}

function periodOf(per: string | null): Period {
  switch (per) {
    case null:
      return { kind: "ever" };
    case "day":
    case "week":
    case "month":
      return { kind: "calendar", unit: per };
    default:
      return { kind: "hours", ms: Number.parseInt(per, 10) * hourMs };
  }
}

function hoursOf({ hours, exceptions }: RuleConfig): Hours {
  return {
    week: hours === null ? null : hours.map((text) => known(parseWeekly(text))),
    exceptions: (exceptions ?? []).map((text) => known(parseDated(text))),
  };
}

/** The configuration was checked: what cannot be read here is a broken invariant. */
function known<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("a rule was not checked before it was used");
  return value;
}
