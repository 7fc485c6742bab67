import { encodeBase64url } from "./base64url.ts";
import { equalBytes } from "./bytes.ts";
import type { Scope } from "./claims.ts";
import { badMember, type Document, readDocument } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import { decodeIndexSet } from "./index-set.ts";
import type { KeySet } from "./key-set.ts";
import { largestInteger, type Members } from "./members.ts";
import type { Primitives } from "./primitives.ts";
import { checkSigner } from "./signer.ts";
import {
  emptyShard,
  largestList,
  listRoot,
  type Shard,
  type StatusBits,
  type StatusList,
  shardCount,
  shardEntries,
  shardLength,
} from "./status-list.ts";
import type { EpochSeconds } from "./verdict.ts";

/** A change of one list as offered, its signature not yet looked at. */
export interface StatusDelta {
  readonly document: Document;
  readonly list: number;
  readonly bits: StatusBits;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly issuedAt: EpochSeconds;
  /** To revoked, to suspended, from suspended to valid. */
  readonly set: Uint32Array;
  readonly suspend: Uint32Array;
  readonly clear: Uint32Array;
  readonly root: Uint8Array;
}

const none = new Uint32Array(0);

/** Reads a delta of one list (formats.md section 3). Two-bit members in a one-bit list are refused. */
export async function readStatusDelta(
  list: number,
  text: string,
  scope: Scope,
  primitives: Primitives,
): Promise<Checked<StatusDelta>> {
  const read = await readDocument(`lists/${list}/deltas`, "status-delta+jws", text, scope, primitives);
  if (!read.ok) return read;
  const { members } = read.value;
  members.integer("list", list, list);
  const bits: StatusBits = members.integer("bits", 1, 2) === 2 ? 2 : 1;
  const epoch = members.integer("epoch", 0, largestInteger);
  const from = members.integer("from", 0, largestInteger);
  const to = members.integer("to", from + 1, largestInteger);
  const size = members.integer("size", 0, largestList);
  const issuedAt = members.time("iat");
  const root = members.hash("root");
  const set = indexSet(members, "ns", "set", size);
  const two = bits === 2;
  const suspend = two && (members.has("n2") || members.has("set2")) ? indexSet(members, "n2", "set2", size) : none;
  const clear = two && (members.has("nc") || members.has("clr")) ? indexSet(members, "nc", "clr", size) : none;
  if (!two) for (const name of ["n2", "set2", "nc", "clr"]) if (members.has(name)) members.refuse(name);
  if (!disjoint(set, suspend) || !disjoint(set, clear) || !disjoint(suspend, clear)) members.refuse("set");
  const name = `lists/${list}/deltas/${from}.jws`;
  if (members.bad !== null) return badMember(name, members.bad);
  return good({
    document: { ...read.value, name },
    list,
    bits,
    epoch,
    from,
    to,
    size,
    issuedAt,
    set,
    suspend,
    clear,
    root,
  });
}

/** Verifies a delta with a status key. */
export function checkDelta(delta: StatusDelta, keys: KeySet): Promise<Checked<true>> {
  return checkSigner(delta.document, keys, "status", delta.issuedAt);
}

/**
 * The list after a verified delta that starts at its version and has its epoch. Works on copies of the touched shards and
 * counts only if the root comes out as signed; revoked never leaves, whatever the delta says.
 */
export async function applyDelta(
  list: StatusList,
  delta: StatusDelta,
  primitives: Primitives,
): Promise<Checked<StatusList>> {
  const { name } = delta.document;
  if (delta.from !== list.version)
    return refused("gap", name, `starts at ${delta.from}, the list is at ${list.version}`);
  if (delta.epoch !== list.epoch || delta.bits !== list.bits)
    return refused("bad_form", name, "another epoch or width");
  if (delta.size < list.size) return refused("rollback", name, `shrinks the list from ${list.size} to ${delta.size}`);
  const shards = await grown(list, delta.size, primitives);
  const touched = new Map<number, Uint8Array>();
  const entries = entryWriter(shards, touched, list.bits);
  for (const index of delta.suspend) {
    if (!entries(index, (value) => (value === 0 || value === 2 ? 2 : null))) return leavesRevoked(name);
  }
  for (const index of delta.clear) {
    if (!entries(index, (value) => (value === 0 || value === 2 ? 0 : null))) return leavesRevoked(name);
  }
  for (const index of delta.set) entries(index, () => 1);
  for (const [at, bytes] of touched) shards[at] = { bytes, hash: await primitives.sha256(bytes) };
  const root = await listRoot(shards, primitives);
  if (!equalBytes(root, delta.root)) {
    return refused(
      "hash_mismatch",
      name,
      `gives the root ${encodeBase64url(root)}, signed is ${encodeBase64url(delta.root)}`,
    );
  }
  return good({
    ...list,
    size: delta.size,
    version: delta.to,
    shards,
    root,
    kids: new Set([...list.kids, delta.document.jws.header.kid]),
    deltas: [...list.deltas, delta.from],
    documents: new Map([...list.documents, [name, delta.document.bytes]]),
  });
}

function leavesRevoked(name: string) {
  return refused("bad_form", name, "takes an entry out of revoked");
}

async function grown(list: StatusList, size: number, primitives: Primitives): Promise<Shard[]> {
  const shards = [...list.shards];
  if (shards.length === shardCount(size)) return shards;
  const empty = await emptyShard(list.bits, primitives);
  while (shards.length < shardCount(size)) shards.push(empty);
  return shards;
}

/** Changes one entry on a copy of its shard; false when `next` refuses the present value with null. */
function entryWriter(shards: readonly Shard[], touched: Map<number, Uint8Array>, bits: StatusBits) {
  return (index: number, next: (value: number) => number | null): boolean => {
    const at = index >> 20;
    let bytes = touched.get(at);
    if (bytes === undefined) {
      // A typed array as source is copied; `slice` of a Node Buffer would be a view of the list that is in force.
      const source = shards[at]?.bytes ?? null;
      bytes = source === null ? new Uint8Array(shardLength(bits)) : new Uint8Array(source);
      touched.set(at, bytes);
    }
    const bit = (index & (shardEntries - 1)) * bits;
    const mask = ((1 << bits) - 1) << (bit & 7);
    const old = bytes[bit >> 3] ?? 0;
    const value = next((old & mask) >> (bit & 7));
    if (value === null) return false;
    bytes[bit >> 3] = (old & ~mask) | (value << (bit & 7));
    return true;
  };
}

function indexSet(members: Members, countName: string, setName: string, size: number): Uint32Array {
  const count = members.integer(countName, 0, largestList);
  const indices = decodeIndexSet(members.text(setName), count, size);
  if (indices !== null) return indices;
  members.refuse(setName);
  return none;
}

/** Both sets ascend, so one walk is enough. */
function disjoint(left: Uint32Array, right: Uint32Array): boolean {
  let at = 0;
  for (const index of left) {
    while (at < right.length && (right[at] ?? 0) < index) at++;
    if (right[at] === index) return false;
  }
  return true;
}
