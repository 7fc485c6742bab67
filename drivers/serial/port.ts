import { SerialPort } from "serialport";
import { ReaderFault } from "../reader.ts";
import { absentFault, openFault } from "./open-fault.ts";
import { deviceAt, type Presence, watchPresence } from "./presence.ts";

/** One read takes at most this much from the kernel, and a paused port keeps at most about twice this. */
const readBytes = 4_096;
const openMs = 5_000;
const closeMs = 2_000;
/** A device that takes nothing must not make us keep everything. */
const maxUnsentBytes = 1_024;

/** An open serial line, 8N1, raw. The only file that knows the serial library. */
export interface Port {
  /** Settles once the descriptor is closed: null after `close`, else why the port was lost. Never rejects. */
  readonly closed: Promise<ReaderFault | null>;
  /** Bytes start to flow; once. After a loss, what had been read before it still arrives, before `closed` settles. */
  listen(onBytes: (bytes: Uint8Array) => void): void;
  /** While paused nothing is read: the kernel, then the device, waits (where the line has flow control). */
  pause(): void;
  resume(): void;
  /** Best effort: what does not fit beside 1 KiB that still waits for the device is dropped. */
  send(bytes: Uint8Array): void;
  close(): Promise<void>;
}

/**
 * Opens a serial port with an exclusive lock, for one connection: after a loss, open again.
 *
 * @param path device node or a link to it. @param baudRate bits per second.
 * @returns null when `signal` aborted first.
 * @throws ReaderFault, all codes but `service_absent`; after 5 s without an answer `reader_failure`.
 */
export async function openPort(path: string, baudRate: number, signal: AbortSignal): Promise<Port | null> {
  if (signal.aborted) return null;
  const stream = new SerialPort({
    path,
    baudRate,
    dataBits: 8,
    parity: "none",
    stopBits: 1,
    lock: true,
    autoOpen: false,
    highWaterMark: readBytes,
  });
  // The library reports some losses as events without a listener of ours; an `error` nobody hears ends the whole program.
  stream.on("error", () => undefined);
  const opening = await opened(stream, signal);
  switch (opening.kind) {
    case "aborted":
      return null;
    case "late":
      throw new ReaderFault("reader_failure", `${path} did not open within ${openMs} ms.`, {
        remedy: "Unplug the scanner and plug it in again.",
      });
    case "refused":
      throw await openFault(path, opening.cause);
    case "open":
      break;
  }
  const device = await deviceAt(path);
  const port = servedPort(stream, path, device);
  if (!signal.aborted) return port;
  await port.close();
  return null;
}

type Opening = { readonly kind: "open" | "late" | "aborted" } | { readonly kind: "refused"; readonly cause: Error };

/** A port that opens after we gave up is closed again. */
function opened(stream: SerialPort, signal: AbortSignal): Promise<Opening> {
  return new Promise((resolve) => {
    let gaveUp = false;
    const giveUp = (kind: "late" | "aborted") => {
      gaveUp = true;
      resolve({ kind });
    };
    const onAbort = () => giveUp("aborted");
    const timer = setTimeout(() => giveUp("late"), openMs);
    signal.addEventListener("abort", onAbort, { once: true });
    stream.open((error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (gaveUp && error === null) stream.close();
      resolve(error === null ? { kind: "open" } : { kind: "refused", cause: error });
    });
  });
}

function servedPort(stream: SerialPort, path: string, device: string | null): Port {
  const closed = Promise.withResolvers<ReaderFault | null>();
  let listener: ((bytes: Uint8Array) => void) | null = null;
  let presence: Presence | null = null;
  let wrote = false;
  let ending = false;

  const end = async (fault: ReaderFault | null) => {
    if (ending) return;
    ending = true;
    presence?.stop();
    await shut(stream, wrote);
    if (listener !== null) {
      stream.off("data", listener);
      for (let rest = read(stream); rest !== null; rest = read(stream)) listener(rest);
    }
    closed.resolve(fault);
  };
  const lose = (what: string, cause?: unknown) => void end(absentFault(path, what, { cause }));

  stream.on("close", (error: Error | null | undefined) => lose("was unplugged", error));
  stream.on("end", () => lose("was unplugged"));
  stream.on("error", (error) => lose("was unplugged", error));
  if (device === null) lose("was unplugged while it was opened");
  else presence = watchPresence(path, device, () => lose("was unplugged"));

  return {
    closed: closed.promise,
    listen(onBytes) {
      listener = onBytes;
      if (!ending) stream.on("data", onBytes);
    },
    pause: () => void stream.pause(),
    resume: () => {
      if (!ending) stream.resume();
    },
    send(bytes) {
      if (ending || stream.writableLength + bytes.length > maxUnsentBytes) return;
      wrote = true;
      stream.write(bytes);
    },
    async close() {
      await end(null);
      await closed.promise;
    },
  };
}

/** What the library had read from the device before it was lost, and not yet handed on. */
function read(stream: SerialPort): Uint8Array | null {
  const chunk: unknown = stream.read();
  return chunk instanceof Uint8Array ? chunk : null;
}

/** Resolves when the descriptor is closed, at the latest after 2 s. Unsent output is thrown away: closing must not wait for it. */
async function shut(stream: SerialPort, wrote: boolean): Promise<void> {
  const until = performance.now() + closeMs;
  const settled = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, closeMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    if (!stream.isOpen) done();
    else if (wrote) stream.flush(() => stream.close(done));
    else stream.close(done);
  });
  await settled;
  // After a loss the library closes by itself, and says so by an event that may already have come.
  while (stream.closing && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
}
