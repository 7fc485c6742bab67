import { decodeHash, encodeBase64url } from "./base64url.ts";
import { equalBytes } from "./bytes.ts";
import type { Scope } from "./claims.ts";
import { badMember, readDocument } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import type { JsonRecord } from "./json.ts";
import type { KeySet } from "./key-set.ts";
import { largestInteger, Members } from "./members.ts";
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
  shardLength,
} from "./status-list.ts";
import type { EpochSeconds } from "./verdict.ts";

/** A verified manifest, its blobs not yet seen. */
export interface StatusManifest {
  readonly name: string;
  readonly list: number;
  readonly bits: StatusBits;
  readonly size: number;
  readonly epoch: number;
  readonly version: number;
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  /** Null for an untouched, all-zero shard. */
  readonly shards: readonly (PackedShard | null)[];
  readonly root: Uint8Array;
  readonly kid: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

interface PackedShard {
  /** Base64url SHA-256 and length of the zlib stream. */
  readonly blob: string;
  readonly length: number;
  /** SHA-256 of the inflated bytes. */
  readonly hash: Uint8Array;
}

const longestBlob = 256 * 1024;
const longestLifeS = 7 * 86_400;

/** Reads the manifest of one list and verifies it with a status key. */
export async function readStatusManifest(
  list: number,
  text: string,
  keys: KeySet,
  scope: Scope,
  primitives: Primitives,
): Promise<Checked<StatusManifest>> {
  const name = `lists/${list}/manifest.jws`;
  const document = await readDocument(name, "status+jws", text, scope, primitives);
  if (!document.ok) return document;
  const { members, jws, bytes, sha256 } = document.value;
  members.integer("list", list, list);
  const bits: StatusBits = members.integer("bits", 1, 2) === 2 ? 2 : 1;
  const size = members.integer("size", 0, largestList);
  const epoch = members.integer("epoch", 0, largestInteger);
  const version = members.integer("ver", 0, largestInteger);
  const issuedAt = members.time("iat");
  const expiresAt = members.time("exp");
  members.integer("ttl", 1, longestLifeS);
  members.integer("sl2", 20, 20);
  const root = members.hash("root");
  const shards = members.records("sh", shardCount(largestList)).map((record) => readShard(members, record));
  if (shards.length !== shardCount(size)) members.refuse("sh");
  if (expiresAt <= issuedAt || expiresAt - issuedAt > longestLifeS) members.refuse("exp");
  if (members.bad !== null) return badMember(name, members.bad);
  const signer = await checkSigner(document.value, keys, "status", issuedAt);
  if (!signer.ok) return signer;
  const { kid } = jws.header;
  return good({ name, list, bits, size, epoch, version, issuedAt, expiresAt, shards, root, kid, sha256, bytes });
}

function readShard(members: Members, record: JsonRecord): PackedShard | null {
  if (Object.hasOwn(record, "z") && record["z"] === null) return null;
  const read = new Members(record);
  const blob = read.text("z");
  const length = read.integer("zl", 1, longestBlob);
  const hash = read.hash("h");
  if (read.bad !== null || decodeHash(blob) === null) members.refuse("sh");
  return { blob, length, hash };
}

/** Name and length of every blob the manifest needs, each once. */
export function blobsOf(manifest: StatusManifest): ReadonlyMap<string, number> {
  return new Map(manifest.shards.flatMap((shard) => (shard === null ? [] : [[shard.blob, shard.length] as const])));
}

/**
 * Builds the list a manifest describes. `blobs` holds every blob of it, hashes and lengths already checked against the names,
 * so no unauthenticated byte reaches zlib; the inflated bytes and the root are checked here.
 */
export async function buildList(
  manifest: StatusManifest,
  blobs: ReadonlyMap<string, Uint8Array>,
  primitives: Primitives,
): Promise<Checked<StatusList>> {
  const { list, bits, size, epoch, version, expiresAt, root } = manifest;
  const shards: Shard[] = [];
  const documents = new Map([[manifest.name, manifest.bytes]]);
  let empty: Shard | null = null;
  for (const packed of manifest.shards) {
    if (packed === null) {
      empty ??= await emptyShard(bits, primitives);
      shards.push(empty);
      continue;
    }
    const blob = blobs.get(packed.blob);
    if (blob === undefined) return refused("gap", manifest.name, `blob ${packed.blob} is missing`);
    const shard = await inflateShard(packed, blob, bits, primitives);
    if (!shard.ok) return shard;
    documents.set(`blobs/${packed.blob}`, blob);
    shards.push(shard.value);
  }
  if (!equalBytes(await listRoot(shards, primitives), root)) {
    return refused("hash_mismatch", manifest.name, `the shards do not give the root ${encodeBase64url(root)}`);
  }
  const source = { version, issuedAt: manifest.issuedAt, sha256: manifest.sha256 };
  const kids = new Set([manifest.kid]);
  return good({
    list,
    bits,
    size,
    epoch,
    version,
    expiresAt,
    shards,
    root,
    manifest: source,
    kids,
    deltas: [],
    documents,
  });
}

async function inflateShard(
  packed: PackedShard,
  blob: Uint8Array,
  bits: StatusBits,
  primitives: Primitives,
): Promise<Checked<Shard>> {
  const name = `blobs/${packed.blob}`;
  const length = shardLength(bits);
  const bytes = await primitives.inflateExact(blob, length);
  if (bytes === null) return refused("length_mismatch", name, `does not inflate to exactly ${length} bytes`);
  if (!equalBytes(await primitives.sha256(bytes), packed.hash)) {
    return refused("hash_mismatch", name, `inflates to bytes other than ${encodeBase64url(packed.hash)}`);
  }
  return good({ bytes, hash: packed.hash });
}
