import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { openStore, type Store, StoreFault, type StoreOp, type StoreOps, type WriterOptions } from "./index.ts";

/** A store that comes back: reopened with back-off after any storage fault, as often as it takes. */
export interface SupervisedStore {
  ask<Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): Promise<StoreOps[Op]["answer"]>;
  /** The fault that keeps it closed now, or null while it is open. */
  fault(): StoreFault | null;
  close(): Promise<void>;
}

/** Waits between tries, milliseconds; the last repeats. */
const backOffMs = [200, 500, 1_000, 2_000, 5_000] as const;

/**
 * Opens the store and keeps it open. The first opening must succeed (rejects with its `StoreFault`).
 *
 * @param events `lost` when decisions can no longer be kept, `back` when they can again (awaited before any other use)
 */
export async function superviseStore(
  options: WriterOptions,
  events: { readonly lost: (fault: StoreFault) => void; readonly back: (store: Store) => Promise<void> },
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<SupervisedStore> {
  const stopping = new AbortController();
  let store: Store | null = await openStore(options);
  let fault: StoreFault | null = null;

  const reopen = async (): Promise<Store | null> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      await parts.clock.sleep(backOffMs[Math.min(attempt, backOffMs.length - 1)] ?? 0, stopping.signal);
      try {
        const next = await openStore(options);
        await events.back(next);
        return next;
      } catch (cause) {
        if (!(cause instanceof StoreFault)) throw cause;
        if (cause.code !== fault?.code)
          parts.log.error("store_still_lost", { code: cause.code, detail: cause.message });
        fault = cause;
      }
    }
    return null;
  };
  const watch = async (): Promise<void> => {
    while (store !== null) {
      const ended = await store.ended;
      if (ended === null) return;
      store = null;
      fault = ended;
      parts.log.error("store_lost", { code: ended.code, detail: ended.message });
      events.lost(ended);
      store = await reopen();
      if (store !== null) {
        fault = null;
        parts.log.info("store_back");
      }
    }
  };
  const watching = watch();

  return {
    ask: (op, question) =>
      store === null
        ? Promise.reject(fault ?? new StoreFault("store_closed", "the store is closed"))
        : store.ask(op, question),
    fault: () => fault,
    close: async () => {
      stopping.abort();
      await store?.close();
      await watching;
    },
  };
}
