import { Worker } from "node:worker_threads";
import { StoreFault } from "./connection.ts";
import type { OpeningReport, StoreOp, StoreOps, WriterMessage, WriterOptions, WriterRequest } from "./protocol.ts";

export { isAside } from "./aside.ts";
export type * from "./book-protocol.ts";
export { type ChainLink, chainStart, parseObject, type RowBreak, rowBreak } from "./chain.ts";
export { StoreFault } from "./connection.ts";
export type { Incident, ScrubPlace } from "./damage-views.ts";
export { timeMemoryName } from "./meta.ts";
export type * from "./operator-protocol.ts";
export type { PassKey } from "./pass-key.ts";
export type * from "./protocol.ts";

/** The database, seen from outside its thread. Answers come only after the commit is on disk. */
export interface Store {
  /** Rejects with a `StoreFault`; what was asked then is neither known to be done nor undone. */
  ask<Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): Promise<StoreOps[Op]["answer"]>;
  /** What opening did beside opening. */
  readonly report: OpeningReport;
  /** Resolves when the store is closed or lost: with the fault, or with null after `close`. */
  readonly ended: Promise<StoreFault | null>;
  /** Answers everything that was asked, checkpoints and ends the thread. */
  close(): Promise<void>;
}

interface Pending {
  readonly answer: (value: unknown) => void;
  readonly fail: (fault: StoreFault) => void;
}

/** Starts the writer thread and opens the database. Rejects with a `StoreFault`. */
export async function openStore(options: WriterOptions): Promise<Store> {
  const worker = new Worker(writerUrl(), { workerData: options });
  const pending = new Map<number, Pending>();
  const opened = Promise.withResolvers<OpeningReport>();
  const ended = Promise.withResolvers<StoreFault | null>();
  let closing = false;
  let lost: StoreFault | null = null;
  let nextId = 0;

  const end = (fault: StoreFault | null): void => {
    lost ??= fault ?? new StoreFault("store_closed", "the store is closed");
    opened.reject(lost);
    for (const waiting of pending.values()) waiting.fail(lost);
    pending.clear();
    ended.resolve(fault);
  };
  worker.on("message", (message: WriterMessage) => {
    switch (message.kind) {
      case "open":
        opened.resolve(message.report);
        return;
      case "answer":
        pending.get(message.id)?.answer(message.answer);
        pending.delete(message.id);
        return;
      case "failed":
        end(new StoreFault(message.code, message.message));
        return;
    }
  });
  worker.on("error", (cause) => end(new StoreFault("storage_failed", "the writer thread crashed", cause)));
  worker.on("exit", () => end(closing ? null : new StoreFault("storage_failed", "the writer thread ended")));

  const ask = <Op extends StoreOp>(op: Op, question: StoreOps[Op]["ask"]): Promise<StoreOps[Op]["answer"]> => {
    if (lost !== null) return Promise.reject(lost);
    const id = nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<StoreOps[Op]["answer"]>();
    // The thread boundary loses the type: the writer answers each op with its own answer type.
    pending.set(id, { answer: (value) => resolve(value as StoreOps[Op]["answer"]), fail: reject });
    worker.postMessage({ id, op, ask: question });
    return promise;
  };
  const close = async (): Promise<void> => {
    if (lost !== null) return;
    closing = true;
    await ask("close", null);
    await ended.promise;
  };
  const report = await opened.promise;
  return { report, ask, close, ended: ended.promise };
}

/** Beside this file when run from source, beside the bundle when built. */
function writerUrl(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./writer.ts" : "./store-writer.mjs", import.meta.url);
}

export type { WriterRequest };
