import type { Bell } from "./bell.ts";
import type { Clock } from "./clock.ts";
import { type CorePort, CoreUnavailable } from "./cloud/core-port.ts";
import type { DeviceSigner } from "./device-jws.ts";
import { type StoredBatch, StoreFault, type StoreOp, type StoreOps, type Waiting } from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import type { TrustKeeper } from "./trust.ts";

/** Most scans in one upload (contract.md 2.2). */
const largestBatch = 100;

export interface CoreParts {
  readonly scannerId: string;
  readonly store: SupervisedStore;
  readonly trust: TrustKeeper;
  readonly signer: DeviceSigner;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Rung for every stored record. */
  readonly recorded: Bell;
}

/** The deciding side's answers to the syncing side. */
export function openCore(parts: CoreParts): CorePort {
  const { signer } = parts;
  const ask = <Op extends StoreOp>(op: Op, question: StoreOps[Op]["ask"]) => available(parts.store.ask(op, question));

  const toBatch = (waiting: Waiting): StoredBatch => {
    const chainHead = signer.sign("scan-chain+jws", {
      scn: parts.scannerId,
      incarnation: waiting.incarnation,
      ...waiting.last,
      iat: Math.floor(parts.trust.now().time.ms / 1000),
    });
    const scans = waiting.records.map((record) => record.text).join(",");
    return {
      key: parts.newId(),
      body: Buffer.from(`{"scans":[${scans}],"chain_head":${JSON.stringify(chainHead)}}`),
      ids: waiting.records.map((record) => record.id),
    };
  };
  const batchOf = async (ids: readonly string[]): Promise<readonly StoredBatch[]> => {
    const waiting = await ask("recordsOf", { ids });
    return waiting === null ? [] : [toBatch(waiting)];
  };

  return {
    async nextBatch() {
      const open = await ask("openBatch", null);
      if (open !== null) return open;
      const waiting = await ask("waiting", { limit: largestBatch });
      if (waiting === null) return null;
      const batch = toBatch(waiting);
      await ask("saveBatches", { batches: [batch], instead: null });
      return batch;
    },
    countAttempt: async (key) => {
      await ask("countAttempt", { key });
    },
    acknowledge: async (key, items, receipt) => {
      await ask("answerBatch", { key, items, receipt });
    },
    async refuse(batch, error) {
      const [only] = batch.ids;
      if (batch.ids.length <= 1) {
        const items = only === undefined ? [] : [{ id: only, status: "rejected", error } as const];
        await ask("answerBatch", { key: batch.key, items, receipt: null });
        return;
      }
      const middle = Math.ceil(batch.ids.length / 2);
      const halves = [await batchOf(batch.ids.slice(0, middle)), await batchOf(batch.ids.slice(middle))];
      await ask("saveBatches", { batches: halves.flat(), instead: batch.key });
    },
    nextRecord: (signal) => parts.recorded.next(signal),
    offerTrust: (offered) => available(parts.trust.offer(offered, "live")),
    signAssertion: ({ aud, nonce }) =>
      signer.sign("scanner-assertion+jwt", {
        iss: parts.scannerId,
        sub: parts.scannerId,
        aud,
        jti: parts.newId(),
        nonce,
      }),
  };
}

/** Storage faults as the other side understands them. */
async function available<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw cause instanceof StoreFault ? new CoreUnavailable(cause.message, { cause }) : cause;
  }
}
