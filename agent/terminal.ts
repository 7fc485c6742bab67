import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "./clock.ts";
import { type DeviceKey, deviceKeyName, type Identity, identityName, readDeviceKey, readIdentity } from "./identity.ts";
import { readTerminalLock, type TerminalLock, terminalLockName } from "./move/lock.ts";
import { readSecret } from "./secret-file.ts";
import type { Condition } from "./views.ts";

/** What this terminal is by the files in its state folder, which commands change while an agent runs. */
export interface Terminal {
  readonly lock: TerminalLock | null;
  /** Both, once there are both. */
  readonly enrolled: { readonly identity: Identity; readonly key: DeviceKey } | null;
  /** Another text when any of it changed. */
  readonly print: string;
}

/** How often the files are looked at, milliseconds. */
const lookEveryMs = 1_000;

/** Throws `IdentityFault` for damaged files, and what the file system throws. */
export function readTerminal(stateDir: string): Terminal {
  // First: what changes while we read is then noticed as a change.
  const print = printOf(stateDir);
  const lock = readTerminalLock(stateDir);
  const identity = readIdentity(stateDir);
  const key = readDeviceKey(stateDir);
  return { lock, enrolled: identity === null || key === null ? null : { identity, key }, print };
}

function printOf(stateDir: string): string {
  const texts = [identityName, deviceKeyName, terminalLockName].map((name) => readSecret(join(stateDir, name)));
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url");
}

/** Resolves with true when this terminal is not what it was at `print` any more, or with false when `signal` aborts. */
export async function untilChanged(
  stateDir: string,
  print: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  while (!signal.aborted) {
    await clock.sleep(lookEveryMs, signal);
    try {
      if (!signal.aborted && printOf(stateDir) !== print) return true;
    } catch (cause) {
      // A disk that does not answer is said elsewhere.
      if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    }
  }
  return false;
}

/** Resolves with the terminal once it is enrolled or locked (`pass-agent enroll` writes the files), or with null when stopped. */
export async function untilEnrolled(
  stateDir: string,
  clock: Clock,
  signal: AbortSignal,
  missing: () => void,
): Promise<Terminal | null> {
  for (let told = false; !signal.aborted; told = true) {
    const terminal = readTerminal(stateDir);
    if (terminal.enrolled !== null || terminal.lock !== null) return terminal;
    if (!told) missing();
    await clock.sleep(lookEveryMs, signal);
  }
  return null;
}

export const notEnrolled = {
  code: "not_enrolled",
  subject: null,
  severity: "error",
  detail: "this terminal belongs to no tenant yet",
  remedy:
    "make a code for it in the dashboard, then: pass-agent enroll <code>, or hold its QR code before a scanner here",
} as const;

export function lockedBy({ kind, at }: TerminalLock): Omit<Condition, "since"> {
  const moved = {
    detail: `everything on this terminal was exported at ${at} to replace it: it decides nothing any more`,
    remedy: "import the file on the new terminal; to go on with this one instead: pass-agent move cancel",
  };
  const movingIn = {
    detail: "the import of another terminal's data is not finished",
    remedy: "run it again to the end: pass-agent move import <file>",
  };
  return { code: "terminal_locked", subject: null, severity: "error", ...(kind === "moved" ? moved : movingIn) };
}
