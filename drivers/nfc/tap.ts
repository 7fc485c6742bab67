import type { Guidance, Presentation, ReaderSink, UnreadableReason } from "../reader.ts";
import { connectAlone, leave } from "./approach.ts";
import { CardFault } from "./cards/apdu.ts";
import { cardFaultCode, unreadable } from "./faults.ts";
import { openCardLink } from "./link.ts";
import { type PcscCard, type PcscContext, PcscFault, type ReaderState } from "./pcsc/port.ts";
import { type ProbeOptions, probeCard } from "./probe.ts";
import type { Probing } from "./probing.ts";
import type { Signals } from "./signals.ts";

/** One connection to the card in the field: read it, present it, show the outcome, let go of it. */

export interface TapOptions {
  /** From connecting to the last byte read, ms. */
  readonly tapDeadlineMs: number;
  /** For one command, ms. */
  readonly apduDeadlineMs: number;
  readonly probe: ProbeOptions;
}

/** What a tap needs beside its card. */
export interface TapParts {
  readonly context: PcscContext;
  readonly options: TapOptions;
  readonly sink: ReaderSink;
  readonly signal: AbortSignal;
  readonly signals: Signals;
}

export interface Tap {
  /** As it was when the card was connected, which tells the approach. */
  readonly reader: ReaderState;
  /** The same card is to be asked again: its owner must do something first. */
  readonly again: boolean;
}

/** Hints of one approach, each said once in a row. */
export interface Hints {
  say(hint: Guidance): void;
  readonly last: Guidance | null;
}

export function openHints(sink: ReaderSink): Hints {
  let last: Guidance | null = null;
  return {
    get last() {
      return last;
    },
    say: (hint) => {
      if (hint === last) return;
      last = hint;
      sink.guidance(hint);
    },
  };
}

/** Cards swapped faster than we connect, in a row. */
const swapsMax = 3;
/** A reading that lasts longer than most: the guest is told to wait for it. */
const slowMs = 400;

/** Serves the card in `seen` once. Throws `PcscFault` when reader or service are lost, after that was presented. */
export async function serveTap(parts: TapParts, seen: ReaderState, hints: Hints): Promise<Tap> {
  const { context, options, signal } = parts;
  let card: PcscCard | null = null;
  let reader = seen;
  let probing: Probing;
  let lost: PcscFault | null = null;
  let end: "unpower" | "leave" = "unpower";
  // Whoever was told to unlock a phone is not told to hold it still.
  const slow = setTimeout(() => hints.last === null && hints.say("hold_still"), slowMs);
  try {
    const untilMs = performance.now() + options.tapDeadlineMs;
    ({ card, reader } = await connectSeen(context, seen, options.apduDeadlineMs, hints));
    const link = openCardLink(card, options.apduDeadlineMs, untilMs, signal);
    probing = await probeCard(link, reader.atr, options.probe, hints.say);
  } catch (fault) {
    if (!(fault instanceof CardFault || fault instanceof PcscFault)) throw fault;
    if (signal.aborted) return { reader, again: false };
    probing = { outcome: "presented", presentation: unreadable(fault) };
    if (fault instanceof PcscFault && cardFaultCode(fault) === null) lost = fault;
    // A phone in the middle of a payment would not give its pass any more after a reset (wallet-nfc.md 1.4.5).
    if ((options.probe.wallet.apple?.payment ?? "vas_only") !== "vas_only") end = "leave";
  } finally {
    clearTimeout(slow);
    if (signal.aborted && card !== null) await leave(card, "unpower", options.apduDeadlineMs);
  }
  if (probing.outcome === "user") hints.say(probing.guidance);
  else await present(probing.presentation, parts, card, hints);
  // Power-off is what lets a phone show its check mark, and what makes the next reading start afresh.
  if (card !== null) await leave(card, end, options.apduDeadlineMs);
  if (lost !== null) throw lost;
  return { reader, again: probing.outcome === "user" };
}

async function present(
  presentation: Presentation,
  { sink, signals }: TapParts,
  card: PcscCard | null,
  hints: Hints,
): Promise<void> {
  if (presentation.outcome === "unreadable") {
    const hint = hintOf[presentation.reason];
    if (hint !== undefined) hints.say(hint);
  }
  await signals.show(card, await sink.presented(presentation));
}

/** What the guest can do about it. */
const hintOf: Readonly<Partial<Record<UnreadableReason, Guidance>>> = {
  no_pass: "no_pass",
  read_interrupted: "try_again",
  read_timeout: "try_again",
};

interface Connected {
  readonly card: PcscCard;
  readonly reader: ReaderState;
}

/**
 * The card in `seen` and the reader as it is with it: the same event counter before and after connecting tells that the
 * card is the one of that approach. One that was swapped in meanwhile would else be served twice, or never.
 */
async function connectSeen(
  context: PcscContext,
  seen: ReaderState,
  deadlineMs: number,
  hints: Hints,
): Promise<Connected> {
  let reader = seen;
  for (let swaps = 0; ; swaps += 1) {
    const card = await connectAlone(context, reader.name, deadlineMs);
    try {
      const now = stillThere(await context.listReaders(), reader.name);
      if (now.eventCounter === reader.eventCounter || swaps === swapsMax) return { card, reader: now };
      // The same answer to reset is most likely the same card that wobbles at the edge of the field.
      hints.say(Buffer.compare(now.atr, reader.atr) === 0 ? "hold_still" : "one_at_a_time");
      reader = now;
    } catch (fault) {
      await leave(card, "unpower", deadlineMs);
      throw fault;
    }
    await leave(card, "leave", deadlineMs);
  }
}

/** The reader of that name among `readers`. Throws `PcscFault`. */
export function stillThere(readers: readonly ReaderState[], name: string): ReaderState {
  const reader = readers.find((state) => state.name === name);
  if (reader === undefined) throw new PcscFault("unknown_reader", "the reader was unplugged");
  return reader;
}
