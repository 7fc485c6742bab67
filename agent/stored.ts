import { statSync } from "node:fs";
import { join } from "node:path";
import { storeFileName } from "./agent.ts";
import { openBookDesk } from "./books/desk.ts";
import type { BookDesk } from "./books/views.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import { openConditions } from "./conditions.ts";
import type { Config } from "./config/index.ts";
import { openCounters } from "./counters.ts";
import { openFacade } from "./facade.ts";
import { readIdentity } from "./identity.ts";
import { openLanes } from "./lanes.ts";
import { readTerminalLock } from "./move/lock.ts";
import { openQuestions } from "./questions.ts";
import { openWaiters } from "./readers.ts";
import { openStore, type Store, StoreFault, timeMemoryName } from "./store/index.ts";
import { lockedBy } from "./terminal.ts";
import { storedTime } from "./trust.ts";
import type { AgentFacade } from "./views.ts";

/** What the disk knows of a terminal whose agent does not run. */
export type Stored = Pick<AgentFacade, "status" | "events" | "outbox" | "unacknowledged" | "audit"> & {
  readonly books: Pick<BookDesk, "dayReport" | "scans">;
  close(): Promise<void>;
};

/**
 * Opens the store to look only. `locked`: an agent has it. `absent`: there is none yet.
 * Rejects with a `StoreFault` for a file that cannot be read.
 */
export async function openStored(
  config: Config,
  parts: { readonly clock: Clock; readonly version: string },
): Promise<Stored | "locked" | "absent"> {
  const file = join(config.stateDir, storeFileName);
  // Throws where this user may not look.
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return "absent";
  let store: Store;
  try {
    store = await openStore({
      file,
      policy: config.policy,
      rules: config,
      incarnation: "",
      readOnly: true,
      ...lookOnly,
    });
  } catch (cause) {
    if (cause instanceof StoreFault && cause.code === "store_locked") return "locked";
    throw cause;
  }
  const { clock } = parts;
  const identity = readIdentity(config.stateDir);
  const memory = await store.ask("readMeta", { name: timeMemoryName });
  const never = () => () => {};
  const nothing = { newId: () => "", corrected: () => {}, watchRecords: never, watchHappenings: never };
  const books = openBookDesk({
    ...nothing,
    config,
    store,
    clock,
    time: () => storedTime(memory, clock),
    online: () => false,
    retried: () => {},
  });
  const conditions = openConditions(
    () => rfc3339(clock.wallMs()),
    () => {},
  );
  const lock = readTerminalLock(config.stateDir);
  if (lock !== null) conditions.raise(lockedBy(lock));
  const facade = openFacade({
    ...nothing,
    config,
    version: parts.version,
    startedAt: rfc3339(clock.wallMs()),
    lanes: openLanes([], { environment: config.environment, simulated: false }, clock),
    conditions,
    readers: [],
    store: { ask: store.ask, fault: () => null },
    upkeep: null,
    waiters: openWaiters(clock),
    questions: openQuestions(clock),
    simulation: null,
    cameras: [],
    scenes: [],
    station: () => null,
    counters: openCounters(),
    sendNow: () => {},
    clock,
  });
  return {
    events: facade.events,
    outbox: facade.outbox,
    unacknowledged: facade.unacknowledged,
    audit: facade.audit,
    books,
    status: async () => ({
      ...(await facade.status()),
      scannerId: identity?.scannerId ?? null,
      tenantId: identity?.tenantId ?? null,
    }),
    close: store.close,
  };
}

/** What matters only where the file may be written. */
const lookOnly = { openedAt: "", afterLoss: "reject_single_use", suspicion: null } as const;
