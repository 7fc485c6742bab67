import { type AdmissionRun, accept } from "./admission.ts";
import { refused } from "./fault.ts";
import { meetsThreshold, type Root, type RootFile, readRootFile, rootOf } from "./root.ts";

/** Most root files looked at in one call: more than a terminal can have missed in sixty years. */
const mostFiles = 64;

/** How far the offered root files lead. */
export interface RootProgress {
  readonly root: Root | null;
  readonly pin: string | null;
  /** Versions that were offered, accepted or not: not asked for again in this run. */
  readonly seen: ReadonlySet<number>;
}

/**
 * Walks the root chain one version at a time: version 1 by its pin, every other by a threshold under its predecessor and
 * under itself (formats.md section 2). Expiry of an intermediate root does not stop the walk.
 */
export async function admitRoots(run: AdmissionRun): Promise<RootProgress> {
  const texts = run.offered.roots ?? [];
  if (texts.length > mostFiles) accept(run, refused("too_large", "root", `${texts.length} root files`));
  const files: RootFile[] = [];
  for (const text of new Set(texts.slice(0, mostFiles))) {
    const file = accept(run, await readRootFile(text, run.scope, run.primitives));
    if (file !== null) files.push(file);
  }
  let { root, pin } = run.current;
  for (const file of files) if (root !== null && file.version <= root.version) await judgePast(run, file, root);
  for (;;) {
    const version: number = (root?.version ?? 0) + 1;
    const next = await chooseNext(
      run,
      files.filter((file) => file.version === version),
      root,
    );
    if (next === null) break;
    if (version === 1) pin = next.sha256;
    root = rootOf(next, root);
  }
  const reached = root?.version ?? 0;
  const seen = new Set(files.map((file) => file.version));
  if (!seen.has(reached + 1) && (root === null || files.some((file) => file.version > reached))) {
    run.wanted.push({ kind: "root", version: reached + 1 });
  }
  return { root, pin, seen };
}

async function chooseNext(run: AdmissionRun, files: readonly RootFile[], root: Root | null): Promise<RootFile | null> {
  const genuine: RootFile[] = [];
  for (const file of files) {
    const { pin } = run.current;
    if (root === null && pin !== null && file.sha256 !== pin) {
      accept(run, refused("bad_root", file.name, `sha256 ${file.sha256}, pinned is ${pin}`));
    } else if ((root === null || (await meetsThreshold(file, root))) && (await meetsThreshold(file, file))) {
      genuine.push(file);
    } else {
      accept(run, refused("bad_root", file.name, "not enough signatures of different root keys"));
    }
  }
  const [first, ...others] = genuine;
  if (first === undefined) return null;
  if (others.every((other) => other.said === first.said)) return first;
  accept(run, refused("equivocation", first.name, "two genuine roots of one version differ"));
  return null;
}

/** A root we are past may only be the one we passed. */
async function judgePast(run: AdmissionRun, file: RootFile, root: Root): Promise<void> {
  const passed = root.documents.get(file.name);
  if (passed?.length === file.bytes.length && passed.every((byte, i) => byte === file.bytes[i])) return;
  if (file.said === root.said) return;
  if (!(await meetsThreshold(file, root))) {
    accept(run, refused("bad_root", file.name, "not enough signatures of different root keys"));
    return;
  }
  const code = file.version === root.version ? "equivocation" : "rollback";
  accept(run, refused(code, file.name, `differs from the one held; the root is at version ${root.version}`));
}
