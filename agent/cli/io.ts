/** What a command may touch of the world around it. */
export interface CliIo {
  /** Bytes of standard input. */
  readonly stdin: AsyncIterable<Uint8Array>;
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

/**
 * The real thing: this process.
 *
 * @param signal aborts at SIGINT and SIGTERM
 * @param now wall clock, milliseconds since 1970
 */
export function processIo(signal: AbortSignal, now: () => number): CliIo {
  return {
    stdin: process.stdin,
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    signal,
    now,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
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
