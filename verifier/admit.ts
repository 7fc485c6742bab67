import {
  type Admission,
  type AdmissionRun,
  accept,
  isExpired,
  isNamed,
  isNotNewer,
  type Offered,
} from "./admission.ts";
import { admitDirectory } from "./admit-directory.ts";
import { admitList } from "./admit-list.ts";
import { admitRoots, type RootProgress } from "./admit-roots.ts";
import { utf8Bytes, utf8Text } from "./bytes.ts";
import { type Document, hashName } from "./document.ts";
import { refused } from "./fault.ts";
import { type Head, namedDocument, readHead } from "./head.ts";
import { type KeySet, readKeySet } from "./key-set.ts";
import type { Primitives } from "./primitives.ts";
import type { Root } from "./root.ts";
import { checkSigner } from "./signer.ts";
import { documentsOf } from "./snapshot.ts";
import type { VerificationTime } from "./time.ts";
import type { Trust } from "./trust.ts";

/** A head may be this far ahead of a trusted clock, seconds. */
const furthestAheadS = 86_400;

/**
 * Checks everything offered against the current snapshot and makes the next one when it is complete; otherwise `trust` is
 * the current one, whole, and `wanted` says what is missing. Take one `at` for a whole update run and call again with
 * a grown `offered` until `wanted` is empty. A document that was offered and refused is a fault and, deltas aside, not
 * wanted again; a call that wants nothing new ends the run. `wanted` beside `changed` asks for a newer base of a list
 * that is already in use. Never throws for bad input; rejects only when a primitive does.
 */
export async function admit(
  current: Trust,
  offered: Offered,
  at: VerificationTime,
  primitives: Primitives,
): Promise<Admission> {
  const { tenant, environment } = current;
  const run: AdmissionRun = {
    scope: { tenant, environment },
    current,
    offered,
    at,
    primitives,
    wanted: [],
    faults: [],
  };
  const next = await advance(run);
  const { wanted } = run;
  // A delta may be refused on two ways to the same list; it is one fault.
  const faults = [...new Map(run.faults.map((fault) => [JSON.stringify(fault), fault])).values()];
  return { trust: next ?? current, changed: next !== null, wanted, faults };
}

async function advance(run: AdmissionRun): Promise<Trust | null> {
  const { current, offered } = run;
  const progress = await admitRoots(run);
  const { root, pin } = progress;
  if (offered.head === undefined) run.wanted.push({ kind: "head" });
  if (root === null || offered.head === undefined) return null;
  const read = accept(run, await readHead(offered.head, run.scope, run.primitives));
  if (read === null) return null;
  if (isExpired(run, `root/${root.version}.json`, root.expiresAt)) {
    wantNextRoot(run, root, progress);
    return null;
  }
  const keys = await chooseKeys(run, root, progress, read);
  if (keys === null || !(await isAcceptableHead(run, read, keys)) || !isNamedRoot(run, read.head, root, progress)) {
    return null;
  }
  const head = current.head?.sha256 === read.head.sha256 ? current.head : read.head;
  const lists = await admitAll(
    head.lists,
    (named) => named.list,
    (named) => admitList(run, named, namedDocument(head, "status+jws", named.list), keys),
  );
  const named = head.docs.flatMap((one) =>
    one.typ === "passdir+jws" && one.list !== null ? [{ ...one, list: one.list }] : [],
  );
  const directories = await admitAll(
    named,
    (one) => one.list,
    (one) => admitDirectory(run, one.list, one, keys),
  );
  if (lists === null || directories === null) return null;
  const parts = { root, keys, head, lists, directories };
  return isSame(current, parts) ? null : { ...current, ...parts, pin, documents: documentsOf(parts) };
}

/** Every one, or null; goes on after a miss so that one call names all that is wanted. */
async function admitAll<Named, Part>(
  all: readonly Named[],
  key: (named: Named) => number,
  admitOne: (named: Named) => Promise<Part | null>,
): Promise<ReadonlyMap<number, Part> | null> {
  const parts = new Map<number, Part>();
  for (const named of all) {
    const part = await admitOne(named);
    if (part !== null) parts.set(key(named), part);
  }
  return parts.size === all.length ? parts : null;
}

interface ReadHead {
  readonly document: Document;
  readonly head: Head;
}

