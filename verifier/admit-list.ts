import { type AdmissionRun, accept, gatherBlobs, isExpired, isNamed } from "./admission.ts";
import { equalBytes, utf8Text } from "./bytes.ts";
import { refused } from "./fault.ts";
import type { NamedDocument, NamedList } from "./head.ts";
import type { KeySet } from "./key-set.ts";
import { applyDelta, checkDelta, readStatusDelta, type StatusDelta } from "./status-delta.ts";
import type { StatusList } from "./status-list.ts";
import { blobsOf, buildList, readStatusManifest } from "./status-manifest.ts";
import { isClockSound } from "./time.ts";

/** Most deltas of one list looked at in one call. */
const mostDeltas = 4096;
/** After so many deltas a newer manifest is fetched, so that a start stays short. */
const longestChain = 64;

/**
 * The state of one list as the head names it, or null while something is missing or wrong. The shortest path: the held
 * state and deltas; if those are refused or gone, manifest, missing blobs and the deltas after it (formats.md section 3).
 */
export async function admitList(
  run: AdmissionRun,
  named: NamedList,
  source: NamedDocument | null,
  keys: KeySet,
): Promise<StatusList | null> {
  const before = run.current.lists.get(named.list) ?? null;
  if (!isConsistent(run, named, source, keys, before)) return null;
  const held = before !== null && before.epoch === named.epoch && isVouched(before, keys) ? before : null;
  if (held !== null) {
    const offered = run.offered.deltas?.get(named.list);
    const climb = await climbTo(run, held, named, offered ?? [], keys);
    if (climb.list !== null) return refreshed(run, climb.list, named, source, keys);
    // A manifest helps only if it leads past the held state.
    const isStuck = climb.refused || offered?.length === 0 || run.offered.manifests?.has(named.list) === true;
    if (!isStuck || source === null || source.version <= held.version) {
      run.wanted.push({ kind: "deltas", list: named.list, from: climb.reached });
      return null;
    }
  }
  return fromManifest(run, named, source, keys);
}

/** Epoch, version, root, size: nothing goes back, and nothing has two faces. */
function isConsistent(
  run: AdmissionRun,
  named: NamedList,
  source: NamedDocument | null,
  keys: KeySet,
  before: StatusList | null,
): boolean {
  const name = `lists/${named.list}/manifest.jws`;
  const refuse = (code: "rollback" | "equivocation" | "unnamed", detail: string) => {
    accept(run, refused(code, name, detail));
    return false;
  };
  if (before !== null) {
    if (named.epoch < before.epoch) return refuse("rollback", `epoch ${named.epoch}, held is ${before.epoch}`);
    if (named.epoch === before.epoch) {
      if (named.version < before.version) {
        return refuse("rollback", `version ${named.version}, held is ${before.version}`);
      }
      if (named.size < before.size) return refuse("rollback", `size ${named.size}, held is ${before.size}`);
      if (named.version === before.version && !equalBytes(named.root, before.root)) {
        return refuse("equivocation", `version ${named.version} with another root`);
      }
      if (source?.version === before.manifest.version && source.sha256 !== before.manifest.sha256) {
        return refuse("equivocation", `manifest version ${source.version} with another hash`);
      }
    }
  }
  const claimed = keys.lists.get(named.list);
  if (claimed?.epoch !== named.epoch || claimed.bits !== named.bits) {
    return refuse("unnamed", `epoch ${named.epoch}, the keys document names ${claimed?.epoch ?? "none"}`);
  }
  return true;
}

/** True while every key that signed for the list may still be believed. */
export function isVouched(list: { readonly kids: Iterable<string> }, keys: KeySet): boolean {
  for (const kid of list.kids) {
    const key = keys.keys.get(kid);
    if (key === undefined || key.state === "compromised" || !key.roles.has("status")) return false;
  }
  return true;
}

/** Is the list what the head names? */
export function isNamedState(list: StatusList, named: NamedList): boolean {
  return (
    list.version === named.version &&
    list.epoch === named.epoch &&
    list.bits === named.bits &&
    list.size === named.size &&
    equalBytes(list.root, named.root)
  );
}

interface Climb {
  readonly list: StatusList | null;
  /** The version up to which genuine deltas lead. */
  readonly reached: number;
  /** A delta was refused: the full list is the surer way. */
  readonly refused: boolean;
}

async function climbTo(
  run: AdmissionRun,
  base: StatusList,
  named: NamedList,
  texts: readonly string[],
  keys: KeySet,
): Promise<Climb> {
  const known = run.faults.length;
  const deltas = base.version === named.version ? [] : await genuineDeltas(run, base, named, texts, keys);
  const path = shortestPath(deltas, base.version, named.version);
  if (path === null) {
    return { list: null, reached: furthest(deltas, base.version), refused: run.faults.length > known };
  }
  let list = base;
  for (const delta of path) {
    const next = accept(run, await applyDelta(list, delta, run.primitives));
    if (next === null) return { list: null, reached: list.version, refused: true };
    list = next;
  }
  if (isNamedState(list, named)) return { list, reached: list.version, refused: false };
  const name = path.at(-1)?.document.name ?? `lists/${named.list}/manifest.jws`;
  accept(run, refused("hash_mismatch", name, `version ${list.version} is not the state the head names`));
  return { list: null, reached: base.version, refused: true };
}

