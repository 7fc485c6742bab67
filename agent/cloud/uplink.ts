import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ItemAnswer, ItemError, Receipt, StoredBatch } from "../store/index.ts";
import { backOffMs } from "./back-off.ts";
import { type CorePort, CoreUnavailable } from "./core-port.ts";
import { type CloudAnswer, CloudFault, cloudError, isObject, jsonObject, saysLater } from "./http.ts";
import { type JournalWord, journalWord } from "./journal-word.ts";
import { CredentialFault, type Session } from "./session.ts";

/** What an answer to a batch means (contract.md 2.3). */
export type UplinkAnswer =
  | {
      readonly kind: "acknowledged";
      readonly items: readonly ItemAnswer[];
      readonly strangers: number;
      readonly receipt: Receipt | null;
      readonly journal: JournalWord;
      /** The same answer, signed by the platform; null where it gave none. */
      readonly proof: string | null;
    }
  | { readonly kind: "retry"; readonly error: ItemError; readonly afterMs: number | null }
  | { readonly kind: "refused"; readonly error: ItemError }
  /** The key was used with other bytes: a fault of ours; the items go aside, visible, and are not sent again by themselves. */
  | { readonly kind: "conflict"; readonly error: ItemError };

/** Reads the answer to a batch of `ids`. Only an answer that names an item acknowledges it. */
export function uplinkAnswer(answer: CloudAnswer, ids: readonly string[]): UplinkAnswer {
  const error = cloudError(answer);
  if (answer.status === 200) return acknowledgement(answer, ids);
  const later = saysLater(answer.status) || answer.status < 400;
  if (later || error.code === "idempotency_inflight") return { kind: "retry", error, afterMs: error.retryAfterMs };
  // A refusal without the platform's envelope comes from something in between, not from the platform.
  if (error.type === "unknown" || answer.status === 410) return { kind: "retry", error, afterMs: error.retryAfterMs };
  return { kind: error.type === "idempotency_conflict" ? "conflict" : "refused", error };
}

function acknowledgement(answer: CloudAnswer, ids: readonly string[]): UplinkAnswer {
  let rows: unknown;
  let receipt: Receipt | null;
  let journal: JournalWord;
  let proof: string | null;
  try {
    const body = jsonObject(answer);
    rows = body["data"];
    receipt = receiptOf(body["receipt"]);
    journal = journalWord(body, receipt);
    proof = proofOf(body["receipt"]);
  } catch (cause) {
    if (!(cause instanceof CloudFault)) throw cause;
    return { kind: "retry", error: { type: "unknown", code: cause.code, message: cause.message }, afterMs: null };
  }
  if (!Array.isArray(rows)) {
    const error = { type: "unknown", code: "bad_answer", message: "status 200 without a list of items" };
    return { kind: "retry", error, afterMs: null };
  }
  const asked = new Set(ids);
  const items = rows.map(itemAnswer).filter((item) => item !== null);
  const named = items.filter((item) => asked.has(item.id));
  return { kind: "acknowledged", items: named, strangers: items.length - named.length, receipt, journal, proof };
}

function proofOf(receipt: unknown): string | null {
  const jws = isObject(receipt) ? receipt["jws"] : null;
  return typeof jws === "string" ? jws : null;
}

function receiptOf(value: unknown): Receipt | null {
  if (!isObject(value)) return null;
  const { sequence, hash } = value;
  return typeof sequence === "number" && typeof hash === "string" ? { sequence, hash } : null;
}

function itemAnswer(row: unknown): ItemAnswer | null {
  if (!isObject(row)) return null;
  const { id, status, error } = row;
  if (typeof id !== "string") return null;
  if (status === "created" || status === "duplicate") return { id, status };
  if (status !== "rejected") return null;
  const member = (name: string): string => {
    const value = isObject(error) ? error[name] : undefined;
    return typeof value === "string" ? value.slice(0, 500) : "unknown";
  };
  return { id, status, error: { type: member("type"), code: member("code"), message: member("message") } };
}

/** What uploading asks of the core. */
export type UplinkCore = Pick<
  CorePort,
  | "nextBatch"
  | "prepareBatch"
  | "countAttempt"
  | "noteJournal"
  | "acknowledge"
  | "acknowledgeProved"
  | "refuse"
  | "nextRecord"
>;

export interface UplinkParts {
  readonly session: Session;
  readonly core: UplinkCore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** True after an exchange with the cloud, false after none came about. */
  readonly online: (is: boolean) => void;
  /** Who answers is not believed: only the platform's signature takes a scan out of the queue. */
  readonly needsProof: boolean;
  /** Null when the credential is good again. */
  readonly refused: (fault: CredentialFault | null) => void;
  /** Resolves early when the network is known to be back; where the platform asked for the wait, only when a person says so. */
  readonly untilBack: (signal: AbortSignal, isAsked: boolean) => Promise<void>;
}

