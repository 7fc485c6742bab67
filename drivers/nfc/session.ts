import type { ReaderSink } from "../reader.ts";
import { nextStep } from "./approach.ts";
import { chooseReader } from "./choose-reader.ts";
import { readerFault } from "./faults.ts";
import { PcscFault, type PcscTransport, type ReaderState } from "./pcsc/port.ts";
import { readerModel } from "./reader-model.ts";
import { nfcReaderModels } from "./readers.ts";
import { openSignals } from "./signals.ts";
import { openHints, serveTap, stillThere, type TapOptions, type TapParts } from "./tap.ts";

export interface SessionOptions extends TapOptions {
  /** The first reader whose name matches is served, a contactless slot before others. */
  readonly match: RegExp;
  /** Whether the reader shows and sounds the outcome, where its model can. */
  readonly feedback: boolean;
  /** Whether the reader is told to announce itself to phones, where its model can. */
  readonly ecp: boolean;
}

/** How long a wait for cards lasts before pcscd is asked anew, as a sign that it is alive. */
const idleWaitMs = 30_000;
/** How often, and for how long, a phone is asked again whose owner must do something first. */
const againMs = 500;
const ownerMs = 60_000;

/**
 * Serves one reader over `transport` until `signal` aborts (resolves) or reader or service is lost (throws `ReaderFault`).
 * Every `started` is followed by one `ended`, and by one `presented` in between; by none when `signal` aborts, or when the
 * phone wanted something of its owner all the time: then there is only guidance.
 */
export async function serveReader(
  transport: PcscTransport,
  options: SessionOptions,
  sink: ReaderSink,
  signal: AbortSignal,
): Promise<void> {
  let subject = `driver ${transport.name}`;
  try {
    const context = await transport.establish(signal);
    try {
      const reader = chooseReader(await context.listReaders(), options.match);
      subject = reader.name;
      sink.ready(reader.name);
      const signals = openSignals({
        context,
        reader: reader.name,
        model: readerModel(nfcReaderModels, reader.name),
        feedback: options.feedback,
        ecp: options.ecp,
        noticed: (notice) => sink.noticed?.(notice),
      });
      await signals.announce();
      await serveApproaches({ context, options, sink, signal, signals }, reader);
    } finally {
      await context.release();
    }
  } catch (fault) {
    if (!(fault instanceof PcscFault)) throw fault;
    if (!signal.aborted) throw readerFault(fault, subject);
  }
}

async function serveApproaches(parts: TapParts, first: ReaderState): Promise<void> {
  const { context, sink, signal, signals } = parts;
  /** What was last seen of all readers; alone at first and after each approach, so that the next wait looks at once. */
  let known: readonly ReaderState[] = [first];
  let reader = first;
  let served: number | null = null;
  try {
    while (!signal.aborted) {
      switch (nextStep(served, reader)) {
        case "serve":
          served = reader.eventCounter;
          sink.started();
          reader = await serveApproach(parts, reader);
          known = [reader];
          served = reader.eventCounter;
          break;
        case "end":
          served = null;
          sink.ended();
          await signals.rest();
          break;
        case "wait":
          known = await context.waitForChange(known, idleWaitMs, signal);
          reader = stillThere(known, reader.name);
          break;
      }
    }
  } finally {
    if (served !== null) sink.ended();
  }
}

/**
 * Serves the card in `seen`; returns the reader as it was when the card was connected, which tells its approach. A phone
 * whose owner must do something first is asked again until it was read, has left, or a minute is over: for pcscd it is the
 * same card all the time.
 */
async function serveApproach(parts: TapParts, seen: ReaderState): Promise<ReaderState> {
  const hints = openHints(parts.sink);
  const untilMs = performance.now() + ownerMs;
  let reader = seen;
  for (;;) {
    const tap = await serveTap(parts, reader, hints);
    reader = tap.reader;
    if (!tap.again || performance.now() > untilMs) return reader;
    if (!(await stays(parts, reader))) return reader;
  }
}

/** Waits a little; whether the card of this approach is still there then. */
async function stays({ context, signal }: TapParts, reader: ReaderState): Promise<boolean> {
  const same = (states: readonly ReaderState[]) =>
    nextStep(reader.eventCounter, stillThere(states, reader.name)) === "wait";
  const known = await context.listReaders();
  return same(known) && same(await context.waitForChange(known, againMs, signal));
}
