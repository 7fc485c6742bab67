import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** Small files of this terminal's own, mode 0600: keys, identity, what must be known before the database opens. */

/** The file's text, or null when there is none. Throws what the file system throws otherwise. */
export function readSecret(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw cause;
  }
}

/** Old or new, never half, and on disk before it is used: write, sync, rename, sync the folder. Owned like its folder. */
export function writeSecret(path: string, text: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = statSync(folder);
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chownSync(temporary, owner.uid, owner.gid);
  renameSync(temporary, path);
  syncFolder(folder);
}

/** Gone when it returns, also after a power cut; no matter whether it was there. */
export function removeSecret(path: string): void {
  rmSync(path, { force: true });
  syncFolder(dirname(path));
}

function syncFolder(folder: string): void {
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