/** The keys document that the head names: the held one, or the offered one once it stood every check. */
async function chooseKeys(
  run: AdmissionRun,
  root: Root,
  progress: RootProgress,
  { document, head }: ReadHead,
): Promise<KeySet | null> {
  const name = "keys.jws";
  const held = run.current.keys;
  const named = namedDocument(head, "trust-keys+jws", null);
  if (named === null) return accept(run, refused("unnamed", name, "the head names no keys document"));
  if (held?.sha256 === named.sha256) {
    await reportUnnamedKeys(run, held);
    if (named.version !== held.version) {
      return accept(run, refused("unnamed", name, `is version ${held.version}, the head names ${named.version}`));
    }
    return root === run.current.root ? held : rereadKeys(run, held, root);
  }
  if (held !== null && named.version <= held.version) {
    // Only a genuine head may raise the alarm of a rollback.
    const isGenuine = accept(run, await checkSigner(document, held, "head", head.issuedAt)) !== null;
    if (isGenuine) isNotNewer(run, name, held, named);
    return null;
  }
  const text = run.offered.keys;
  if (text === undefined) {
    run.wanted.push({ kind: "keys", sha256: named.sha256, length: named.length });
    return null;
  }
  if (!(await isNamed(run, name, text, named))) return null;
  const read = await readKeySet(text, root, run.scope, run.primitives);
  if (!read.ok && read.fault.code === "bad_signature") wantNextRoot(run, root, progress);
  const keys = accept(run, read);
  if (keys === null || isExpired(run, name, keys.expiresAt)) return null;
  if (keys.version !== named.version) {
    return accept(run, refused("unnamed", name, `is version ${keys.version}, the head names ${named.version}`));
  }
  for (const [kid, key] of held?.keys ?? []) {
    const again = keys.keys.get(kid);
    if (again !== undefined && again.thumbprint !== key.thumbprint) {
      return accept(run, refused("weak_key", name, `kid ${kid} was used for another key`));
    }
  }
  return keys;
}

/** After a root rotation the held keys document counts only if the new root still lets its signer sign. */
async function rereadKeys(run: AdmissionRun, held: KeySet, root: Root): Promise<KeySet | null> {
  return accept(run, await readKeySet(utf8Text(held.bytes) ?? "", root, run.scope, run.primitives));
}

async function reportUnnamedKeys(run: AdmissionRun, held: KeySet): Promise<void> {
  const text = run.offered.keys;
  if (text === undefined) return;
  const sha256 = await hashName(utf8Bytes(text), run.primitives);
  if (sha256 === held.sha256) return;
  accept(run, refused("unnamed", "keys.jws", `sha256 ${sha256}, the head names ${held.sha256}`));
}

async function isAcceptableHead(run: AdmissionRun, { document, head }: ReadHead, keys: KeySet): Promise<boolean> {
  const name = "head.jws";
  if (accept(run, await checkSigner(document, keys, "head", head.issuedAt)) === null) return false;
  const before = run.current.head;
  if (before !== null && before.kid === head.kid) {
    const held = { version: before.n, sha256: before.sha256 };
    if (isNotNewer(run, name, held, { version: head.n, sha256: head.sha256 })) return false;
  } else if (before !== null && head.issuedAt < before.issuedAt && !isReset(run.current.keys, keys, before)) {
    // The counter restarts with another key, so time keeps two live head keys from replaying each other.
    accept(run, refused("rollback", name, `signed at ${head.issuedAt}, held is ${before.issuedAt}`));
    return false;
  }
  if (run.at.clock === "trusted" && head.issuedAt > run.at.now + furthestAheadS) {
    accept(run, refused("clock_ahead", name, `signed at ${head.issuedAt}, now is ${run.at.now}`));
    return false;
  }
  return !isExpired(run, name, head.expiresAt);
}

/** The keys document says that the times the former head key signed no longer count. */
function isReset(before: KeySet | null, keys: KeySet, head: Head): boolean {
  return before?.timeEpoch !== keys.timeEpoch || keys.keys.get(head.kid)?.state !== "active";
}

/** A head may name the root file as well; a newer one is walked to first. */
function isNamedRoot(run: AdmissionRun, head: Head, root: Root, progress: RootProgress): boolean {
  const named = namedDocument(head, "trust-root+jws", null);
  if (named === null || named.version < root.version || named.sha256 === root.sha256) return true;
  if (named.version > root.version) wantNextRoot(run, root, progress);
  else isNotNewer(run, `root/${root.version}.json`, root, named);
  return false;
}

function wantNextRoot(run: AdmissionRun, root: Root, progress: RootProgress): void {
  const version = root.version + 1;
  if (progress.seen.has(version) || run.wanted.some((one) => one.kind === "root")) return;
  run.wanted.push({ kind: "root", version });
}

function isSame(current: Trust, next: Pick<Trust, "root" | "keys" | "head" | "lists" | "directories">): boolean {
  return (
    current.root === next.root &&
    current.keys === next.keys &&
    current.head === next.head &&
    sameParts(current.lists, next.lists) &&
    sameParts(current.directories, next.directories)
  );
}

function sameParts<Part>(left: ReadonlyMap<number, Part>, right: ReadonlyMap<number, Part>): boolean {
  return left.size === right.size && [...left].every(([list, part]) => right.get(list) === part);
}
