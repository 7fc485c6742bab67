import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { ReaderFault } from "../reader.ts";
import { faultCode } from "../serial/open-fault.ts";
import { reportBytes } from "./report.ts";

/** An open hidraw device, read by a process of its own. */
export interface HidDevice {
  /** The next reports, as soon as there are any; null once the device is gone or closed. One call at a time; never rejects. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when the reading process is gone. */
  close(): Promise<void>;
}

/**
 * Opens a hidraw device for reading.
 *
 * A read of hidraw blocks until somebody scans, and a blocked read cannot be called off: in our process it would hold one of
 * the few threads that all files share. So `dd` reads, one report each time (hidraw never gives two at once, and cuts or fills
 * it to 64 bytes), and dies with us.
 *
 * @returns null when `signal` aborted first
 * @throws ReaderFault, all codes but `service_absent` and `reader_busy`: hidraw serves any number of readers
 */
export async function openDevice(path: string, signal: AbortSignal): Promise<HidDevice | null> {
  const cause = await refusalOf(path);
  if (cause !== null) throw cause;
  if (signal.aborted) return null;
  const read = ["dd", `if=${path}`, `bs=${reportBytes}`, "conv=sync", "status=none"];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...read], { stdio: ["ignore", "pipe", "ignore"] });
  const started = once(child, "spawn").then(
    () => null,
    (error: unknown) => failure(path, "cannot be read: the programs setpriv and dd are missing", { cause: error }),
  );
  const fault = await started;
  if (fault !== null) throw fault;
  const gone = once(child, "exit");
  const close = async () => {
    child.kill("SIGKILL");
    await gone;
    child.stdout.destroy();
  };
  return { read: pull(child.stdout), close };
}

/** The chunks of a stream, each when it is asked for: meanwhile the pipe fills, and then the device waits. */
function pull(stream: Readable): () => Promise<Uint8Array | null> {
  let over = false;
  let news = Promise.withResolvers<void>();
  const wake = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  const end = () => {
    over = true;
    wake();
  };
  stream.on("readable", wake);
  for (const event of ["end", "close", "error"]) stream.on(event, end);
  return async () => {
    for (;;) {
      const { promise } = news;
      const chunk: unknown = over ? null : stream.read();
      if (chunk instanceof Uint8Array) return chunk;
      if (over) return null;
      await promise;
    }
  };
}

/** The device is gone. */
export function absentFault(path: string, what: string, options: { readonly cause?: unknown } = {}): ReaderFault {
  return new ReaderFault("reader_absent", `The scanner at ${path} ${what}.`, {
    ...options,
    remedy: "Plug the scanner in; 'ls -l /dev/hidraw*' shows the devices that are connected.",
  });
}

/** Why the device cannot be opened; null when it can. A probe of our own, because `dd` answers in words only. */
async function refusalOf(path: string): Promise<ReaderFault | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const node = await file.stat();
    return node.isCharacterDevice() || node.isFIFO() ? null : notADevice(path);
  } catch (error) {
    return faultOf(path, error);
  }
}

function notADevice(path: string): ReaderFault {
  return new ReaderFault("reader_unsupported", `${path} is not a device.`, {
    remedy: "Set the reader's path to one of 'ls /dev/hidraw*'.",
  });
}

function faultOf(path: string, error: unknown): ReaderFault {
  const code = error instanceof Error && "code" in error ? String(error.code) : "?";
  const number = error instanceof Error && "errno" in error ? Math.abs(Number(error.errno)) : null;
  const options = { cause: error, ...(number === null ? {} : { number }) };
  switch (faultCode(code)) {
    case "reader_absent":
      return absentFault(path, "is not there", options);
    case "permission_denied":
      return new ReaderFault("permission_denied", `This user may not open ${path}.`, {
        ...options,
        remedy: "Install the udev rule 60-pass-agent.rules with a line for this scanner, then plug it in again.",
      });
    default:
      return failure(path, "cannot be opened", options);
  }
}

function failure(
  path: string,
  what: string,
  options: { readonly cause: unknown; readonly number?: number },
): ReaderFault {
  return new ReaderFault("reader_failure", `${path} ${what}.`, {
    ...options,
    remedy: "Unplug the scanner and plug it in again; 'sudo dmesg | tail' shows what the kernel says.",
  });
}
