import type { Config, LaneConfig, RuleConfig } from "./config.ts";
import { type Findings, type KeyPath, type NewMistake, nearestName } from "./mistake.ts";

type SiteRules = Pick<Config, "site" | "zones" | "rules">;
type Lanes = readonly Pick<LaneConfig, "id">[];

/** Checks what the rules say together, and with the lanes. */
export function checkSite(rules: SiteRules, lanes: Lanes, findings: Findings): void {
  checkNamedLanes(rules, lanes, findings);
  checkZones(rules, findings);
  for (const [index, rule] of rules.rules.entries()) checkRule(rule, ["rule", index], findings);
  checkTimeZone(rules, findings);
}

/** True when every lane has a good id, so that a name which is not among them is a mistake. */
export function areLanesKnown(lanes: Lanes, findings: Findings): boolean {
  return lanes.length > 0 && lanes.every((_, index) => !findings.spoiled(["lane", index, "id"]));
}

/** A lane is named that the configuration does not have. */
export function unknownLane(name: string, lanes: readonly string[]): NewMistake {
  const nearest = nearestName(name, lanes);
  return {
    code: "unknown_lane",
    problem: "names no lane of this file",
    value: name,
    nearest: nearest === null ? null : JSON.stringify(nearest),
    allowed: lanes.map((id) => JSON.stringify(id)).join(", "),
  };
}

function checkNamedLanes({ rules, zones }: SiteRules, lanes: Lanes, findings: Findings): void {
  if (!areLanesKnown(lanes, findings)) return;
  const known = lanes.map(({ id }) => id);
  const named: readonly (readonly [KeyPath, readonly string[]])[] = [
    ...rules.map((rule, index) => [["rule", index, "lanes"], rule.lanes] as const),
    ...zones.map((zone, index) => [["zone", index, "entry"], zone.entry] as const),
    ...zones.map((zone, index) => [["zone", index, "exit"], zone.exit] as const),
  ];
  for (const [at, names] of named) {
    const stranger = names.find((name) => !known.includes(name));
    if (stranger !== undefined && !findings.spoiled(at)) findings.add(at, unknownLane(stranger, known));
  }
}

function checkZones({ zones }: SiteRules, findings: Findings): void {
  const ids = new Map<string, number>();
  const ways = new Map<string, string>();
  for (const [index, zone] of zones.entries()) {
    const at = ["zone", index, "id"];
    const earlier = ids.get(zone.id);
    if (earlier === undefined) ids.set(zone.id, index);
    else if (!findings.spoiled(at)) {
      findings.add(at, { code: "duplicate", problem: `is the id of zone[${earlier}] already`, value: zone.id });
    }
    for (const way of ["entry", "exit"] as const) {
      for (const lane of zone[way]) {
        const other = ways.get(lane);
        ways.set(lane, other ?? `zone[${index}].${way}`);
        if (other === undefined || findings.spoiled(["zone", index, way])) continue;
        const problem = `names a lane that stands in ${other} already`;
        findings.add(["zone", index, way], { code: "duplicate", problem, value: lane });
      }
    }
  }
}

function checkRule(rule: RuleConfig, path: KeyPath, findings: Findings): void {
  const { admit, hours, exceptions, count, waitS } = rule;
  if (count?.uses === "unlimited" && count.per !== null && !findings.spoiled([...path, "per"])) {
    const problem = 'says nothing where uses = "unlimited"';
    findings.add([...path, "per"], { code: "not_allowed", problem, value: count.per });
  }
  const silent = [admit, hours, exceptions, count, waitS].every((answer) => answer === null);
  const keys = ["admit", "hours", "except", "uses", "wait_s"];
  // A key whose value was refused was meant to say something.
  if (silent && !keys.some((key) => findings.spoiled([...path, key]))) {
    findings.add(path, { code: "missing_key", problem: "says nothing", allowed: `one of ${keys.join(", ")}` });
  }
}

function checkTimeZone({ site, rules, zones }: SiteRules, findings: Findings): void {
  const at = ["site", "time_zone"];
  if (site.timeZone !== null || findings.spoiled(at)) return;
  const needs = [
    ...rules.map(({ hours }, index) => (hours === null ? null : `rule[${index}].hours`)),
    ...rules.map(({ exceptions }, index) => (exceptions === null ? null : `rule[${index}].except`)),
    ...rules.map(({ count }, index) => (isCalendarPeriod(count?.per ?? null) ? `rule[${index}].per` : null)),
    ...zones.map(({ empties }, index) => (empties === "daily" ? `zone[${index}].empties` : null)),
  ].find((name) => name !== null);
  if (needs === undefined) return;
  const problem = `is missing, and ${needs} goes by the local time`;
  findings.add(at, { code: "missing_key", problem, allowed: 'an IANA time zone such as "Europe/Berlin"' });
}

function isCalendarPeriod(per: string | null): boolean {
  return per === "day" || per === "week" || per === "month";
}