/** Before the next try. */
interface Wait {
  readonly ms: number;
  /** The platform asked for it, and waits for more than a network. */
  readonly isAsked: boolean;
}

/** Scans that arrive within this share a batch, milliseconds. */
const gatherMs = 50;
const maxAnswerBytes = 1024 * 1024;

/** Sends batch after batch until `signal` aborts. Never gives up, never drops: see contract.md 2.3. */
export async function runUplink(parts: UplinkParts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const later = (askedMs: number | null): Wait => ({
      ms: backOffMs(failures, askedMs, parts.random()),
      isAsked: askedMs !== null,
    });
    const wait = await step(parts, later, signal);
    if (wait === null) {
      failures = 0;
      continue;
    }
    failures += 1;
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    await Promise.race([parts.clock.sleep(wait.ms, either), parts.untilBack(either, wait.isAsked)]);
    stop.abort();
  }
}

type Later = (askedMs: number | null) => Wait;

/** One batch, or a wait for something to send; null when all is well, else how long to wait before the next try. */
async function step(parts: UplinkParts, later: Later, signal: AbortSignal): Promise<Wait | null> {
  try {
    const batch = await parts.core.nextBatch();
    if (batch !== null) return await sendAndPrepare(batch, parts, later, signal);
    await parts.core.nextRecord(signal);
    await parts.clock.sleep(gatherMs, signal);
    return null;
  } catch (cause) {
    return failed(cause, parts, later);
  }
}

/** Sends one batch; meanwhile counts the attempt and stores the next one. */
async function sendAndPrepare(
  batch: StoredBatch,
  parts: UplinkParts,
  later: Later,
  signal: AbortSignal,
): Promise<Wait | null> {
  const [sent, ...beside] = await Promise.allSettled([
    sendBatch(batch, parts, later, signal),
    parts.core.countAttempt(batch.key),
    parts.core.prepareBatch(),
  ]);
  for (const one of beside) {
    // A core that is away is no fault of this batch; what comes next will meet it.
    if (one.status === "rejected" && !(one.reason instanceof CoreUnavailable)) throw one.reason;
  }
  if (sent.status === "rejected") throw sent.reason;
  return sent.value;
}

/** Sends one batch; null when it was answered for good, else how long to wait before the next try. */
async function sendBatch(
  batch: StoredBatch,
  parts: UplinkParts,
  later: Later,
  signal: AbortSignal,
): Promise<Wait | null> {
  const answer = await parts.session.send({
    method: "POST",
    path: "/v1/passes/scans/batch",
    headers: { "Idempotency-Key": batch.key },
    body: batch.body,
    maxBytes: maxAnswerBytes,
    signal,
  });
  parts.online(true);
  parts.refused(null);
  const meaning = uplinkAnswer(answer, batch.ids);
  switch (meaning.kind) {
    case "acknowledged":
      if (meaning.strangers > 0) parts.log.warn("acknowledged_strangers", { count: meaning.strangers });
      await parts.core.noteJournal(batch, meaning.journal);
      if (parts.needsProof) {
        const proved = await parts.core.acknowledgeProved(batch, meaning.proof, meaning.receipt);
        if (proved < batch.ids.length) parts.log.warn("batch_unproved", { items: batch.ids.length - proved });
        return proved < batch.ids.length ? later(null) : null;
      }
      await parts.core.acknowledge(batch.key, meaning.items, meaning.receipt);
      return meaning.items.length < batch.ids.length ? later(null) : null;
    case "refused":
      parts.log.warn("batch_refused", { status: answer.status, code: meaning.error.code, items: batch.ids.length });
      await parts.core.refuse(batch, meaning.error);
      return null;
    case "conflict":
      parts.log.error("batch_conflict", { code: meaning.error.code, items: batch.ids.length });
      await parts.core.acknowledge(
        batch.key,
        batch.ids.map((id) => ({ id, status: "rejected", error: meaning.error })),
        null,
      );
      return null;
    case "retry":
      parts.log.info("batch_later", { status: answer.status, code: meaning.error.code });
      return later(meaning.afterMs);
  }
}

function failed(cause: unknown, parts: UplinkParts, later: Later): Wait {
  if (cause instanceof CredentialFault) {
    parts.refused(cause);
    return later(cause.error.retryAfterMs);
  }
  if (cause instanceof CloudFault) {
    // Who says "later" is there.
    if (cause.code !== "aborted" && cause.code !== "busy") parts.online(false);
    return later(cause.retryAfterMs);
  }
  if (cause instanceof CoreUnavailable) return later(null);
  throw cause;
}
