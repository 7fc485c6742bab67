import { batchBody } from "./batch-body.ts";
import type { Bell } from "./bell.ts";
import { longestWaitMs, publishedDeliveries } from "./books/delivery.ts";
import { flatScan } from "./books/flat-scan.ts";
import type { Clock } from "./clock.ts";
import { type CorePort, CoreUnavailable } from "./cloud/core-port.ts";
import type { Conditions } from "./conditions.ts";
import type { DeviceSigner } from "./device-jws.ts";
import type { ForkWatch } from "./journal-fork.ts";
import type { Log } from "./log.ts";
import type { ScanRecord } from "./record.ts";
import type { RemoteDesk } from "./remote/desk.ts";
import type { RotationKeyring } from "./rotation-keys.ts";
import {
  type ItemAnswer,
  type StoredBatch,
  StoreFault,
  type StoreOp,
  type StoreOps,
  type Waiting,
} from "./store/index.ts";
import type { SupervisedStore } from "./store/supervised.ts";
import { type TrustKeeper, trustAge } from "./trust.ts";

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
  /** As `recorded`, one for each webhook receiver by its id. */
  readonly webhookBells: ReadonlyMap<string, Bell>;
  readonly conditions: Conditions;
  readonly rotation: Pick<RotationKeyring, "take">;
  readonly remote: Pick<RemoteDesk, "offer">;
  /** What a signed receipt proves; nothing for one that is not the platform's. */
  readonly receipts: (jws: string) => Promise<readonly ItemAnswer[]>;
  readonly forks: Pick<ForkWatch, "note">;
  /** Whether all of this terminal is a simulation. */
  readonly simulated: boolean;
  readonly log: Log;
  readonly version: string;
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
    return {
      key: parts.newId(),
      body: batchBody(
        waiting.records.map((record) => record.text),
        chainHead,
      ),
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
    async prepareBatch() {
      if ((await ask("openBatches", null)) > 1) return;
      const waiting = await ask("waiting", { limit: largestBatch });
      // What is not full yet may still grow until it is its turn.
      if (waiting === null || waiting.records.length < largestBatch) return;
      await ask("saveBatches", { batches: [toBatch(waiting)], instead: null });
    },
    countAttempt: async (key) => {
      await ask("countAttempt", { key });
    },
    acknowledge: async (key, items, receipt) => {
      await ask("answerBatch", { key, items, receipt });
    },
    async acknowledgeProved(batch, proof, receipt) {
      const proved = proof === null ? [] : await parts.receipts(proof);
      const items = proved.filter(({ id }) => batch.ids.includes(id));
      // The head that the receipt confirms is proved by the receipt only where it names the batch's last scan.
      const isLastProved = items.some(({ id }) => id === batch.ids.at(-1));
      // A batch whose scans are all proved by other means is over as well.
      const isOver = items.length > 0 || batch.ids.length === 0;
      if (isOver) await ask("answerBatch", { key: batch.key, items, receipt: isLastProved ? receipt : null });
      return items.length;
    },
    noteJournal: (batch, word) => available(parts.forks.note(batch, word)),
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
    async nextDelivery(id, events, take) {
      const nowMs = parts.trust.now().time.ms;
      const next = await ask("nextDelivery", {
        id,
        events,
        realOnly: !parts.simulated,
        take,
        nowMs,
        longestMs: longestDeliveryWaitMs,
      });
      if (next.kind === "nothing") {
        return { kind: "nothing", dueInMs: next.dueMs === null ? null : Math.max(0, next.dueMs - nowMs) };
      }
      const record: ScanRecord = JSON.parse(next.text);
      const { sequence, attempts } = next;
      const body = JSON.stringify(flatScan(record));
      return { kind: "delivery", sequence, attempts, body, atS: Math.floor(nowMs / 1000) };
    },
    noteDelivery: async (id, note) => {
      await ask("noteDelivery", { id, nowMs: parts.trust.now().time.ms, note });
    },
    nextRecordFor: async (id, signal) => {
      await parts.webhookBells.get(id)?.next(signal);
    },
    offerConfig: (text) => onDisk(() => parts.remote.offer(text)),
    takeRotationKeys: (offered) =>
      onDisk(() => {
        const outcome = parts.rotation.take(offered);
        if (outcome !== "unchanged") parts.log.info(`rotation_keys_${outcome}`);
      }),
    async heartbeat() {
      const { trust, at, time } = parts.trust.now();
      const { pending, dead, oldestAt } = await ask("outbox", { rows: 0 });
      const oldestS = oldestAt === null ? null : Math.max(0, Math.round((time.ms - Date.parse(oldestAt)) / 1000));
      return {
        agent_version: parts.version,
        queue_depth: pending,
        oldest_unsent_s: oldestS,
        dead_letters: dead,
        trust: {
          keys_version: trust.keys?.version ?? null,
          head_age_s: trustAge(trust, at).ageS,
          lists: trust.lists.size,
        },
        clock_state: time.clock,
        conditions: parts.conditions
          .list()
          .slice(0, mostConditions)
          .map(({ code, subject, severity, since }) => ({ code, subject, severity, since })),
      };
    },
  };
}

/** Conditions that a heartbeat carries at most. */
const mostConditions = 64;
const longestDeliveryWaitMs = longestWaitMs(publishedDeliveries.waitsMs);

/** What keeps small files of its own; a disk that refuses them is no defect. */
async function onDisk<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof StoreFault || (cause instanceof Error && "syscall" in cause)) {
      throw new CoreUnavailable(cause.message, { cause });
    }
    throw cause;
  }
}

/** Storage faults as the other side understands them. */
async function available<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw cause instanceof StoreFault ? new CoreUnavailable(cause.message, { cause }) : cause;
  }
}
