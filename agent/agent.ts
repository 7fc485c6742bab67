import { join } from "node:path";
import type { Agent, AgentParts } from "./agent-views.ts";
import { Bell } from "./bell.ts";
import { webhookId } from "./books/delivery.ts";
import { rfc3339 } from "./clock.ts";
import { openConditions } from "./conditions.ts";
import type { Config } from "./config/config.ts";
import { openCounters } from "./counters.ts";
import { openDisk } from "./disk.ts";
import { openFacade } from "./facade.ts";
import { openHappenings, trustDocuments } from "./happenings.ts";
import { cameraOf, type LaneCamera } from "./lane-camera.ts";
import { openLanes } from "./lanes.ts";
import { openQuestions } from "./questions.ts";
import { driverOf, openWaiters, readerSink } from "./readers.ts";
import type { ScanRecord } from "./record.ts";
import { readingLanes, watchTrial } from "./remote/trial.ts";
import { openScanEnrolment } from "./scan-enrolment.ts";
import { openSimulation } from "./simulation.ts";
import { openStation, type Station } from "./station.ts";
import { isAside, type Store, type StoreFault, timeMemoryName } from "./store/index.ts";
import { superviseStore } from "./store/supervised.ts";
import { type SupervisedReader, superviseReader } from "./supervisor.ts";
import { lockedBy, notEnrolled, type Terminal, untilChanged, untilEnrolled } from "./terminal.ts";
import { publishedTiming } from "./timing.ts";
import { ulidMaker } from "./ulid.ts";
import { openUpkeep } from "./upkeep.ts";
import type { ConditionCode } from "./views.ts";
import { openWallets } from "./wallets.ts";
import { pruneJournal, unlessStorage, watchTrust } from "./watches.ts";

export type { Agent, AgentParts } from "./agent-views.ts";

