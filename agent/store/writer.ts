import { dirname } from "node:path";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type Connection, openReadOnly, StoreFault, storeFault } from "./connection.ts";
import { openMeta } from "./meta.ts";
import { type OpenedStore, openSound } from "./opening.ts";
import { openPerform, type Perform } from "./perform.ts";
import type { OpeningReport, StoreOp, StoreOps, WriterMessage, WriterOptions, WriterRequest } from "./protocol.ts";
import { openLogCare } from "./wal.ts";

/**
 * The worker thread that owns the only database connection. A slow disk delays decisions here and nothing else. It is given
 * groups of requests (store/index.ts); a group shares one commit and is answered only after that is on disk.
 */

const nothingDone: OpeningReport = { migratedFrom: null, backup: null, incident: null };

function serve(port: MessagePort, options: WriterOptions): void {
  const say = (message: WriterMessage): void => port.postMessage(message);
  const fail = (cause: unknown): void => {
    const fault = storeFault(cause);
    // What nobody foresaw may come of damage: the file is looked at before it is used again.
    const code = fault instanceof StoreFault ? fault.code : options.readOnly ? "storage_failed" : "store_doubted";
    say({ kind: "failed", code, message: fault instanceof Error ? fault.message : String(fault) });
    opened?.abandon();
    opened = null;
    ended = true;
    port.close();
  };

  let ended = false;
  let opened: OpenedStore | null = null;
  let database: Connection;
  let perform: Perform;
  let keepLogShort: ReturnType<typeof openLogCare> | null;
  try {
    opened = options.readOnly ? null : openSound(options);
    database = opened?.database ?? openReadOnly(options.file);
    perform = openPerform(database, opened?.meta ?? openMeta(database, options), options);
    keepLogShort = opened === null ? null : openLogCare(database, dirname(options.file));
  } catch (cause) {
    fail(cause);
    return;
  }
  const runOne = <Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): StoreOps[Op]["answer"] => perform[op](ask);
  const inOrder = (group: readonly WriterRequest[]): unknown[] =>
    group.map((request) => runOne(request.op, request.ask));
  const closeAll = (): void => {
    if (opened === null) database.close();
    else opened.close();
  };
  const inOneCommit = options.readOnly ? inOrder : database.transaction(inOrder);

  port.on("message", (group: readonly WriterRequest[]) => {
    // What arrived before the port was closed; nobody waits for it any more.
    if (ended) return;
    try {
      const answers = inOneCommit(group);
      opened?.noteHead();
      const closing = group.some((request) => request.op === "close");
      // Closed before it says so: whoever hears of it may move the file.
      if (closing) closeAll();
      say({ kind: "answers", answers });
      if (closing) port.close();
      else keepLogShort?.(group.every(({ op }) => op === "present") ? group.length : null);
    } catch (cause) {
      fail(cause);
    }
  });
  say({ kind: "open", report: opened?.report ?? nothingDone });
}

if (parentPort !== null) serve(parentPort, workerData);
