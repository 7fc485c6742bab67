import { checkBlob } from "./admission.ts";
import { isNamedState } from "./admit-list.ts";
import { utf8Text } from "./bytes.ts";
import { buildDirectory, chunkLength, type PassDirectory, readDirectoryManifest } from "./directory.ts";
import { type Checked, good, refused, type TrustFault } from "./fault.ts";
import { type Head, type NamedDocument, type NamedList, namedDocument, readHead } from "./head.ts";
import { type KeySet, readKeySet } from "./key-set.ts";
import type { Primitives } from "./primitives.ts";
import { meetsThreshold, type Root, readRootFile, rootOf } from "./root.ts";
import { checkSigner } from "./signer.ts";
import { documentsOf } from "./snapshot.ts";
import { applyDelta, checkDelta, readStatusDelta } from "./status-delta.ts";
import type { StatusList } from "./status-list.ts";
import { blobsOf, buildList, readStatusManifest } from "./status-manifest.ts";
import { emptyTrust, type Trust } from "./trust.ts";
import type { Environment, TenantId } from "./verdict.ts";

/** What a store kept of a snapshot. */
export interface StoredTrust {
  readonly tenant: TenantId;
  readonly environment: Environment;
  readonly pin: string | null;
  /** `Trust.documents`. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

interface Opening {
  readonly stored: StoredTrust;
  readonly primitives: Primitives;
  readonly faults: TrustFault[];
}

/**
 * Makes a snapshot again from stored documents. Signatures, hashes and versions are checked as if they had just come in;
 * expiry is not: expired trust degrades, it is not deleted. A faulty document is reported and left out whole with
 * everything that rests on it; a list that is left out is unknown, never empty.
 */
export async function openTrust(
  stored: StoredTrust,
  primitives: Primitives,
): Promise<{ readonly trust: Trust; readonly faults: readonly TrustFault[] }> {
  const opening: Opening = { stored, primitives, faults: [] };
  const empty = emptyTrust(stored.tenant, stored.environment, stored.pin);
  const { root, pin } = await openRoots(opening);
  const keys = root === null ? null : await openKeys(opening, root);
  const head = keys === null ? null : await openHead(opening, keys);
  const lists = new Map<number, StatusList>();
  const directories = new Map<number, PassDirectory>();
  if (keys !== null && head !== null) {
    for (const named of head.lists) {
      const list = accept(opening, await openList(opening, named, keys));
      if (list !== null) lists.set(named.list, list);
    }
    for (const named of head.docs) {
      if (named.typ !== "passdir+jws" || named.list === null) continue;
      const directory = accept(opening, await openDirectory(opening, named.list, named, keys));
      if (directory !== null) directories.set(named.list, directory);
    }
  }
  const parts = { root, keys, head, lists, directories };
  return { trust: { ...empty, ...parts, pin, documents: documentsOf(parts) }, faults: opening.faults };
}

function accept<T>(opening: Opening, checked: Checked<T>): T | null {
  if (checked.ok) return checked.value;
  opening.faults.push(checked.fault);
  return null;
}

function textOf(opening: Opening, name: string): Checked<string> {
  const bytes = opening.stored.documents.get(name);
  const text = bytes === undefined ? null : utf8Text(bytes);
  return text === null ? refused("gap", name, "is missing or no text") : good(text);
}

async function openRoots(opening: Opening): Promise<{ readonly root: Root | null; readonly pin: string | null }> {
  const { stored, primitives } = opening;
  let root: Root | null = null;
  let { pin } = stored;
  for (let version = 1; stored.documents.has(`root/${version}.json`); version++) {
    const name = `root/${version}.json`;
    const text = accept(opening, textOf(opening, name));
    const file = text === null ? null : accept(opening, await readRootFile(text, stored, primitives));
    if (file === null) break;
    const judge: Root | null = root;
    const isPinned = judge !== null || pin === null || file.sha256 === pin;
    const isSigned = (judge === null || (await meetsThreshold(file, judge))) && (await meetsThreshold(file, file));
    if (file.version !== version || !isPinned || !isSigned) {
      accept(opening, refused("bad_root", name, "not the pinned root or not the next of the chain"));
      break;
    }
    pin ??= file.sha256;
    root = rootOf(file, judge);
  }
  return { root, pin };
}

async function openKeys(opening: Opening, root: Root): Promise<KeySet | null> {
  if (!opening.stored.documents.has("keys.jws")) return null;
  const text = accept(opening, textOf(opening, "keys.jws"));
  return text === null ? null : accept(opening, await readKeySet(text, root, opening.stored, opening.primitives));
}

async function openHead(opening: Opening, keys: KeySet): Promise<Head | null> {
  const text = accept(opening, textOf(opening, "head.jws"));
  const read = text === null ? null : accept(opening, await readHead(text, opening.stored, opening.primitives));
  if (read === null) return null;
  if (accept(opening, await checkSigner(read.document, keys, "head", read.head.issuedAt)) === null) return null;
  const named = namedDocument(read.head, "trust-keys+jws", null);
  if (named?.sha256 === keys.sha256 && named.version === keys.version) return read.head;
  return accept(opening, refused("unnamed", "keys.jws", "the head names another keys document"));
}

/** The blobs of a manifest from the store, each checked against its name. */
async function openBlobs(
  { stored, primitives }: Opening,
  named: ReadonlyMap<string, number>,
): Promise<Checked<ReadonlyMap<string, Uint8Array>>> {
  const blobs = new Map<string, Uint8Array>();
  for (const [sha256, length] of named) {
    const blob = stored.documents.get(`blobs/${sha256}`);
    if (blob === undefined) return refused("gap", `blobs/${sha256}`, "is missing");
    const checked = await checkBlob(sha256, length, blob, primitives);
    if (!checked.ok) return checked;
    blobs.set(sha256, blob);
  }
  return good(blobs);
}

async function openList(opening: Opening, named: NamedList, keys: KeySet): Promise<Checked<StatusList>> {
  const { stored, primitives } = opening;
  const name = `lists/${named.list}/manifest.jws`;
  if (keys.lists.get(named.list)?.epoch !== named.epoch) return refused("unnamed", name, "the keys name another epoch");
  const text = textOf(opening, name);
  if (!text.ok) return text;
  const manifest = await readStatusManifest(named.list, text.value, keys, stored, primitives);
  if (!manifest.ok) return manifest;
  const blobs = await openBlobs(opening, blobsOf(manifest.value));
  if (!blobs.ok) return blobs;
  let list = await buildList(manifest.value, blobs.value, primitives);
  while (list.ok && list.value.version < named.version) list = await climbOne(opening, list.value, keys);
  if (!list.ok || isNamedState(list.value, named)) return list;
  return refused("hash_mismatch", name, `version ${list.value.version} is not the state the head names`);
}

async function climbOne(opening: Opening, list: StatusList, keys: KeySet): Promise<Checked<StatusList>> {
  const { stored, primitives } = opening;
  const text = textOf(opening, `lists/${list.list}/deltas/${list.version}.jws`);
  if (!text.ok) return text;
  const delta = await readStatusDelta(list.list, text.value, stored, primitives);
  if (!delta.ok) return delta;
  const signer = await checkDelta(delta.value, keys);
  return signer.ok ? applyDelta(list, delta.value, primitives) : signer;
}

async function openDirectory(
  opening: Opening,
  list: number,
  named: NamedDocument,
  keys: KeySet,
): Promise<Checked<PassDirectory>> {
  const name = `lists/${list}/directory.jws`;
  const text = textOf(opening, name);
  if (!text.ok) return text;
  const manifest = await readDirectoryManifest(list, text.value, keys, opening.stored, opening.primitives);
  if (!manifest.ok) return manifest;
  if (manifest.value.sha256 !== named.sha256) return refused("unnamed", name, "the head names another directory");
  const blobs = await openBlobs(opening, new Map(manifest.value.chunks.map((chunk) => [chunk, chunkLength])));
  if (!blobs.ok) return blobs;
  const directory = buildDirectory(manifest.value, blobs.value);
  return directory === null ? refused("gap", name, "a chunk is missing") : good(directory);
}
