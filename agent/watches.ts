import { type Clock, rfc3339 } from "./clock.ts";
import type { Conditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import type { Lanes } from "./lanes.ts";
import { watchLateRevocations } from "./late-revocation.ts";
import type { Log } from "./log.ts";
import type { Station } from "./station.ts";
import { StoreFault } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import { trustAge } from "./trust.ts";
import { trustConditions } from "./trust-conditions.ts";

/** How often ages and clocks are looked at, and how often the time memory is written, milliseconds. */
const tickMs = 1_000;
const saveTimeMs = 60_000;
/** How often old records are looked for, milliseconds, and how long they are kept at least, days (formats.md section 7). */
const pruneEveryMs = 3_600_000;
const keepDays = 90;

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Config;
  readonly store: SupervisedStore;
  readonly conditions: Conditions;
  readonly lanes: Lanes;
  readonly newId: () => string;
  /** There are new records. */
  readonly recorded: () => void;
  readonly signal: AbortSignal;
}

/** Ages are looked at every second: a lane says within that second that it works on old trust data. */
export async function watchTrust({ trust: keeper, identity }: Station, parts: WatchParts): Promise<void> {
  const { clock, config, conditions, lanes, store, signal } = parts;
  const late = watchLateRevocations({
    ...parts,
    ...identity,
    trust: keeper,
    environment: config.environment,
    windowH: config.site.lateRevocationH,
  });
  let savedMs = clock.monotonicMs();
  while (!signal.aborted) {
    const { trust, at, time } = keeper.now();
    const { age } = trustAge(trust, at);
    for (const condition of trustConditions) {
      if (condition.when({ age, clock: time.clock, keys: trust.keys !== null })) conditions.raise(condition.raise);
      else conditions.clear(condition.raise.code, null);
    }
    lanes.setDegraded(age !== "fresh");
    await late.look();
    if (clock.monotonicMs() - savedMs > saveTimeMs && store.fault() === null) {
      savedMs = clock.monotonicMs();
      await keeper.saveTime().catch(unlessStorage);
    }
    await clock.sleep(tickMs, signal);
  }
}

/** Lets go of acknowledged records that are old enough; never of one that the cloud does not have. */
export async function pruneJournal(keeper: Station["trust"], parts: WatchParts): Promise<void> {
  const { clock, log, store, signal } = parts;
  while (!signal.aborted) {
    const { time } = keeper.now();
    if (time.clock === "trusted" && store.fault() === null) {
      const olderThan = rfc3339(time.ms - keepDays * 86_400_000);
      const gone = (await store.ask("prune", { olderThan }).catch(unlessStorage)) ?? 0;
      if (gone > 0) log.info("journal_pruned", { records: gone });
    }
    await clock.sleep(pruneEveryMs, signal);
  }
}

/** A store that is lost is said elsewhere, and comes back by itself. Anything else is thrown again. */
export function unlessStorage(cause: unknown): null {
  if (!(cause instanceof StoreFault)) throw cause;
  return null;
}
