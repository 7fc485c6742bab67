import { on } from "node:events";
import { addAbortSignal } from "node:stream";

/** What a command may touch of the world around it. */
export interface CliIo {
  /** Bytes of standard input. Throws `Interrupted` when the program is to end meanwhile. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Standard input with a person at it; null when it is a pipe or a file. */
  readonly keyboard: Keyboard | null;
  /** For answers. */
  readonly stdout: Output;
  /** For everything else: progress, remarks, faults. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working folder, absolute. */
  readonly cwd: string;
  /** Aborts when the person or the system wants the program to end. */
  readonly signal: AbortSignal;
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** IANA name of the zone in which times are shown. */
  readonly timeZone: string;
}

export interface Keyboard {
  /**
   * Lets `read` have the keys as they are pressed: none is shown, and none is a signal, so that Ctrl-C is byte 3. Throws
   * `Interrupted` into `read` when the program is to end; the terminal is as it was when this settles.
   */
  silently<T>(read: (keys: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>;
}

export interface Output {
  /** A person looks at it. */
  readonly isTTY: boolean;
  /**
   * Resolves when the text was taken, so that a slow reader slows us down. Rejects with `OutputClosed` when nobody reads
   * any more, and with the error of the system when the text could not be kept (a full disk).
   */
  write(text: string): Promise<void>;
}

/** Whoever read our output has gone, as `head` does after ten lines: time to stop, not a fault. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** The person, or the system, ended the command while it waited for input: nothing was done. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly code = "interrupted";
  readonly remedy = "Nothing was changed";
  /** 128 and the number of SIGINT, as shells say it. */
  readonly exit = 130;
  constructor(options?: ErrorOptions) {
    super("interrupted", options);
  }
}

/**
 * The real thing: this process.
 *
 * @param signal aborts at SIGINT and SIGTERM
 * @param now wall clock, milliseconds since 1970
 */
export function processIo(signal: AbortSignal, now: () => number): CliIo {
  return {
    stdin: untilStopped(process.stdin, signal),
    keyboard: process.stdin.isTTY ? keyboard(process.stdin, signal) : null,
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    signal,
    now,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

async function* untilStopped(stream: NodeJS.ReadStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* addAbortSignal(signal, stream);
  } catch (cause) {
    throw signal.aborted ? new Interrupted({ cause }) : cause;
  }
}

/** Would end the program at once, with the terminal left silent. SIGINT and SIGTERM abort `signal`. */
const otherEnds = ["SIGHUP", "SIGQUIT"] as const;
/** Key strokes, or pieces of what was pasted, that wait for us; then the terminal waits. */
const mostWaiting = 64;

function keyboard(stream: NodeJS.ReadStream, signal: AbortSignal): Keyboard {
  return {
    async silently(read) {
      const ended = new AbortController();
      const end = () => ended.abort();
      for (const name of otherEnds) process.on(name, end);
      const refusals: Error[] = [];
      const refused = (error: Error) => refusals.push(error);
      stream.on("error", refused);
      const keys = pressed(stream, AbortSignal.any([signal, ended.signal]));
      try {
        stream.setRawMode(true);
        // It says so by an event only. What is shown to everybody must not be asked for.
        const [refusal] = refusals;
        if (refusal !== undefined) throw refusal;
        return await read(keys);
      } finally {
        stream.setRawMode(false);
        await keys.return(undefined);
        stream.pause();
        stream.off("error", refused);
        for (const name of otherEnds) process.off(name, end);
      }
    },
  };
}

async function* pressed(stream: NodeJS.ReadStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const strokes: AsyncIterable<readonly Uint8Array[]> = on(stream, "data", {
    signal,
    close: ["end"],
    highWaterMark: mostWaiting,
  });
  try {
    for await (const stroke of strokes) yield* stroke;
  } catch (cause) {
    throw signal.aborted ? new Interrupted({ cause }) : cause;
  }
}

function output(stream: NodeJS.WriteStream): Output {
  // Each write reports its own failure; without a listener the same failure would also end the process.
  stream.on("error", () => undefined);
  return {
    isTTY: stream.isTTY === true,
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (cause) => {
          if (cause === null || cause === undefined) resolve();
          else reject(hasNoReader(cause) ? new OutputClosed("nobody reads the output", { cause }) : cause);
        });
      }),
  };
}

function hasNoReader(error: Error): boolean {
  const code = "code" in error ? error.code : null;
  return code === "EPIPE" || code === "ECONNRESET" || code === "ERR_STREAM_DESTROYED";
}
