import { concatBytes } from "./bytes.ts";
import type { Primitives } from "./primitives.ts";
import type { EpochSeconds } from "./verdict.ts";

/** Entries of one shard (formats.md section 3, `sl2` 20). */
export const shardEntries = 2 ** 20;
export const largestList = 2 ** 30;

/** Bits of one entry: 1 (valid, revoked) or 2 (valid, revoked, suspended, 3 counts as revoked). */
export type StatusBits = 1 | 2;

/** One part of a list. */
export interface Shard {
  /** Inflated, `shardLength(bits)` bytes; null for an untouched shard, all zero. Never written to. */
  readonly bytes: Uint8Array | null;
  /** SHA-256 of the inflated bytes. */
  readonly hash: Uint8Array;
}

/** The state of one revocation list: a manifest and the deltas after it. Immutable; the next state shares untouched shards. */
export interface StatusList {
  readonly list: number;
  readonly bits: StatusBits;
  /** Number of entries, 0 <= size <= 2^30. */
  readonly size: number;
  readonly epoch: number;
  readonly version: number;
  /** Of the manifest the state was built on. */
  readonly expiresAt: EpochSeconds;
  readonly shards: readonly Shard[];
  /** SHA-256 over the hashes of all shards in order. */
  readonly root: Uint8Array;
  readonly manifest: StatusSource;
  /** Keys that signed the manifest and the deltas. */
  readonly kids: ReadonlySet<string>;
  /** Versions the deltas after the manifest start from, ascending. */
  readonly deltas: readonly number[];
  /** Manifest, deltas and blobs this state can be built from again. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

export interface StatusSource {
  readonly version: number;
  readonly issuedAt: EpochSeconds;
  /** Base64url SHA-256 of the manifest as served. */
  readonly sha256: string;
}

/** Bytes of one inflated shard: 131,072 or 262,144. */
export function shardLength(bits: StatusBits): number {
  return (shardEntries * bits) / 8;
}

/** Shards of a list of `size` entries; the last is a whole one too. */
export function shardCount(size: number): number {
  return Math.ceil(size / shardEntries);
}

/** SHA-256 over the 32-byte hashes of all shards in order. */
export async function listRoot(shards: readonly Shard[], primitives: Primitives): Promise<Uint8Array> {
  return primitives.sha256(concatBytes(...shards.map((shard) => shard.hash)));
}

/** An untouched shard: nothing in it is revoked. */
export async function emptyShard(bits: StatusBits, primitives: Primitives): Promise<Shard> {
  return { bytes: null, hash: await primitives.sha256(new Uint8Array(shardLength(bits))) };
}

/**
 * Value of an entry, least significant bits first (Token Status List order): 0 to 3. The index must lie in the list; as
 * it is below 2^30 the shifts stay positive.
 */
export function entryOf(list: Pick<StatusList, "bits" | "shards">, index: number): number {
  const bytes = list.shards[index >> 20]?.bytes ?? null;
  if (bytes === null) return 0;
  const bit = (index & (shardEntries - 1)) * list.bits;
  return ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & ((1 << list.bits) - 1);
}
