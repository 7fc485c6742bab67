import { passKinds, type TemplateId, templateId } from "../../verifier/index.ts";
import { isTimeZone } from "../rules/calendar.ts";
import { parseDated, parseTime, parseWeekly } from "../rules/hours.ts";
import { absent, required, type TableSpec, withDefault } from "./key.ts";
import { id } from "./schema.ts";
import { flag, integer, integerOr, listOf, oneOf, text, type ValueType } from "./value-type.ts";

/** The part of the table of keys that says what the site wants: the same in the file and in what the cloud signs. */

const lanes = listOf(id, 64);

const template: ValueType<TemplateId> = {
  ...text({
    allowed: 'a template id, "tpl_" and 26 characters',
    pattern: /^tpl_[0-7][0-9A-HJKMNP-TV-Z]{25}$/,
    max: 30,
  }),
  // Never leaves: stands in for a refused value while the rest is checked.
  placeholder: templateId("tpl_00000000000000000000000000") ?? unreachable(),
  parse: (value) => {
    const found = typeof value === "string" ? templateId(value) : null;
    if (found !== null) return { ok: true, value: found };
    return { ok: false, code: "not_allowed", problem: "is not a template id", nearest: null };
  },
};

function unreachable(): never {
  throw new Error("a template id of zeros is well-formed");
}

export const siteTable = {
  name: "site",
  header: "[site]",
  doc: "What all rules have in common.",
  keys: {
    timeZone: absent(
      "time_zone",
      text({
        allowed: 'an IANA time zone such as "Europe/Berlin"',
        pattern: /^[A-Za-z][A-Za-z0-9_+/-]*$/,
        max: 64,
        check: (name) => (isTimeZone(name) ? null : "is not a time zone that this program knows"),
      }),
      "the system's, and for reports only",
      "Whose clock hours, days, weeks and months go by. Required as soon as a rule or zone needs one.",
    ),
    dayBegins: withDefault(
      "day_begins",
      text({
        allowed: 'a local time such as "04:00"',
        pattern: /^[0-9]{2}:[0-9]{2}$/,
        max: 5,
        check: (time) => (parseTime(time) === null ? "is not a time of day" : null),
      }),
      "00:00",
      "When a day begins, and with it a week or month: a night that ends at three belongs to the evening before with `04:00`.",
    ),
    lateRevocationH: withDefault(
      "late_revocation_h",
      integer({ min: 0, max: 720, unit: "hours" }),
      24,
      "A pass revoked this soon after it was accepted is reported to the operator and the cloud; 0 switches it off.",
    ),
    rotationPeriodS: withDefault(
      "rotation_period_s",
      integer({ min: 5, max: 300, unit: "seconds" }),
      30,
      "How long one value of a rotating code lasts. It must be what the issuer uses (see rotating-codes.md).",
    ),
  },
} satisfies TableSpec;

export const zoneTable = {
  name: "zone",
  header: "[[zone]]",
  doc: "A place whose guests are counted, with lanes that lead in and lanes that lead out. Repeat the header for each zone, at most 64. A lane leads in or out of one zone at most. See rules.md.",
  keys: {
    id: required("id", id, "Names the zone in the memory of who is inside."),
    entry: required("entry", lanes, "Lanes that lead in."),
    exit: withDefault("exit", lanes, [], "Lanes that lead out."),
    capacity: absent(
      "capacity",
      integer({ min: 1, max: 1_000_000, unit: "persons" }),
      "no limit",
      "Most persons inside; the next gets `over_capacity`.",
    ),
    reentry: withDefault(
      "reentry",
      flag,
      false,
      "May those who left come back without using the pass up once more, also one that is issued for one use?",
    ),
    passbackMin: absent(
      "passback_min",
      integer({ min: 0, max: 10_080, unit: "minutes" }),
      "until it has left",
      "How long a pass that is inside is refused at the entry (`passback`); afterwards its holder counts as having left unseen. 0: it is not asked, and several may come on one pass.",
    ),
    empties: withDefault(
      "empties",
      oneOf(["never", "daily"]),
      "never",
      "`daily`: when the site's day begins, nobody is inside.",
    ),
    leave: withDefault(
      "leave",
      oneOf(["whoever_is_inside", "valid_only"]),
      "whoever_is_inside",
      "Who is let out. A pass may expire or be revoked while its holder is inside.",
    ),
  },
} satisfies TableSpec;

