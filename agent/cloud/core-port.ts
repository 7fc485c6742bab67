import type { Admission, Offered } from "../../verifier/index.ts";
import type { ItemAnswer, ItemError, Receipt, StoredBatch } from "../store/index.ts";

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
  /** The batch goes out now. */
  countAttempt(key: string): Promise<void>;
  /** Items that the cloud named, with its word on the chain; those it did not name wait again. */
  acknowledge(key: string, items: readonly ItemAnswer[], receipt: Receipt | null): Promise<void>;
  /** The batch as a whole was refused: halves it, or gives a single item to the dead letters with this error. */
  refuse(batch: StoredBatch, error: ItemError): Promise<void>;
  /** Resolves when a record was stored since the last call, or when `signal` aborts. */
  nextRecord(signal: AbortSignal): Promise<void>;
  offerTrust(offered: Offered): Promise<Admission>;
  /** Signs in the device's name, with `typ` `scanner-assertion+jwt`. */
  signAssertion(claims: { readonly aud: string; readonly nonce: string }): string;
}
