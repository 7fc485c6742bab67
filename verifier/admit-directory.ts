import { type AdmissionRun, accept, gatherBlobs, isExpired, isNamed, isNotNewer } from "./admission.ts";
import { isVouched } from "./admit-list.ts";
import { buildDirectory, chunkLength, type PassDirectory, readDirectoryManifest } from "./directory.ts";
import { refused } from "./fault.ts";
import type { NamedDocument } from "./head.ts";
import type { KeySet } from "./key-set.ts";

/** The pass directory of one list as the head names it, or null while something is missing or wrong. */
export async function admitDirectory(
  run: AdmissionRun,
  list: number,
  named: NamedDocument,
  keys: KeySet,
): Promise<PassDirectory | null> {
  const name = `lists/${list}/directory.jws`;
  const epoch = keys.lists.get(list)?.epoch ?? null;
  const held = run.current.directories.get(list) ?? null;
  if (held !== null && epoch !== null && epoch < held.epoch) {
    return accept(run, refused("rollback", name, `epoch ${epoch}, held is ${held.epoch}`));
  }
  if (held !== null && held.epoch === epoch) {
    if (isNotNewer(run, name, held, named)) return null;
    if (held.sha256 === named.sha256 && isVouched({ kids: [held.kid] }, keys)) return held;
  }
  const text = run.offered.directories?.get(list);
  if (text === undefined) {
    run.wanted.push({ kind: "directory", list, sha256: named.sha256, length: named.length });
    return null;
  }
  if (!(await isNamed(run, name, text, named))) return null;
  const manifest = accept(run, await readDirectoryManifest(list, text, keys, run.scope, run.primitives));
  if (manifest === null || isExpired(run, name, manifest.expiresAt)) return null;
  if (manifest.version !== named.version || manifest.epoch !== epoch) {
    return accept(run, refused("unnamed", name, "version or epoch is not what head and keys name"));
  }
  const blobs = await gatherBlobs(run, new Map(manifest.chunks.map((chunk) => [chunk, chunkLength])));
  return blobs === null ? null : buildDirectory(manifest, blobs);
}
