import { pack } from "tar-stream";
import { BundleFault } from "./fault.ts";
import { largestBundleBytes, mostFiles } from "./names.ts";

const blockBytes = 512;

/**
 * Writes documents as a bundle (formats.md section 2): the same documents give the same bytes, whoever writes them and when.
 *
 * @param documents by name, as in `Trust.documents`
 * @throws BundleFault before the first byte: `too_large` when no bundle can hold them, `not_a_bundle` when there are none
 */
export function writeBundle(documents: ReadonlyMap<string, Uint8Array>): AsyncIterable<Uint8Array> {
  if (documents.size === 0) {
    const remedy = "connect this terminal to the cloud once, or import a bundle";
    throw new BundleFault("not_a_bundle", "there is no trust data to carry yet", { remedy });
  }
  const bytes = bundleLength(documents);
  if (documents.size > mostFiles || bytes > largestBundleBytes) {
    throw new BundleFault(
      "too_large",
      `the trust data fills ${documents.size} files and ${bytes} bytes; a bundle has at most ${mostFiles} and ${largestBundleBytes}`,
      { remedy: "this terminal needs the network: its pass directory is too large to be carried" },
    );
  }
  return packed(documents);
}

/** Length of the bundle of these documents, bytes. */
export function bundleLength(documents: ReadonlyMap<string, Uint8Array>): number {
  let bytes = 2 * blockBytes;
  for (const document of documents.values()) {
    bytes += blockBytes + Math.ceil(document.length / blockBytes) * blockBytes;
  }
  return bytes;
}

async function* packed(documents: ReadonlyMap<string, Uint8Array>): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const epoch = new Date(0);
  for (const [name, { buffer, byteOffset, length }] of [...documents].toSorted(byName)) {
    tar.entry({ name, mtime: epoch, mode: 0o644, uid: 0, gid: 0 }, Buffer.from(buffer, byteOffset, length));
  }
  tar.finalize();
  for await (const part of tar) if (part instanceof Uint8Array) yield part;
}

function byName([a]: readonly [string, Uint8Array], [b]: readonly [string, Uint8Array]): number {
  return a < b ? -1 : 1;
}
