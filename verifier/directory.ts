import { decodeHash } from "./base64url.ts";
import type { Scope } from "./claims.ts";
import { badMember, readDocument } from "./document.ts";
import { type Checked, good } from "./fault.ts";
import type { KeySet } from "./key-set.ts";
import { largestInteger } from "./members.ts";
import type { Primitives } from "./primitives.ts";
import { recordLength } from "./reference.ts";
import { checkSigner } from "./signer.ts";
import { largestList } from "./status-list.ts";
import type { EpochSeconds } from "./verdict.ts";

/** Records and bytes of one chunk (formats.md section 2, `sl2` 13). */
const chunkRecords = 2 ** 13;
export const chunkLength = chunkRecords * recordLength;

/** A verified directory manifest. */
export interface DirectoryManifest {
  readonly name: string;
  readonly list: number;
  readonly epoch: number;
  readonly version: number;
  readonly expiresAt: EpochSeconds;
  /** Number of records. */
  readonly size: number;
  /** Base64url SHA-256 of each chunk. */
  readonly chunks: readonly string[];
  readonly kid: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** The hashes that make references genuine: 16 bytes at each index, zero where nothing was issued. */
export interface PassDirectory extends Omit<DirectoryManifest, "chunks" | "bytes"> {
  readonly chunks: readonly Uint8Array[];
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

const longestLifeS = 7 * 86_400;

/** Reads the directory manifest of one list and verifies it with a status key. */
export async function readDirectoryManifest(
  list: number,
  text: string,
  keys: KeySet,
  scope: Scope,
  primitives: Primitives,
): Promise<Checked<DirectoryManifest>> {
  const name = `lists/${list}/directory.jws`;
  const document = await readDocument(name, "passdir+jws", text, scope, primitives);
  if (!document.ok) return document;
  const { members, jws, bytes, sha256 } = document.value;
  members.integer("list", list, list);
  const epoch = members.integer("epoch", 0, largestInteger);
  const version = members.integer("ver", 0, largestInteger);
  const issuedAt = members.time("iat");
  const expiresAt = members.time("exp");
  const size = members.integer("size", 0, largestList);
  members.integer("sl2", 13, 13);
  const chunks = members.array("ch", Math.ceil(size / chunkRecords)).flatMap((one) => {
    if (typeof one === "string" && decodeHash(one) !== null) return one;
    members.refuse("ch");
    return [];
  });
  if (chunks.length !== Math.ceil(size / chunkRecords)) members.refuse("ch");
  if (expiresAt <= issuedAt || expiresAt - issuedAt > longestLifeS) members.refuse("exp");
  if (members.bad !== null) return badMember(name, members.bad);
  const signer = await checkSigner(document.value, keys, "status", issuedAt);
  if (!signer.ok) return signer;
  return good({ name, list, epoch, version, expiresAt, size, chunks, kid: jws.header.kid, sha256, bytes });
}

/** The directory of a manifest; null while a chunk is missing. `blobs` are checked against their names. */
export function buildDirectory(
  manifest: DirectoryManifest,
  blobs: ReadonlyMap<string, Uint8Array>,
): PassDirectory | null {
  const documents = new Map([[manifest.name, manifest.bytes]]);
  const chunks: Uint8Array[] = [];
  for (const name of manifest.chunks) {
    const chunk = blobs.get(name);
    if (chunk === undefined) return null;
    documents.set(`blobs/${name}`, chunk);
    chunks.push(chunk);
  }
  return { ...manifest, chunks, documents };
}

/** The 16 bytes at an index, or null outside the directory. */
export function directoryRecord(directory: PassDirectory, index: number): Uint8Array | null {
  if (index >= directory.size) return null;
  const offset = (index % chunkRecords) * recordLength;
  return directory.chunks[Math.floor(index / chunkRecords)]?.subarray(offset, offset + recordLength) ?? null;
}
