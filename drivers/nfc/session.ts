import { type Presentation, ReaderFault, type ReaderSink } from "../reader.ts";
import { connectAlone, leave, nextStep } from "./approach.ts";
import { CardFault, type CardLink } from "./cards/apdu.ts";
import { cardFaultCode, readerFault, unreadable } from "./faults.ts";
import { type PcscCard, type PcscContext, PcscFault, type PcscTransport, type ReaderState } from "./pcsc/port.ts";
import { probeCard } from "./probe.ts";

export interface SessionOptions {
  /** The first reader whose name matches is served. */
  readonly match: RegExp;
  /** From connecting to the last byte read, ms. */
  readonly tapDeadlineMs: number;
  /** For one command, ms. */
  readonly apduDeadlineMs: number;
}

/** How long a wait for cards lasts before pcscd is asked anew, as a sign that it is alive. */
const idleWaitMs = 30_000;
/** Cards swapped faster than we connect, in a row. */
const swapsMax = 3;

/**
 * Serves one reader over `transport` until `signal` aborts (resolves) or reader or service is lost (throws `ReaderFault`).
 * Every `started` is followed by one `ended`, and by exactly one `presented` unless `signal` aborts in between.
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
      await serveApproaches({ context, options, sink, signal }, reader);
    } finally {
      await context.release();
    }
  } catch (fault) {
    if (!(fault instanceof PcscFault)) throw fault;
    if (!signal.aborted) throw readerFault(fault, subject);
  }
}

function chooseReader(readers: readonly ReaderState[], match: RegExp): ReaderState {
  // search() ignores the memory of a regular expression with the g or y flag.
  const reader = readers.find(({ name }) => name.search(match) >= 0);
  if (reader === undefined) {
    const names = readers.length === 0 ? "none" : readers.map(({ name }) => `"${name}"`).join(", ");
    throw new ReaderFault("reader_absent", `no reader matches ${String(match)}; there are: ${names}`, {
      remedy: readers.length === 0 ? "Plug the reader in." : "Plug the reader in, or correct its match.",
    });
  }
  if (reader.exclusive) throw new PcscFault("sharing_violation", `${reader.name} is held by another program`);
  return reader;
}

interface Serving {
  readonly context: PcscContext;
  readonly options: SessionOptions;
  readonly sink: ReaderSink;
  readonly signal: AbortSignal;
}

async function serveApproaches(serving: Serving, first: ReaderState): Promise<void> {
  const { context, sink, signal } = serving;
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
          reader = await serveApproach(serving, reader);
          known = [reader];
          served = reader.eventCounter;
          break;
        case "end":
          served = null;
          sink.ended();
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

function stillThere(readers: readonly ReaderState[], name: string): ReaderState {
  const reader = readers.find((state) => state.name === name);
  if (reader === undefined) throw new PcscFault("unknown_reader", "the reader was unplugged");
  return reader;
}

interface Connected {
  readonly card: PcscCard;
  readonly reader: ReaderState;
}

/** Serves the card in `seen`; returns the reader as it was when the card was connected, which tells its approach. */
async function serveApproach(serving: Serving, seen: ReaderState): Promise<ReaderState> {
  const { context, options, sink, signal } = serving;
  let card: PcscCard | null = null;
  let reader = seen;
  let presentation: Presentation;
  let lost: PcscFault | null = null;
  try {
    const untilMs = performance.now() + options.tapDeadlineMs;
    ({ card, reader } = await connectSeen(context, seen, options.apduDeadlineMs));
    presentation = await probeCard(linkTo(card, options.apduDeadlineMs, untilMs, signal), reader.atr);
  } catch (fault) {
    if (!(fault instanceof CardFault || fault instanceof PcscFault)) throw fault;
    if (signal.aborted) return reader;
    presentation = unreadable(fault);
    if (fault instanceof PcscFault && cardFaultCode(fault) === null) lost = fault;
  } finally {
    if (signal.aborted && card !== null) await leave(card, "unpower", options.apduDeadlineMs);
  }
  await sink.presented(presentation);
  // Power-off is what lets a phone show its check mark, and what makes the next reading start afresh.
  if (card !== null) await leave(card, "unpower", options.apduDeadlineMs);
  if (lost !== null) throw lost;
  return reader;
}

/**
 * The card in `seen` and the reader as it is with it: the same event counter before and after connecting tells that the
 * card is the one of that approach. One that was swapped in meanwhile would else be served twice, or never.
 */
async function connectSeen(context: PcscContext, seen: ReaderState, deadlineMs: number): Promise<Connected> {
  let reader = seen;
  for (let swaps = 0; ; swaps += 1) {
    const card = await connectAlone(context, reader.name, deadlineMs);
    try {
      const now = stillThere(await context.listReaders(), reader.name);
      if (now.eventCounter === reader.eventCounter || swaps === swapsMax) return { card, reader: now };
      reader = now;
    } catch (fault) {
      await leave(card, "unpower", deadlineMs);
      throw fault;
    }
    await leave(card, "leave", deadlineMs);
  }
}

/** The card as probes see it: each command within its own deadline and the tap's. */
function linkTo(card: PcscCard, apduDeadlineMs: number, untilMs: number, signal: AbortSignal): CardLink {
  return {
    exchange: async (command) => {
      if (signal.aborted) throw new PcscFault("cancelled", "reading a card");
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new CardFault("timeout", "the card took too long as a whole");
      try {
        return await card.transmit(command, Math.min(apduDeadlineMs, leftMs));
      } catch (fault) {
        const code = fault instanceof PcscFault ? cardFaultCode(fault) : null;
        throw code === null ? fault : new CardFault(code, "the card ended the exchange", { cause: fault });
      }
    },
  };
}
