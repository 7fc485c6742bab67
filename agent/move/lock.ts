import { join } from "node:path";
import { readSecret, removeSecret, writeSecret } from "../secret-file.ts";

/**
 * A terminal that is being replaced is locked by a file: while it is there, no pass is decided and nothing is sent. It is on disk
 * before anything leaves the terminal, and survives every restart.
 */
export interface TerminalLock {
  /** `moved`: everything was exported. `moving_in`: an import is not finished. */
  readonly kind: "moved" | "moving_in";
  /** RFC 3339. */
  readonly at: string;
  /** What names the file that is moved in; null for `moved`. */
  readonly file: string | null;
  /** Everything of that file is in its place: only the key has to change hands. */
  readonly unpacked: boolean;
}

export const terminalLockName = "terminal-lock.json";

/** Null when this terminal may decide. A file that cannot be understood locks too. Throws what the file system throws. */
export function readTerminalLock(stateDir: string): TerminalLock | null {
  const text = readSecret(join(stateDir, terminalLockName));
  if (text === null) return null;
  try {
    const lock: TerminalLock = JSON.parse(text);
    return lock;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return { kind: "moved", at: "", file: null, unpacked: false };
  }
}

export function writeTerminalLock(stateDir: string, lock: TerminalLock): void {
  writeSecret(join(stateDir, terminalLockName), JSON.stringify(lock));
}

export function removeTerminalLock(stateDir: string): void {
  removeSecret(join(stateDir, terminalLockName));
}
