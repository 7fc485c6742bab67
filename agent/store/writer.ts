import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { decide, noUse } from "../decide.ts";
import { openCheckpoints } from "./checkpoints.ts";
import { type Connection, openConnection, openReadOnly, StoreFault, storeFault } from "./connection.ts";
import { openJournal } from "./journal.ts";
import { type Meta, openMeta } from "./meta.ts";
import { openOutbox } from "./outbox.ts";
import type {
  Presented,
  PresentedAnswer,
  StoreOp,
  StoreOps,
  WriterMessage,
  WriterOptions,
  WriterRequest,
} from "./protocol.ts";
import { openRedemptions } from "./redemptions.ts";

/**
 * The worker thread that owns the only database connection. A slow disk delays decisions here and nothing else. Requests
 * that wait together share one commit; each runs in its own savepoint and is answered only after the commit is on disk.
 */

type Perform = { readonly [Op in StoreOp]: (ask: StoreOps[Op]["ask"]) => StoreOps[Op]["answer"] };

function openPerform(database: Connection, meta: Meta, options: WriterOptions): Perform {
  const journal = openJournal(database, meta.incarnation);
  const redemptions = openRedemptions(database);
  const checkpoints = openCheckpoints(database);
  const outbox = openOutbox(database, meta.incarnation);

  const present = (ask: Presented): PresentedAnswer => {
    const generation = meta.trustGeneration();
    if (ask.trustGeneration !== null && ask.trustGeneration !== generation) return { outcome: "stale", generation };
    const claims = ask.finding.result === "unreadable" ? null : ask.finding.claims;
    const decided = decide({
      finding: ask.finding,
      policy: options.policy[ask.kind ?? "unknown"],
      earlier: claims === null ? null : redemptions.find(claims),
    });
    const record = journal.append(ask.draft, { decision: decided.decision, use: decided.use, supersedes: null });
    if (decided.redeems && claims !== null) redemptions.add(claims, record);
    return { outcome: "recorded", record };
  };

  // A commit that failed may be on disk all the same. What was shown then was `unrecorded`, so that is what must stand.
  const settle = (asks: StoreOps["settle"]["ask"]): null => {
    const decision = { outcome: "rejected", by: "agent", reason: "unrecorded" } as const;
    for (const { draft, correctionId } of asks) {
      const kept = journal.byId(draft.id);
      if (kept === null) {
        journal.append(draft, { decision, use: noUse, supersedes: null });
      } else if (kept.decision.reason !== "unrecorded") {
        redemptions.takeBack(draft.id);
        journal.append({ ...draft, id: correctionId }, { decision, use: kept.use, supersedes: draft.id });
      }
    }
    return null;
  };

  return {
    present,
    settle,
    events: (query) => journal.list(query),
    openBatch: () => outbox.openBatch(),
    waiting: ({ limit }) => outbox.waiting(limit),
    recordsOf: ({ ids }) => outbox.recordsOf(ids),
    saveBatches: ({ batches, instead }) => {
      outbox.saveBatches(batches, instead);
      return null;
    },
    answerBatch: ({ key, items, receipt }) => {
      outbox.answerBatch(key, items, receipt);
      return null;
    },
    countAttempt: ({ key }) => {
      outbox.countAttempt(key);
      return null;
    },
    auditRows: ({ after, limit }) => journal.rows(after, limit),
    checkpoints: () => checkpoints.list(),
    prune: ({ olderThan }) => checkpoints.prune(olderThan),
    unacknowledged: ({ after, limit }) => outbox.unacknowledged(after, limit),
    retryDead: ({ id }) => outbox.retryDead(id),
    outbox: ({ rows }) => outbox.state(rows),
    loadTrust: () => meta.loadTrust(),
    saveTrust: (ask) => meta.saveTrust(ask),
    readMeta: ({ name }) => meta.read(name),
    writeMeta: ({ name, value }) => {
      meta.write(name, value);
      return null;
    },
    close: () => null,
  };
}

/** Everything that already waits, so that it shares a commit; at most this many at a time. */
const largestGroup = 256;

function drain(port: MessagePort, first: WriterRequest): readonly WriterRequest[] {
  const group = [first];
  while (group.length < largestGroup) {
    const next = receiveMessageOnPort(port);
    if (next === undefined) break;
    group.push(next.message);
  }
  return group;
}

function serve(port: MessagePort, options: WriterOptions): void {
  const say = (message: WriterMessage): void => port.postMessage(message);
  const fail = (cause: unknown): void => {
    const fault = storeFault(cause);
    const code = fault instanceof StoreFault ? fault.code : "storage_failed";
    say({ kind: "failed", code, message: fault instanceof Error ? fault.message : String(fault) });
    port.close();
  };

  let database: Connection;
  let perform: Perform;
  try {
    database = options.readOnly ? openReadOnly(options.file) : openConnection(options.file);
    perform = openPerform(database, openMeta(database, options), options);
  } catch (cause) {
    fail(cause);
    return;
  }
  const runOne = <Op extends StoreOp>(op: Op, ask: StoreOps[Op]["ask"]): StoreOps[Op]["answer"] => perform[op](ask);
  const inOrder = (group: readonly WriterRequest[]): unknown[] =>
    group.map((request) => runOne(request.op, request.ask));
  const inOneCommit = options.readOnly ? inOrder : database.transaction(inOrder);

  port.on("message", (first: WriterRequest) => {
    const group = drain(port, first);
    try {
      const answers = inOneCommit(group);
      for (const [at, { id }] of group.entries()) say({ kind: "answer", id, answer: answers[at] });
      if (group.some((request) => request.op === "close")) {
        database.close();
        port.close();
      }
    } catch (cause) {
      fail(cause);
    }
  });
  say({ kind: "open" });
}

if (parentPort !== null) serve(parentPort, workerData);
