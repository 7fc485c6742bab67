import { setTimeout as sleep } from "node:timers/promises";
import { openEngine } from "./engines/open.ts";
import { readIdentity, type ScannerModel } from "./model.ts";
import { openPort } from "./port.ts";

export interface ListenOptions {
  readonly path: string;
  /** Bits per second. */
  readonly baudRate: number;
  /** Asked what it is, where its row says how; null: nothing is sent. */
  readonly ask: ScannerModel | null;
  /** How long to wait for the first byte of a scan, milliseconds. */
  readonly waitMs: number;
  /** Called when the port is open and the person may scan; `identity` is what the scanner answered. */
  readonly ready: (identity: string | null) => void;
}

/** Of one scan, more than any code has. */
const maxBytes = 8_192;
/** A scan is over when nothing came for so long. */
const quietMs = 300;
/** Longest scan: a scanner that never stops is shown as far as it came. */
const scanMs = 3_000;
const answerMs = 1_000;
const lookMs = 20;

/**
 * Listens to a scanner with nothing in between: the bytes of the next scan as they came, at most 8 KiB.
 *
 * @returns null when nothing came in time or `signal` aborted
 * @throws ReaderFault as `openPort`, and `reader_absent` when the scanner goes away
 */
export async function listenToScan(options: ListenOptions, signal: AbortSignal): Promise<Uint8Array | null> {
  const port = await openPort(options.path, options.baudRate, signal);
  if (port === null) return null;
  let heard: Uint8Array = new Uint8Array(0);
  let lastMs = performance.now();
  let over = false;
  const lost = port.closed.then((fault) => {
    over = true;
    return fault;
  });
  const wait = async (ms: number, done: () => boolean) => {
    for (const until = performance.now() + ms; performance.now() < until && !done() && !over; ) {
      if (signal.aborted) return;
      await sleep(lookMs);
    }
  };
  const quiet = () => heard.length > 0 && performance.now() - lastMs > quietMs;
  try {
    port.listen((bytes) => {
      heard = new Uint8Array(Buffer.concat([heard, bytes]).subarray(0, maxBytes));
      lastMs = performance.now();
    });
    let identity: string | null = null;
    const question = options.ask?.identify ?? null;
    if (question !== null) {
      if (options.ask?.wake) {
        port.send(options.ask.wake.bytes);
        await sleep(options.ask.wake.waitMs);
      }
      port.send(question.query);
      await wait(answerMs, quiet);
      identity = identityIn(heard, options.ask);
      heard = new Uint8Array(0);
    }
    options.ready(identity);
    await wait(options.waitMs, () => heard.length > 0);
    if (heard.length > 0) await wait(scanMs, quiet);
    if (over) {
      const fault = await lost;
      if (fault !== null) throw fault;
    }
    return heard.length === 0 || signal.aborted ? null : heard;
  } finally {
    await port.close();
  }
}

/** The answer to the row's question: as text, or what the row's protocol takes for an answer. */
function identityIn(heard: Uint8Array, model: ScannerModel | null): string | null {
  if (model?.identify?.reads !== "answer") return readIdentity(heard);
  const { events } = openEngine(model.framing, maxBytes).take({ kind: "bytes", bytes: heard });
  const answer = events.find((event) => event.kind === "answer");
  return answer === undefined ? null : readIdentity(answer.bytes);
}
