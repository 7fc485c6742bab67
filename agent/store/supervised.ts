import { type Clock, rfc3339 } from "../clock.ts";
import type { Log } from "../log.ts";
import {
  openStore,
  type Store,
  StoreFault,
  type StoreFaultCode,
  type StoreOp,
  type StoreOps,
  type Suspicion,
  type WriterOptions,
} from "./index.ts";

/** A store that comes back: reopened with back-off after any storage fault, as often as it takes. */
export interface SupervisedStore {
  ask<Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): Promise<StoreOps[Op]["answer"]>;
  /** The fault that keeps it closed now, or null while it is open. */
  fault(): StoreFault | null;
  /** Resolves when it is open, with true; or with false when `signal` aborts before. */
  whenOpen(signal: AbortSignal): Promise<boolean>;
  /** From now on, and after every reopening, the site wants this. */
  rule(policy: StandingOptions["policy"], rules: StandingOptions["rules"]): Promise<void>;
  /** Gives the file up as damaged: it is set aside and begun again with all that can be saved. */
  condemn(reason: string): Promise<void>;
  close(): Promise<void>;
}

export interface StoreEvents {
  /** Decisions can no longer be kept. Called before the first wait for a new try. */
  readonly lost: (fault: StoreFault) => void;
  /** They can again; awaited before any other use. */
  readonly back: (store: Store) => Promise<void>;
}

/** What each opening gets; the rest is made anew for each. */
export type StandingOptions = Omit<WriterOptions, "incarnation" | "openedAt" | "suspicion">;

/** Waits between tries, milliseconds; the last repeats. */
const backOffMs = [200, 500, 1_000, 2_000, 5_000] as const;

/** Faults at the very first opening that no waiting cures: another agent, another program's file. */
const hopeless: ReadonlySet<StoreFaultCode> = new Set(["store_locked", "store_newer", "store_foreign"]);

/**
 * Opens the store and keeps it open. A disk that refuses the first opening is waited for, like one that fails later.
 *
 * Rejects with the `StoreFault` of a first opening that no waiting cures.
 */
export async function superviseStore(
  options: StandingOptions,
  events: StoreEvents,
  parts: { readonly clock: Clock; readonly log: Log; readonly newId: () => string },
): Promise<SupervisedStore> {
  const { clock, log } = parts;
  const stopping = new AbortController();
  let store: Store | null = null;
  let fault: StoreFault | null = null;
  let condemned: StoreFault | null = null;
  let opened = Promise.withResolvers<void>();
  let standing = options;

  const open = async (suspicion: Suspicion | null): Promise<Store> => {
    const openedAt = rfc3339(clock.wallMs());
    const next = await openStore({ ...standing, incarnation: parts.newId(), openedAt, suspicion });
    const { migratedFrom, backup, incident } = next.report;
    if (migratedFrom !== null) log.info("store_migrated", { from: migratedFrom, backup });
    if (incident !== null) log.error("store_set_aside", { file: incident.file, reason: incident.reason });
    return next;
  };
  const reopen = async (after: StoreFault): Promise<Store | null> => {
    let suspicion = suspicionAfter(after);
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      await clock.sleep(backOffMs[Math.min(attempt, backOffMs.length - 1)] ?? 0, stopping.signal);
      if (stopping.signal.aborted) break;
      let next: Store | null = null;
      try {
        next = await open(suspicion);
        await events.back(next);
        return next;
      } catch (cause) {
        if (!(cause instanceof StoreFault)) throw cause;
        await next?.close().catch(() => null);
        if (cause.code !== fault?.code) log.error("store_still_lost", { code: cause.code, detail: cause.message });
        // A file that was condemned once and could not be set aside stays condemned.
        suspicion = suspicionAfter(cause) ?? suspicion;
        fault = cause;
      }
    }
    return null;
  };
  const lose = (cause: StoreFault): void => {
    fault = cause;
    opened = Promise.withResolvers<void>();
    log.error("store_lost", { code: cause.code, detail: cause.message });
    events.lost(cause);
  };
  const settleOn = (next: Store | null): void => {
    store = next;
    if (next === null) return;
    fault = null;
    opened.resolve();
  };
  const watch = async (): Promise<void> => {
    if (store === null) settleOn(await reopen(fault ?? new StoreFault("storage_failed", "the store never opened")));
    while (store !== null) {
      const ended: StoreFault | null = (await store.ended) ?? condemned;
      if (ended === null) return;
      condemned = null;
      store = null;
      lose(ended);
      settleOn(await reopen(ended));
      if (store !== null) log.info("store_back");
    }
  };
  try {
    settleOn(await open(null));
  } catch (cause) {
    if (!(cause instanceof StoreFault) || hopeless.has(cause.code)) throw cause;
    lose(cause);
  }
  const watching = watch();

  return {
    ask: (op, question) =>
      store === null
        ? Promise.reject(fault ?? new StoreFault("store_closed", "the store is closed"))
        : store.ask(op, question),
    fault: () => fault,
    async whenOpen(signal) {
      const aborted = Promise.withResolvers<void>();
      const abort = (): void => aborted.resolve();
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      while (store === null && !signal.aborted) await Promise.race([opened.promise, aborted.promise]);
      signal.removeEventListener("abort", abort);
      return !signal.aborted;
    },
    async rule(policy, rules) {
      standing = { ...standing, policy, rules };
      await store?.ask("rule", { policy, rules });
    },
    async condemn(reason) {
      if (store === null) return;
      condemned = new StoreFault("store_corrupt", reason);
      await store.close();
    },
    close: async () => {
      stopping.abort();
      await store?.close();
      await watching;
    },
  };
}

function suspicionAfter(fault: StoreFault): Suspicion | null {
  switch (fault.code) {
    case "store_corrupt":
      return { kind: "condemned", reason: fault.message };
    case "store_doubted":
      return { kind: "doubted" };
    default:
      return null;
  }
}
