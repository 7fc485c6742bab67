import { existsSync } from "node:fs";
import { join } from "node:path";
import { storeFileName } from "./agent.ts";
import { type Clock, rfc3339 } from "./clock.ts";
import { openConditions } from "./conditions.ts";
import type { Config } from "./config/index.ts";
import { openFacade } from "./facade.ts";
import { readIdentity } from "./identity.ts";
import { openLanes } from "./lanes.ts";
import { openWaiters } from "./readers.ts";
import { openStore, type Store, StoreFault } from "./store/index.ts";
import type { AgentFacade } from "./views.ts";

/** What the disk knows of a terminal whose agent does not run. */
export type Stored = Pick<AgentFacade, "status" | "events" | "outbox" | "unacknowledged" | "audit"> & {
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
  if (!existsSync(file)) return "absent";
  let store: Store;
  try {
    store = await openStore({ file, policy: config.policy, incarnation: "", readOnly: true });
  } catch (cause) {
    if (cause instanceof StoreFault && cause.code === "store_locked") return "locked";
    throw cause;
  }
  const { clock } = parts;
  const identity = readIdentity(config.stateDir);
  const facade = openFacade({
    config,
    version: parts.version,
    startedAt: rfc3339(clock.wallMs()),
    lanes: openLanes([], { environment: config.environment, simulated: false }, clock),
    conditions: openConditions(
      () => rfc3339(clock.wallMs()),
      () => {},
    ),
    readers: [],
    store: { ask: store.ask, fault: () => null, close: store.close },
    waiters: openWaiters(clock),
    simulation: null,
    scenes: [],
    station: () => null,
    sendNow: () => {},
    clock,
  });
  return {
    events: facade.events,
    outbox: facade.outbox,
    unacknowledged: facade.unacknowledged,
    audit: facade.audit,
    status: async () => ({
      ...(await facade.status()),
      scannerId: identity?.scannerId ?? null,
      tenantId: identity?.tenantId ?? null,
    }),
    close: store.close,
  };
}
