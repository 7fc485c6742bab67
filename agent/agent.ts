import { join } from "node:path";
import { Bell } from "./bell.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import { openConditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import { openFacade } from "./facade.ts";
import { readDeviceKey, readIdentity } from "./identity.ts";
import { openLanes } from "./lanes.ts";
import type { Log } from "./log.ts";
import { driverOf, openWaiters, readerSink } from "./readers.ts";
import type { ScanRecord } from "./record.ts";
import { openSimulation } from "./simulation.ts";
import { openStation, type Station } from "./station.ts";
import { type Store, timeMemoryName } from "./store/index.ts";
import { superviseStore } from "./store/supervised.ts";
import { type SupervisedReader, superviseReader } from "./supervisor.ts";
import { trustAge } from "./trust.ts";
import { ulidMaker } from "./ulid.ts";
import type { AgentFacade, ConditionCode } from "./views.ts";

export interface AgentParts {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 <= random < 1, for jitter only. */
  readonly random: () => number;
  readonly version: string;
  /** PEM text of `cloud.ca_file`, or null. */
  readonly ca: string | null;
}

/** A running agent. */
export interface Agent {
  readonly facade: AgentFacade;
  /** Rejects when something that must not fail did: the program ends then. Never resolves before `stop`. */
  readonly failed: Promise<void>;
  /** The writer thread answers, or is in a storage fault that is known and reported. */
  alive(): Promise<boolean>;
  /** What a slow stop waits for, in words. */
  waitingFor(): string;
  /** Takes no more presentations, finishes those in work, stops the cloud, closes the store. */
  stop(): Promise<void>;
}

/** Name of the database file in the state folder. */
export const storeFileName = "agent.sqlite";
/** How often ages and clocks are looked at, and how often the time memory is written, milliseconds. */
const tickMs = 1_000;
const saveTimeMs = 60_000;
/** How often old records are looked for, milliseconds, and how long they are kept at least, days (formats.md section 7). */
const pruneEveryMs = 3_600_000;
const keepDays = 90;

/**
 * Opens the store and everything on it. Rejects with a `StoreFault` when the store cannot be opened at all; every other
 * trouble (no reader, not enrolled, no network) is a condition of a running agent.
 */
export async function startAgent(config: Config, parts: AgentParts): Promise<Agent> {
  const { clock, log } = parts;
  const startedAt = rfc3339(clock.wallMs());
  const newId = ulidMaker(clock.wallMs);
  const stopping = new AbortController();
  const { signal } = stopping;
  const recordedBell = new Bell();
  const waiters = openWaiters(clock);
  const simulated = config.simulation !== null;

  const conditions = openConditions(
    () => rfc3339(clock.wallMs()),
    ({ code, subject, severity }, raised) =>
      log.info(raised ? "condition_raised" : "condition_cleared", { code, subject, severity }),
  );
  const lanes = openLanes(config.lanes, { environment: config.environment, simulated }, clock);
  let station: Station | null = null;
  const readers: SupervisedReader[] = [];

  const blockedBy = (lane: string): ConditionCode | null => {
    if (conditions.has("storage_failed")) return "storage_failed";
    if (station === null) return "not_enrolled";
    const mine = readers.filter((reader) => reader.view().lane === lane);
    const [first] = mine;
    return mine.every((reader) => reader.fault() !== null) ? (first?.fault() ?? null) : null;
  };
  const evaluate = (): void => {
    for (const { id } of config.lanes) {
      const reason = blockedBy(id);
      lanes.tell(id, reason === null ? { kind: "unblocked" } : { kind: "blocked", reason });
    }
  };

  const settle = async (store: Store): Promise<void> => {
    await station?.trust.reload(store);
    const unsettled = station?.pipeline.unsettled() ?? [];
    if (unsettled.length > 0) await store.ask("settle", unsettled);
    station?.pipeline.settled(unsettled.length);
    conditions.clear("storage_failed", null);
    evaluate();
  };
  const store = await superviseStore(
    {
      file: join(config.stateDir, storeFileName),
      policy: config.policy,
      incarnation: newId(),
      readOnly: false,
    },
    {
      lost: (fault) => {
        conditions.raise({ ...storageFailed, detail: fault.message });
        evaluate();
      },
      back: settle,
    },
    parts,
  );

  const recorded = (record: ScanRecord): void => {
    recordedBell.ring();
    waiters.tell(record);
    const { outcome, reason, by } = record.decision;
    log.info("scan", { scan: record.id, lane: record.lane, reader: record.reader, outcome, reason, by });
  };
  const tasks: Promise<void>[] = [];
  const syncing = new AbortController();
  const work = async (): Promise<void> => {
    const enrolled = await waitForIdentity(config, clock, signal, () => {
      conditions.raise(notEnrolled);
      evaluate();
    });
    if (enrolled === null) return;
    const opened = await openStation(enrolled.identity, enrolled.key, {
      ...parts,
      config,
      store,
      lanes,
      conditions,
      newId,
      recorded,
      recordedBell,
    });
    station = opened;
    conditions.clear("not_enrolled", null);
    evaluate();
    await Promise.all([opened.sync(syncing.signal), watchTrust(opened), prune(opened)]);
  };
  /** Lets go of acknowledged records that are old enough; never of one that the cloud does not have. */
  const prune = async (opened: Station): Promise<void> => {
    while (!signal.aborted) {
      const { time } = opened.trust.now();
      if (time.clock === "trusted" && store.fault() === null) {
        const olderThan = rfc3339(time.ms - keepDays * 86_400_000);
        const gone = await store.ask("prune", { olderThan }).catch(() => 0);
        if (gone > 0) log.info("journal_pruned", { records: gone });
      }
      await clock.sleep(pruneEveryMs, signal);
    }
  };
  /** Ages are looked at every second: a lane says within that second that it works on old trust data. */
  const watchTrust = async (opened: Station): Promise<void> => {
    let savedMs = clock.monotonicMs();
    while (!signal.aborted) {
      const { trust, at, time } = opened.trust.now();
      const { age } = trustAge(trust, at);
      for (const condition of trustConditions) {
        if (condition.when({ age, clock: time.clock, keys: trust.keys !== null })) conditions.raise(condition.raise);
        else conditions.clear(condition.raise.code, null);
      }
      lanes.setDegraded(age !== "fresh");
      if (clock.monotonicMs() - savedMs > saveTimeMs && store.fault() === null) {
        savedMs = clock.monotonicMs();
        await opened.trust.saveTime();
      }
      await clock.sleep(tickMs, signal);
    }
  };
  tasks.push(work());
  for (const reader of config.readers) {
    const driver = driverOf(reader);
    const source = { reader: reader.id, lane: reader.lane, channel: driver.channel };
    const sink = readerSink(source, lanes, () => station?.pipeline ?? null);
    const supervised = superviseReader(reader, driver, sink, { ...parts, conditions, changed: evaluate }, signal);
    readers.push(supervised);
    tasks.push(supervised.done);
  }

  const simulation = config.simulation === null ? null : openSimulation(config.simulation.socket);
  const facade = openFacade({
    config,
    version: parts.version,
    startedAt,
    lanes,
    conditions,
    readers,
    store,
    waiters,
    simulation,
    scenes: (await simulation?.scenes().catch(() => [])) ?? [],
    station: () => station,
    sendNow: () => {
      recordedBell.ring();
      station?.hurry();
    },
    clock,
  });
  const all = Promise.all(tasks).then(() => {});
  let waitingFor = "nothing";
  return {
    facade,
    failed: all,
    waitingFor: () => waitingFor,
    async alive() {
      if (store.fault() !== null) return true;
      await store.ask("readMeta", { name: timeMemoryName }).catch(() => null);
      return true;
    },
    async stop() {
      waitingFor = "the disk to take the last decisions";
      stopping.abort();
      const never = new AbortController().signal;
      while ((station?.pipeline.busy() ?? 0) > 0) await clock.sleep(5, never);
      waitingFor = "readers and the cloud link to close";
      syncing.abort();
      await all;
      waitingFor = "the store to close";
      await store.close();
      waitingFor = "nothing";
    },
  };
}

