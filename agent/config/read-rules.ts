import { checkSite } from "./check-rules.ts";
import type { Config, CountConfig, RuleConfig, SiteConfig, ZoneConfig } from "./config.ts";
import { type KeyPath, type Mistake, openFindings } from "./mistake.ts";
import { checkNames } from "./names.ts";
import { countKeys, maxRules, maxZones, ruleTable, siteTable, siteTables, zoneTable } from "./rules-schema.ts";
import { type Context, keyReader, optionalList, type ReadKey, subTable } from "./tables.ts";
import type { TomlTable } from "./toml.ts";

/** What the site wants: `[site]`, `[[zone]]` and `[[rule]]`. */
export type SiteRules = Pick<Config, "site" | "zones" | "rules">;

/**
 * Reads the rules out of a configuration that did not come as a file: the `config` member of a signed `scanner-config`.
 * The same checks and the same words as for the file.
 *
 * @param record members as in the file, as `JSON.parse` gives them; those that are not about rules are passed over
 * @param lanes ids of the lanes that the rules may name
 * @returns the rules, or all mistakes at once, without lines
 */
export function readSiteRules(
  record: TomlTable,
  lanes: readonly string[],
): { readonly rules: SiteRules } | { readonly mistakes: readonly Mistake[] } {
  const findings = openFindings(() => null);
  const known = Object.entries(record).filter(([name]) => siteTables.some((spec) => spec.name === name));
  const rules = readSite({ findings, folder: "/" }, Object.fromEntries(known));
  checkSite(
    rules,
    lanes.map((id) => ({ id })),
    findings,
  );
  return findings.list().length === 0 ? { rules } : { mistakes: findings.list() };
}

/** Reads the three tables; what they say together is for `checkSite`. */
export function readSite(context: Context, file: TomlTable): SiteRules {
  return {
    site: readCommon(context, subTable(context, file, siteTable)),
    zones: optionalList(context, file, zoneTable, maxZones, readZone),
    rules: optionalList(context, file, ruleTable, maxRules, readRule),
  };
}

function readCommon(context: Context, table: TomlTable): SiteConfig {
  const { keys } = siteTable;
  checkNames(table, ["site"], [siteTable], context.findings);
  const read = keyReader(context, table, ["site"]);
  return {
    timeZone: read(keys.timeZone),
    dayBegins: read(keys.dayBegins),
    lateRevocationH: read(keys.lateRevocationH),
    rotationPeriodS: read(keys.rotationPeriodS),
  };
}

function readZone(context: Context, table: TomlTable, path: KeyPath): ZoneConfig {
  const { keys } = zoneTable;
  checkNames(table, path, [zoneTable], context.findings);
  const read = keyReader(context, table, path);
  return {
    id: read(keys.id),
    entry: read(keys.entry),
    exit: read(keys.exit),
    capacity: read(keys.capacity),
    reentry: read(keys.reentry),
    passbackMin: read(keys.passbackMin),
    empties: read(keys.empties),
    leave: read(keys.leave),
  };
}

function readRule(context: Context, table: TomlTable, path: KeyPath): RuleConfig {
  const { keys } = ruleTable;
  checkNames(table, path, [ruleTable], context.findings);
  const read = keyReader(context, table, path);
  return {
    kinds: read(keys.kinds),
    templates: read(keys.templates),
    lanes: read(keys.lanes),
    admit: read(keys.admit),
    hours: read(keys.hours),
    exceptions: read(keys.exceptions),
    count: readCount(context, table, path, read),
    waitS: read(keys.waitS),
  };
}

function readCount(context: Context, table: TomlTable, path: KeyPath, read: ReadKey): CountConfig | null {
  const { keys } = ruleTable;
  const uses = read(keys.uses);
  const count = {
    per: read(keys.per),
    partySize: read(keys.partySize),
    party: read(keys.party),
    counter: read(keys.counter),
    scope: read(keys.scope),
  };
  if (uses !== null) return { uses, ...count };
  const orphan = countKeys.map((key) => keys[key].name).find((name) => Object.hasOwn(table, name));
  if (orphan !== undefined && !Object.hasOwn(table, keys.uses.name)) {
    const problem = `is missing, and ${orphan} says nothing without it`;
    context.findings.add([...path, keys.uses.name], { code: "missing_key", problem, allowed: keys.uses.type.allowed });
  }
  return null;
}
