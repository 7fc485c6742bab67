import { constants } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { getuid, pid as ownPid } from "node:process";
import { ReaderFault, type ReaderFaultCode } from "../reader.ts";
import { type Holder, lockHolders, openHolders } from "./holders.ts";

/**
 * Says why a port did not open. The serial library answers with a sentence and no code, so the question is put to the
 * system again: only after a refusal, because opening a port moves its control lines.
 *
 * @param cause what the library threw.
 * @returns the fault to throw, its remedy one command or action.
 */
export async function openFault(path: string, cause: unknown): Promise<ReaderFault> {
  const refusal = await refusalOf(path);
  const code = refusal === null ? null : faultCode(refusal.code);
  const number = refusal?.number;
  const options = { cause, ...(number === undefined ? {} : { number }) };
  if (code === null) return refusedButOpen(path, options);
  switch (code) {
    case "reader_absent":
      return absentFault(path, "is not there", options);
    case "permission_denied":
      return new ReaderFault(code, `This user may not open ${path}.`, {
        ...options,
        remedy: await permissionRemedy(path),
      });
    case "reader_busy":
      return busyFault(path, await openHolders(path), options);
    default:
      return new ReaderFault("reader_failure", `${path} cannot be opened.`, {
        ...options,
        remedy: `Unplug the scanner and plug it in again; 'sudo dmesg | tail' shows what the kernel says.`,
      });
  }
}

interface Background {
  readonly cause?: unknown;
  readonly number?: number;
}

/** The port is gone, or never came. */
export function absentFault(path: string, what: string, background: Background): ReaderFault {
  return new ReaderFault("reader_absent", `The scanner at ${path} ${what}.`, {
    ...background,
    remedy: "Plug the scanner in; 'ls -l /dev/serial/by-id' shows the ones that are connected.",
  });
}

/** Another program has the port. `holders` may be empty: not every program lets itself be seen. */
export function busyFault(path: string, holders: readonly Holder[], background: Background): ReaderFault {
  const first = holders[0];
  const who = holders.map(({ pid, command }) => `${command} (pid ${pid})`).join(", ") || "another program";
  return new ReaderFault("reader_busy", `${path} is held by ${who}.`, {
    ...background,
    remedy: first === undefined ? `sudo fuser -v ${path}` : holderRemedy(first, path),
  });
}

/** Programs known to take serial ports for their own, and what makes them let go for good. */
function holderRemedy(holder: Holder, path: string): string {
  if (holder.pid === ownPid) return "Two readers have this path: give each its own.";
  switch (holder.command) {
    case "ModemManager":
      return "sudo systemctl mask --now ModemManager";
    case "brltty":
      return "sudo apt-get remove brltty";
    case "agetty":
    case "getty":
      return `sudo systemctl disable --now serial-getty@${path.slice(path.lastIndexOf("/") + 1)}`;
    default:
      // A service that is killed comes back.
      return holder.unit === null ? `sudo kill ${holder.pid}` : `sudo systemctl stop ${holder.unit}`;
  }
}

/** Opening works for us although the library was refused: the lock it asks for is taken, or this is no serial port. */
async function refusedButOpen(path: string, background: Background): Promise<ReaderFault> {
  const node = await stat(path).catch(() => null);
  if (node === null) return absentFault(path, "is not there", background);
  if (!node.isCharacterDevice()) {
    return new ReaderFault("reader_unsupported", `${path} is not a serial port.`, {
      ...background,
      remedy: "Set the reader's path to one of 'ls /dev/serial/by-id/*'.",
    });
  }
  const holders = await lockHolders(path);
  if (holders.length > 0) return busyFault(path, holders, background);
  return new ReaderFault("reader_failure", `${path} opens, but refuses its line settings or a lock.`, {
    ...background,
    remedy: `sudo fuser -v ${path}`,
  });
}

interface Refusal {
  readonly code: string;
  /** Positive errno. */
  readonly number: number;
}

async function refusalOf(path: string): Promise<Refusal | null> {
  try {
    const file = await open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    await file.close();
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "?";
    const errno = error instanceof Error && "errno" in error ? Number(error.errno) : 0;
    return { code, number: Math.abs(errno) };
  }
}

/** open(2): which refusal means what to the person beside the scanner. */
export function faultCode(errno: string): ReaderFaultCode {
  switch (errno) {
    case "ENOENT":
    case "ENODEV":
    case "ENXIO":
    case "ENOTDIR":
    case "EIO":
      return "reader_absent";
    case "EACCES":
    case "EPERM":
      return "permission_denied";
    case "EBUSY":
      return "reader_busy";
    default:
      return "reader_failure";
  }
}

/** Joining the group that owns the port is the cure that lasts; a port without such a group gets an entry for the user. */
async function permissionRemedy(path: string): Promise<string> {
  const user = userName();
  const node = await stat(path).catch(() => null);
  const forGroup = node !== null && (node.mode & 0o060) === 0o060 && node.gid !== 0;
  if (!forGroup) return `sudo setfacl -m u:${user}:rw ${path}`;
  return `sudo usermod -aG ${(await groupName(node.gid)) ?? "dialout"} ${user} (then start the agent again)`;
}

/** A service may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(getuid?.() ?? "USER");
  }
}

async function groupName(gid: number): Promise<string | null> {
  const groups = await readFile("/etc/group", "utf8").catch(() => "");
  const row = groups.split("\n").find((line) => line.split(":")[2] === String(gid));
  return row?.split(":")[0] ?? null;
}