/** Resolves when the identity files are there (`pass-agent enroll` writes them), or with null when stopped. */
async function waitForIdentity(config: Config, clock: Clock, signal: AbortSignal, missing: () => void) {
  for (let told = false; !signal.aborted; told = true) {
    const identity = readIdentity(config.stateDir);
    const key = readDeviceKey(config.stateDir);
    if (identity !== null && key !== null) return { identity, key };
    if (!told) missing();
    await clock.sleep(tickMs, signal);
  }
  return null;
}

const storageFailed = {
  code: "storage_failed",
  subject: null,
  severity: "error",
  remedy: "free space or replace the disk; lanes open by themselves when a write succeeds again",
} as const;

const notEnrolled = {
  code: "not_enrolled",
  subject: null,
  severity: "error",
  detail: "this terminal belongs to no tenant yet",
  remedy: "make a code for it in the dashboard, then: pass-agent enroll <code>",
} as const;

interface TrustFacts {
  readonly age: "fresh" | "stale" | "expired" | null;
  readonly clock: string;
  readonly keys: boolean;
}

const trustConditions = [
  {
    when: (facts: TrustFacts) => !facts.keys,
    raise: {
      code: "trust_missing",
      subject: null,
      severity: "error",
      detail: "no signed keys yet: no pass can be verified",
      remedy: "connect this terminal to the cloud once",
    },
  },
  {
    when: (facts: TrustFacts) => facts.age === "stale",
    raise: {
      code: "trust_stale",
      subject: null,
      severity: "warning",
      detail: "the revocation data is older than planned: passes are decided and marked",
      remedy: "check the network before the offline budget ends",
    },
  },
  {
    when: (facts: TrustFacts) => facts.age === "expired",
    raise: {
      code: "trust_expired",
      subject: null,
      severity: "error",
      detail: "the offline budget is used up: the site's policy decides each pass",
      remedy: "connect this terminal to the cloud",
    },
  },
  {
    when: (facts: TrustFacts) => facts.clock === "suspect" || (facts.clock === "unknown" && facts.keys),
    raise: {
      code: "clock_untrusted",
      subject: null,
      severity: "error",
      detail: "the device clock disagrees with signed time",
      remedy: "set the clock (timedatectl), or connect this terminal to the cloud",
    },
  },
] as const;