/** Offered deltas between both versions whose signature holds. Older ones and those beyond the head are left alone. */
async function genuineDeltas(
  run: AdmissionRun,
  base: StatusList,
  named: NamedList,
  texts: readonly string[],
  keys: KeySet,
): Promise<readonly StatusDelta[]> {
  const name = `lists/${named.list}/deltas`;
  if (texts.length > mostDeltas) accept(run, refused("too_large", name, `${texts.length} deltas`));
  const found = new Map<string, StatusDelta>();
  const disputed = new Set<string>();
  for (const text of new Set(texts.slice(0, mostDeltas))) {
    const delta = accept(run, await readStatusDelta(named.list, text, run.scope, run.primitives));
    if (delta === null || delta.epoch !== base.epoch) continue;
    if (delta.from < base.version || delta.to > named.version) continue;
    if (accept(run, await checkDelta(delta, keys)) === null) continue;
    const span = `${delta.from} ${delta.to}`;
    const twin = found.get(span);
    if (twin !== undefined && twin.document.jws.payloadSegment !== delta.document.jws.payloadSegment) {
      accept(run, refused("equivocation", delta.document.name, `two deltas to version ${delta.to} differ`));
      disputed.add(span);
    }
    found.set(span, delta);
  }
  for (const span of disputed) found.delete(span);
  return [...found.values()];
}

/** Deltas that lead from one version to another in large steps; null when none do. Every delta goes upwards. */
function shortestPath(deltas: readonly StatusDelta[], from: number, to: number): readonly StatusDelta[] | null {
  const next = new Map<number, StatusDelta>();
  for (const delta of deltas.toSorted((a, b) => b.from - a.from || b.to - a.to)) {
    if (!next.has(delta.from) && (delta.to === to || next.has(delta.to))) next.set(delta.from, delta);
  }
  const path: StatusDelta[] = [];
  for (let at = from; at !== to; ) {
    const step = next.get(at);
    if (step === undefined) return null;
    path.push(step);
    at = step.to;
  }
  return path;
}

function furthest(deltas: readonly StatusDelta[], from: number): number {
  const reached = new Set([from]);
  for (const delta of deltas.toSorted((a, b) => a.from - b.from)) if (reached.has(delta.from)) reached.add(delta.to);
  return Math.max(...reached);
}

async function fromManifest(
  run: AdmissionRun,
  named: NamedList,
  source: NamedDocument | null,
  keys: KeySet,
): Promise<StatusList | null> {
  const name = `lists/${named.list}/manifest.jws`;
  if (source === null || source.version > named.version) {
    return accept(run, refused("unnamed", name, "the head names the list and no manifest to build it from"));
  }
  const before = run.current.lists.get(named.list) ?? null;
  const text = run.offered.manifests?.get(named.list) ?? heldText(before, name, source);
  if (text === null) {
    run.wanted.push({ kind: "manifest", list: named.list, sha256: source.sha256, length: source.length });
    return null;
  }
  if (!(await isNamed(run, name, text, source))) return null;
  const manifest = accept(run, await readStatusManifest(named.list, text, keys, run.scope, run.primitives));
  if (manifest === null || isExpired(run, name, manifest.expiresAt)) return null;
  if (manifest.version !== source.version || manifest.epoch !== named.epoch || manifest.bits !== named.bits) {
    return accept(run, refused("unnamed", name, "version, epoch or width is not what the head names"));
  }
  const blobs = await gatherBlobs(run, blobsOf(manifest));
  if (blobs === null) return null;
  const built = accept(run, await buildList(manifest, blobs, run.primitives));
  if (built === null) return null;
  const texts = [...(run.offered.deltas?.get(named.list) ?? []), ...heldDeltas(before)];
  const climb = await climbTo(run, built, named, texts, keys);
  if (climb.list === null && !climb.refused) {
    run.wanted.push({ kind: "deltas", list: named.list, from: climb.reached });
  }
  return climb.list;
}

/**
 * A list that deltas brought up to date lives as long as the manifest under it. From the middle of that life on, or after
 * a long chain, a newer manifest is wanted beside; until it is whole the list stays in use.
 */
async function refreshed(
  run: AdmissionRun,
  list: StatusList,
  named: NamedList,
  source: NamedDocument | null,
  keys: KeySet,
): Promise<StatusList> {
  const { issuedAt } = list.manifest;
  const middle = issuedAt + (list.expiresAt - issuedAt) / 2;
  const due = (isClockSound(run.at) && run.at.now >= middle) || list.deltas.length >= longestChain;
  if (!due || source === null || source.version <= list.manifest.version) return list;
  return (await fromManifest(run, named, source, keys)) ?? list;
}

function heldText(before: StatusList | null, name: string, source: NamedDocument): string | null {
  const bytes = before?.manifest.sha256 === source.sha256 ? before.documents.get(name) : undefined;
  return bytes === undefined ? null : utf8Text(bytes);
}

function heldDeltas(before: StatusList | null): readonly string[] {
  if (before === null) return [];
  return before.deltas.flatMap((from) => {
    const bytes = before.documents.get(`lists/${before.list}/deltas/${from}.jws`);
    return bytes === undefined ? [] : (utf8Text(bytes) ?? []);
  });
}
