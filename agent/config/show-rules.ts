import type { Config, RuleConfig, ZoneConfig } from "./config.ts";
import type { JsonObject } from "./value-type.ts";

/** The rules with all defaults, in the names and shape of the file; null members stand for keys left out. */
export function siteShape({ site, zones, rules }: Pick<Config, "site" | "zones" | "rules">): JsonObject {
  return {
    site: {
      time_zone: site.timeZone,
      day_begins: site.dayBegins,
      late_revocation_h: site.lateRevocationH,
      rotation_period_s: site.rotationPeriodS,
    },
    ...(zones.length === 0 ? {} : { zone: zones.map(zoneShape) }),
    ...(rules.length === 0 ? {} : { rule: rules.map(ruleShape) }),
  };
}

function zoneShape(zone: ZoneConfig): JsonObject {
  return {
    id: zone.id,
    entry: zone.entry,
    exit: zone.exit,
    capacity: zone.capacity,
    reentry: zone.reentry,
    passback_min: zone.passbackMin,
    empties: zone.empties,
    leave: zone.leave,
  };
}

function ruleShape({ kinds, templates, lanes, admit, hours, exceptions, count, waitS }: RuleConfig): JsonObject {
  return {
    kinds,
    templates,
    lanes,
    admit,
    hours,
    except: exceptions,
    ...(count === null
      ? {}
      : {
          uses: count.uses,
          per: count.per,
          party_size: count.partySize,
          party: count.party,
          counter: count.counter === "" ? null : count.counter,
          scope: count.scope,
        }),
    wait_s: waitS,
  };
}