export const ruleTable = {
  name: "rule",
  header: "[[rule]]",
  doc: "What holds for some passes at some lanes. Repeat the header for each rule, at most 256. Each question is answered by the closest rule that says anything about it: one that names templates before one that names kinds, that before one that names lanes, and the first in the file among equals. See rules.md.",
  keys: {
    kinds: withDefault("kinds", listOf(oneOf(passKinds), passKinds.length), [], "Kinds it holds for; empty: all."),
    templates: withDefault("templates", listOf(template, 64), [], "Templates it holds for; empty: all."),
    lanes: withDefault("lanes", lanes, [], "Lanes it holds at; empty: all."),
    admit: absent("admit", flag, "says nothing", "`false`: these passes get `wrong_place` at these lanes."),
    hours: absent(
      "hours",
      listOf(
        text({
          allowed: 'days and times such as "mon-fri 09:00-18:00" or "daily 22:00-04:00"',
          pattern: /^[a-z,-]+ [0-9:]+-[0-9:]+$/,
          max: 60,
          check: (hours) => (parseWeekly(hours) === null ? "is not days and times" : null),
        }),
        32,
      ),
      "says nothing",
      "Weekly openings; outside of them `outside_hours`. An empty list: never.",
    ),
    exceptions: absent(
      "except",
      listOf(
        text({
          allowed: 'a date with times or "closed", such as "2026-12-24 09:00-12:00" or "2026-12-25..2026-12-26 closed"',
          pattern: /^[0-9.-]+ (?:closed|[0-9:]+-[0-9:]+)$/,
          max: 40,
          check: (dated) => (parseDated(dated) === null ? "is not a date with times" : null),
        }),
        366,
      ),
      "says nothing",
      "Dates on which this holds instead of the week.",
    ),
    uses: absent(
      "uses",
      integerOr("unlimited", { min: 1, max: 10_000 }),
      "what [policy.<kind>] says",
      "How often a pass may be used that does not say so itself. A pass that is issued for one use stays that.",
    ),
    per: absent(
      "per",
      text({
        allowed: '"day", "week", "month", or hours such as "24h", at most "8784h"',
        pattern: /^(?:day|week|month|[1-9][0-9]{0,3}h)$/,
        max: 5,
        check: (per) => (Number.parseInt(per, 10) > 8_784 ? "is longer than 8784 hours" : null),
      }),
      "the life of the pass",
      "The period that `uses` counts in: one of the calendar, from Monday for a week, or the last so many hours.",
    ),
    partySize: withDefault(
      "party_size",
      integer({ min: 1, max: 1_000, unit: "persons" }),
      1,
      "Persons that one use admits.",
    ),
    party: withDefault(
      "party",
      oneOf(["open", "together"]),
      "open",
      "May the rest of a party come later? `together`: who does not come at once has lost the place.",
    ),
    counter: withDefault(
      "counter",
      text({ allowed: id.allowed, pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/, max: 64 }),
      "",
      "Uses under the same name count together. Rules without one share one count. A new name starts from nothing.",
    ),
    scope: withDefault("scope", oneOf(["site", "lane"]), "site", "`lane`: every lane counts for itself."),
    waitS: absent(
      "wait_s",
      integer({ min: 1, max: 31_622_400, unit: "seconds" }),
      "says nothing",
      "Least time from one use to the next.",
    ),
  },
} satisfies TableSpec;

/** Keys of `[[rule]]` that say nothing without `uses`. */
export const countKeys = ["per", "partySize", "party", "counter", "scope"] as const;

export const siteTables: readonly TableSpec[] = [siteTable, zoneTable, ruleTable];
export const maxZones = 64;
export const maxRules = 256;
