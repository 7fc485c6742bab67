import { join } from "node:path";
import type { Clock } from "../../agent/clock.ts";
import type { Log } from "../../agent/log.ts";
import { nodePrimitives } from "../../agent/primitives.ts";
import { openStore, type Store } from "../../agent/store/index.ts";
import { openTrustKeeper, type TrustKeeper } from "../../agent/trust.ts";
import { openTrustDesk } from "../../agent/trust-desk.ts";
import type { TrustDesk } from "../../agent/trust-views.ts";
import { temporaryFolder, writerOptions } from "../store/harness.ts";
import { pin, rootOne, start, tenant } from "../verifier/world.ts";

/** A clock that stands where the test puts it. */
export interface HeldClock extends Clock {
  /** Wall clock, seconds after the start of the world. */
  wallS: number;
  uptimeS: number;
  bootId: string;
}

export function heldClock(wallS = 0): HeldClock {
  const clock: HeldClock = {
    wallS,
    uptimeS: 100,
    bootId: "boot a",
    wallMs: () => (start + clock.wallS) * 1000,
    monotonicMs: () => clock.uptimeS * 1000,
    boot: () => ({ id: clock.bootId, uptimeS: clock.uptimeS }),
    sleep: async () => {},
    after: () => () => {},
  };
  return clock;
}

const silence: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const identity = { tenantId: tenant, environment: "sandbox", rootPin: pin, root: rootOne } as const;

/** The trust side of an enrolled terminal on a real database. */
export interface Terminal extends AsyncDisposable {
  readonly clock: HeldClock;
  readonly folder: string;
  keeper: TrustKeeper;
  desk: TrustDesk;
  store: Store;
  /** Closes the database and opens everything from it again. */
  restart(): Promise<void>;
}

export async function startTerminal(wallS = 0, root = identity): Promise<Terminal> {
  const folder = temporaryFolder();
  const clock = heldClock(wallS);
  const open = async () => {
    const store = await openStore(writerOptions(folder.path));
    const keeper = await openKeeper(store, clock, root);
    const desk = openTrustDesk(keeper, { rootPin: root.rootPin, rootOrigin: "qr" });
    return { store, keeper, desk };
  };
  const terminal: Terminal = {
    clock,
    folder: folder.path,
    ...(await open()),
    async restart() {
      await terminal.store.close();
      Object.assign(terminal, await open());
    },
    async [Symbol.asyncDispose]() {
      await terminal.store.close();
      folder[Symbol.dispose]();
    },
  };
  return terminal;
}

export function openKeeper(store: Store, clock: Clock, root = identity): Promise<TrustKeeper> {
  return openTrustKeeper(root, { store, clock, log: silence, primitives: nodePrimitives() });
}

export function fileIn(folder: string, name: string): string {
  return join(folder, name);
}
