import { existsSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../store/mark.ts";
import { MoveFault } from "./fault.ts";

/** A file that has its name only when it is whole: half an export looks like a whole one. */
export interface Target extends AsyncDisposable {
  readonly file: FileHandle;
  /** Gives it its name, on disk when it returns. Throws `MoveFault` `file_exists`, or what the file system throws. */
  finish(): void;
}

/** Nothing is overwritten. Throws `MoveFault` `file_exists`. */
export function checkTarget(path: string): void {
  if (!existsSync(path)) return;
  throw new MoveFault("file_exists", `${path} is there already`, "give another name: nothing is overwritten");
}

/**
 * Makes the file beside its name; what a run that was cut left there goes.
 *
 * @throws MoveFault `file_unwritable`
 */
export async function openTarget(path: string): Promise<Target> {
  const half = `${path}.half`;
  try {
    rmSync(half, { force: true });
    const file = await open(half, "wx", 0o600);
    return {
      file,
      finish() {
        checkTarget(path);
        renameSync(half, path);
        syncFolder(dirname(path));
      },
      async [Symbol.asyncDispose]() {
        await file.close();
        rmSync(half, { force: true });
      },
    };
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    const message = `${path} cannot be written (${String(cause.code)})`;
    throw new MoveFault("file_unwritable", message, "give a file in a folder that this user may write to", cause);
  }
}