/** Name of the database file in the state folder. */
export const storeFileName = "agent.sqlite";

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
  const webhookBells = new Map(config.webhooks.map(({ url }) => [webhookId(url), new Bell()]));
  const counters = openCounters();
  const waiters = openWaiters(clock);
  const questions = openQuestions(clock);
  const simulated = config.simulation !== null;

  const happenings = openHappenings({
    clock,
    config,
    documents: () => trustDocuments(station?.trust.now() ?? null),
    outbox: async () => (await facade.status()).outbox,
  });
  const conditions = openConditions(
    () => rfc3339(clock.wallMs()),
    (condition, raised) => {
      const { code, subject, severity } = condition;
      log.info(raised ? "condition_raised" : "condition_cleared", { code, subject, severity });
      happenings.condition(condition, raised);
    },
  );
  const credentialsDir = parts.credentialsDir ?? null;
  const wallets = await openWallets(config.wallet, { clock, log, conditions, credentialsDir });
  const lanes = openLanes(config.lanes, { environment: config.environment, simulated }, clock);
  let station: Station | null = null;
  const readers: SupervisedReader[] = [];

  const blockedBy = (lane: string): ConditionCode | null => {
    if (conditions.has("storage_failed")) return "storage_failed";
    if (conditions.has("terminal_locked", null)) return "terminal_locked";
    if (station === null) return "not_enrolled";
    if (conditions.has("lane_closed", null)) return "lane_closed";
    const mine = readers.filter((reader) => reader.view().lane === lane);
    const [first] = mine;
    return mine.every((reader) => reader.fault() !== null) ? (first?.fault() ?? null) : null;
  };
  const evaluate = (): void => {
    for (const { id } of config.lanes) {
      const reason = blockedBy(id);
      lanes.tell(id, reason === null ? { kind: "unblocked" } : { kind: "blocked", reason });
      for (const reader of readers)
        if (reader.view().lane === id) reader.arm(reason === null || reason === "not_enrolled");
    }
    happenings.readers(readers);
  };

  const recordListeners = new Set<() => void>();
  /** There is something new for the cloud and for the receivers of scans. */
  const ring = (): void => {
    recordedBell.ring();
    for (const listener of recordListeners) listener();
    for (const bell of webhookBells.values()) bell.ring();
  };
  /** What was written down while it was opened is there for everybody only then. */
  const ringOnceOpen = async (): Promise<void> => {
    if (await store.whenOpen(signal)) ring();
  };
  const settle = async (store: Store): Promise<void> => {
    await station?.trust.reload(store);
    await station?.forks.restore(store);
    const unsettled = station?.pipeline.unsettled() ?? [];
    if (unsettled.length > 0) await store.ask("settle", unsettled);
    station?.pipeline.settled(unsettled.length);
    await upkeep.back(store);
    evaluate();
    void ringOnceOpen();
  };
  const lost = (fault: StoreFault): void => {
    upkeep.lost(fault);
    evaluate();
  };
  const file = join(config.stateDir, storeFileName);
  const upkeep = openUpkeep({ ...parts, stateDir: config.stateDir, disk: openDisk(file, isAside), conditions });
  const { policy, storage } = config;
  const store = await superviseStore(
    { file, policy, rules: config, readOnly: false, afterLoss: storage.afterLoss },
    { lost, back: settle },
    { ...parts, newId },
  );

  const corrected = (record: ScanRecord): void => {
    ring();
    const { outcome, reason, by } = record.decision;
    log.info("scan", { scan: record.id, lane: record.lane, reader: record.reader, outcome, reason, by });
  };
  const recorded = (record: ScanRecord): void => {
    corrected(record);
    waiters.tell(record);
  };
  const restart = Promise.withResolvers<string>();
  const tasks: Promise<void>[] = [];
  const syncing = new AbortController();
  // Resolved when it is known what becomes of a pass: there is a station, or a reason why there is none.
  const begun = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    const terminal = await untilEnrolled(config.stateDir, clock, signal, () => {
      conditions.raise(notEnrolled);
      evaluate();
      begun.resolve();
    });
    if (terminal === null) return;
    const { lock, enrolled } = terminal;
    if (lock !== null || enrolled === null) {
      begun.resolve();
      if (lock !== null) conditions.raise(lockedBy(lock));
      evaluate();
      return watchTerminal(terminal);
    }
    const timing = { ...publishedTiming, ...parts.timing };
    const stationParts = {
      ...parts,
      settings: {
        layers: parts.layers ?? null,
        changed: () => evaluate(),
        readingLanes: () => readingLanes(readers),
        restart: restart.resolve,
      },
      config,
      print: terminal.print,
      store,
      lanes,
      conditions,
      newId,
      recorded,
      repeated: waiters.tell,
      recordedBell,
      webhookBells,
      counters,
      questions,
      timing,
    };
    let opened: Station | null = null;
    if (store.fault() !== null) begun.resolve();
    while (opened === null && (await store.whenOpen(signal))) {
      opened = await openStation(enrolled.identity, enrolled.key, stationParts).catch(unlessStorage);
      if (opened === null) begun.resolve();
    }
    if (opened === null) return;
    station = opened;
    const watched = { ...parts, config, store, conditions, lanes, newId, recorded: ring, signal };
    conditions.clear("not_enrolled", null);
    evaluate();
    begun.resolve();
    await Promise.all([
      opened.sync(syncing.signal),
      watchTrust(opened, watched),
      watchTerminal(terminal),
      pruneJournal(opened.trust, watched),
      watchTrial(opened.remote, config, readers, { clock, withinMs: timing.trialMs }, signal),
    ]);
  };
  /** Another identity, key or lock on disk than the one this agent began with: it begins again. */
  const watchTerminal = async ({ print }: Terminal): Promise<void> => {
    const changed = await untilChanged(config.stateDir, print, { clock, signal });
    if (changed) restart.resolve("this terminal was given another identity, key or lock");
  };
  const working = work().finally(begun.resolve);
  // Told by `failed` once all tasks are there.
  working.catch(() => {});
  tasks.push(working, upkeep.run(store, signal));
  // A pass that lies on a reader already is not shown to an agent that does not know yet whether it is enrolled.
  await begun.promise;
  const enrolment = openScanEnrolment({ ...parts, config, conditions, lanes, signal });
  const cameras: LaneCamera[] = [];
  for (const reader of config.readers) {
    const camera = reader.kind === "camera" ? { ...reader, reader: reader.id, driver: cameraOf(reader) } : null;
    if (camera !== null) cameras.push({ ...camera, take: camera.driver.take });
    const driver = camera?.driver ?? driverOf(reader, wallets);
    const source = { reader: reader.id, lane: reader.lane, channel: driver.channel };
    const sink = happenings.heard(
      source,
      readerSink(source, lanes, () => station?.pipeline ?? enrolment, wallets),
    );
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
    upkeep,
    waiters,
    questions,
    simulation,
    cameras,
    scenes: (await simulation?.scenes().catch(() => [])) ?? [],
    station: () => station,
    counters,
    newId,
    corrected,
    watchHappenings: happenings.watch,
    watchRecords: (listener) => {
      recordListeners.add(listener);
      return () => recordListeners.delete(listener);
    },
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
    restartWanted: restart.promise,
    waitingFor: () => waitingFor,
    async alive() {
      if (store.fault() !== null) return true;
      await store.ask("readMeta", { name: timeMemoryName }).catch(() => null);
      return true;
    },
    async stop() {
      waitingFor = "the disk to take the last decisions";
      stopping.abort();
      questions.close();
      const never = new AbortController().signal;
      while ((station?.pipeline.busy() ?? 0) > 0) await clock.sleep(5, never);
      waitingFor = "readers and the cloud link to close";
      syncing.abort();
      await all;
      waitingFor = "the store to close";
      if (store.fault() === null) await station?.trust.saveTime().catch(unlessStorage);
      await store.close();
      waitingFor = "nothing";
    },
  };
}
