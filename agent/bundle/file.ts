import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { BundleFault } from "./fault.ts";
import { largestBundleBytes } from "./names.ts";

/** A bundle file that is open for reading. */
export interface BundleFile extends AsyncDisposable {
  /** Bytes. */
  readonly length: number;
  /** Owner and permission bits of what was opened, whatever its name points to by now. */
  readonly owner: number;
  readonly mode: number;
  chunks(): AsyncIterable<Uint8Array>;
}

/**
 * Opens a bundle file. A device or a pipe is refused without waiting for it.
 *
 * @throws BundleFault `unreadable`, `too_large`
 */
export async function openBundleFile(path: string): Promise<BundleFile> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const stat = await file.stat();
  const fault = stat.isFile()
    ? stat.size > largestBundleBytes
      ? new BundleFault("too_large", `${path} has ${stat.size} bytes, a bundle at most ${largestBundleBytes}`)
      : null
    : new BundleFault("unreadable", `${path} is no regular file`, { remedy: "name a bundle file" });
  if (fault !== null) {
    await file.close();
    throw fault;
  }
  return {
    length: stat.size,
    owner: stat.uid,
    mode: stat.mode,
    chunks: () => chunksOf(file, path),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function* chunksOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Writes a bundle file that is old or new but never half: beside it first, synced, then renamed.
 *
 * @throws BundleFault `unwritable`, or what the source throws; nothing is left behind then
 */
export async function writeBundleFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const beside = `${path}.new`;
  let bytes = 0;
  let file: FileHandle;
  try {
    file = await open(beside, "w", 0o644);
  } catch (cause) {
    throw unwritable(path, cause);
  }
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      await onDisk(path, file.writeFile(chunk));
    }
    // Public documents, to be carried by anybody; the agent's own umask would hide them.
    await file.chmod(0o644).catch(() => {
      // A stick's file system may know no permissions; whoever holds the stick reads it then.
    });
    await onDisk(path, file.sync());
    await file.close();
    await onDisk(path, rename(beside, path));
    return bytes;
  } catch (cause) {
    await file.close();
    await rm(beside, { force: true });
    throw cause;
  }
}

async function onDisk<T>(path: string, writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): BundleFault {
  const message = `${path} cannot be read (${errnoOf(cause)})`;
  return new BundleFault("unreadable", message, { remedy: "check the path, its permissions and the medium", cause });
}

function unwritable(path: string, cause: unknown): BundleFault {
  const message = `${path} cannot be written (${errnoOf(cause)})`;
  return new BundleFault("unwritable", message, {
    remedy: "check the path, its permissions and the free space",
    cause,
  });
}

function errnoOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
}
