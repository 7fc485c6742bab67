import type { Admission, Offered } from "../../verifier/index.ts";
import type { WebhookEvent } from "../books/flat-scan.ts";
import type { ClockState } from "../record.ts";
import type { DeliveryNote, ItemAnswer, ItemError, Receipt, StoredBatch, TakeDelivery } from "../store/index.ts";
import type { Condition } from "../views.ts";
import type { JournalWord } from "./journal-word.ts";

/** The core cannot keep or give anything now (its storage is away): ask again later. */
export class CoreUnavailable extends Error {
  override readonly name = "CoreUnavailable";
  readonly code = "core_unavailable";
}

/**
 * All that the syncing side may ask of the deciding side: plain data, so that both can be processes of their own. The
 * device key, the database and every check of signed data stay in the core. Every promise may reject with
 * `CoreUnavailable`.
 */
export interface CorePort {
  /** The batch to send: the unfinished one with its stored key and bytes, else a new one, stored before it is answered; null when nothing waits. */
  nextBatch(): Promise<StoredBatch | null>;
  /** Stores the batch after that one, where it will be full: call it while that one is on its way. */
  prepareBatch(): Promise<void>;
  /** The batch goes out now. */
  countAttempt(key: string): Promise<void>;
  /** Items that the cloud named, with its word on the chain; those it did not name wait again. */
  acknowledge(key: string, items: readonly ItemAnswer[], receipt: Receipt | null): Promise<void>;
  /**
   * As `acknowledge`, believing nothing but the platform's signature; answers how many items of the batch it proves. Without any
   * the batch stays as it is and is sent again.
   */
  acknowledgeProved(batch: StoredBatch, proof: string | null, receipt: Receipt | null): Promise<number>;
  /** What the platform said of the journal with its answer; call it before the batch is acknowledged. */
  noteJournal(batch: StoredBatch, word: JournalWord): Promise<void>;
  /** The batch as a whole was refused: halves it, or gives a single item to the dead letters with this error. */
  refuse(batch: StoredBatch, error: ItemError): Promise<void>;
  /** Resolves when a record was stored since the last call, or when `signal` aborts. */
  nextRecord(signal: AbortSignal): Promise<void>;
  offerTrust(offered: Offered): Promise<Admission>;
  /** Signs in the device's name, with `typ` `scanner-assertion+jwt`. */
  signAssertion(claims: { readonly aud: string; readonly nonce: string }): string;
  /** What a webhook receiver gets next, or when to ask again. */
  nextDelivery(
    webhook: string,
    events: readonly WebhookEvent[],
    take: TakeDelivery["take"],
  ): Promise<
    ({ readonly kind: "delivery" } & Delivery) | { readonly kind: "nothing"; readonly dueInMs: number | null }
  >;
  noteDelivery(webhook: string, note: DeliveryNote): Promise<void>;
  /** As `nextRecord`, for one webhook receiver. */
  nextRecordFor(webhook: string, signal: AbortSignal): Promise<void>;
  heartbeat(): Promise<Heartbeat>;
  /** Hands over the signed configuration of this terminal as it came; the core verifies it. False when it cannot yet: offer it again. */
  offerConfig(text: string): Promise<boolean>;
  /** Hands over `rotation_keys` of the configuration call as they came; what is no list of keys is logged and left. */
  takeRotationKeys(offered: unknown): Promise<void>;
}

/** One record for a webhook receiver: the same bytes at every attempt. */
export interface Delivery {
  readonly sequence: number;
  /** Attempts before this one. */
  readonly attempts: number;
  readonly body: string;
  /** What time it is, as far as this terminal knows, seconds since 1970. */
  readonly atS: number;
}

/** How this terminal is, in the names of the wire (contract.md 2.2). */
export interface Heartbeat {
  readonly agent_version: string;
  readonly queue_depth: number;
  readonly oldest_unsent_s: number | null;
  readonly dead_letters: number;
  readonly trust: { readonly keys_version: number | null; readonly head_age_s: number | null; readonly lists: number };
  readonly clock_state: ClockState;
  readonly conditions: readonly Pick<Condition, "code" | "subject" | "severity" | "since">[];
}
