import type {
  AdmitVector,
  ExpectedEntry,
  ExpectedState,
  OfferedNames,
  OpenVector,
  VectorFile,
} from "../../fixtures/vectors/index.ts";
import {
  admit,
  type Offered,
  openTrust,
  type Primitives,
  revocationStatus,
  type Trust,
  type TrustFault,
} from "../../verifier/index.ts";
import { blobBytes, documentText, momentOf, storedTrust } from "./read.ts";

/** What `admit` makes of an offer to a terminal that believes `from`. */
export async function admission(
  file: VectorFile,
  vector: AdmitVector,
  from: Trust,
  primitives: Primitives,
): Promise<AdmitVector["expect"]> {
  const offered = offerOf(file, vector.offered);
  const { trust, changed, faults, wanted } = await admit(from, offered, momentOf(vector), primitives);
  if (changed === (trust === from)) throw new Error("a trust changes if and only if it is another one");
  const kinds = [...new Set(wanted.map((one) => one.kind))].toSorted();
  return { changed, faults: codesOf(faults), wanted: kinds, state: stateOf(trust, vector.expect.state.entries) };
}

/** What `openTrust` makes of stored documents. */
export async function opening(
  file: VectorFile,
  vector: OpenVector,
  primitives: Primitives,
): Promise<OpenVector["expect"]> {
  const { trust, faults } = await openTrust(storedTrust(file, vector.trust), primitives);
  return { faults: codesOf(faults), state: stateOf(trust, vector.expect.state.entries) };
}

function codesOf(faults: readonly TrustFault[]) {
  return [...new Set(faults.map((fault) => fault.code))].toSorted();
}

function stateOf(trust: Trust, entries: readonly ExpectedEntry[] | undefined): ExpectedState {
  return {
    root: trust.root?.version ?? null,
    keys: trust.keys?.version ?? null,
    head: trust.head?.n ?? null,
    lists: Object.fromEntries([...trust.lists].map(([list, { version }]) => [String(list), version])),
    ...(entries && {
      entries: entries.map(({ list, index }) => ({ list, index, status: revocationStatus(trust, list, index) })),
    }),
  };
}

function offerOf(file: VectorFile, names: OfferedNames): Offered {
  const text = (name: string) => documentText(file, name);
  const byList = (named: Readonly<Record<string, string>>) =>
    new Map(Object.entries(named).map(([list, name]) => [Number(list), text(name)]));
  const { roots, keys, head, manifests, deltas, directories, blobs } = names;
  return {
    ...(roots && { roots: roots.map(text) }),
    ...(keys !== undefined && { keys: text(keys) }),
    ...(head !== undefined && { head: text(head) }),
    ...(manifests && { manifests: byList(manifests) }),
    ...(deltas && {
      deltas: new Map(Object.entries(deltas).map(([list, named]) => [Number(list), named.map(text)])),
    }),
    ...(directories && { directories: byList(directories) }),
    ...(blobs && { blobs: new Map(Object.entries(blobs).map(([sha256, name]) => [sha256, blobBytes(file, name)])) }),
  };
}
