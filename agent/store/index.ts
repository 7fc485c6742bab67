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

interface Asked {
  readonly request: { readonly op: StoreOp; readonly ask: unknown };
  readonly answer: (value: unknown) => void;
  readonly fail: (fault: StoreFault) => void;
}

/** Requests that share a commit, at most. */
const largestGroup = 256;

/** Starts the writer thread and opens the database. Rejects with a `StoreFault`. */
export async function openStore(options: WriterOptions): Promise<Store> {
  const worker = new Worker(writerUrl(), { workerData: options });
  let waiting: Asked[] = [];
  let atWork: readonly Asked[] = [];
  let isFlushing = false;
  const opened = Promise.withResolvers<OpeningReport>();
  const ended = Promise.withResolvers<StoreFault | null>();
  let closing = false;
  let lost: StoreFault | null = null;

  const end = (fault: StoreFault | null): void => {
    lost ??= fault ?? new StoreFault("store_closed", "the store is closed");
    opened.reject(lost);
    for (const { fail } of [...atWork, ...waiting]) fail(lost);
    [atWork, waiting] = [[], []];
    ended.resolve(fault);
  };
  // The writer has one group at a time; what is asked meanwhile is the next one and shares its commit.
  const flush = (): void => {
    isFlushing = false;
    if (lost !== null || atWork.length > 0 || waiting.length === 0) return;
    [atWork, waiting] = [waiting.slice(0, largestGroup), waiting.slice(largestGroup)];
    worker.postMessage(atWork.map(({ request }) => request));
  };
  // Not at once: who was answered together asks again together.
  const flushSoon = (): void => {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  };
  worker.on("message", (message: WriterMessage) => {
    switch (message.kind) {
      case "open":
        opened.resolve(message.report);
        return;
      case "answers": {
        const answered = atWork;
        atWork = [];
        for (const [at, { answer }] of answered.entries()) answer(message.answers[at]);
        flushSoon();
        return;
      }
      case "failed":
        end(new StoreFault(message.code, message.message));
        return;
    }
  });
  worker.on("error", (cause) => end(new StoreFault("storage_failed", "the writer thread crashed", cause)));
  worker.on("exit", () => end(closing ? null : new StoreFault("storage_failed", "the writer thread ended")));

  const ask = <Op extends StoreOp>(op: Op, question: StoreOps[Op]["ask"]): Promise<StoreOps[Op]["answer"]> => {
    if (lost !== null) return Promise.reject(lost);
    const { promise, resolve, reject } = Promise.withResolvers<StoreOps[Op]["answer"]>();
    // The thread boundary loses the type: the writer answers each op with its own answer type.
    const answer = (value: unknown): void => resolve(value as StoreOps[Op]["answer"]);
    waiting.push({ request: { op, ask: question }, answer, fail: reject });
    if (atWork.length === 0) flushSoon();
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
