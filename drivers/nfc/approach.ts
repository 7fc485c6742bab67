import type { PcscCard, PcscContext, ReaderState } from "./pcsc/port.ts";
import { PcscFault } from "./pcsc/port.ts";

/** What to do about a reader whose latest state is known, and how to get hold of the card in it. */

/** `serve`: a new approach; `end`: the one that was served is over; `wait`: nothing new. */
export type ApproachStep = "serve" | "end" | "wait";

/**
 * The next step. `served` is the reader's event counter at the approach already served, or null. One approach is one value
 * of the counter: reported twice it is served once, and a removal and insertion that nobody saw are still two. Pure.
 */
export function nextStep(served: number | null, reader: ReaderState): ApproachStep {
  const inside = reader.card === "present" || reader.card === "mute";
  if (served === null) return inside ? "serve" : "wait";
  return inside && reader.eventCounter === served ? "wait" : "end";
}

const retryMs = 50;
/** A phone at the edge of the field may answer its second or third power-up. */
const powerUpsMax = 3;

/**
 * Connects to the card in `reader` so that no other program's commands come between ours: alone, or, where another program
 * has it open already, in a transaction. Tries until `deadlineMs` while it is held (`sharing_violation` then), and three
 * times while the card does not answer (`unresponsive_card` then).
 */
export async function connectAlone(context: PcscContext, reader: string, deadlineMs: number): Promise<PcscCard> {
  const untilMs = performance.now() + deadlineMs;
  const left = () => Math.max(untilMs - performance.now(), 1);
  let held: PcscFault | null = null;
  for (let powerUps = 1; ; ) {
    try {
      return await context.connect(reader, { share: "exclusive", deadlineMs: left() });
    } catch (fault) {
      if (!(fault instanceof PcscFault)) throw fault;
      // The time ran out because it was held until then: that is what ended the waiting.
      if (fault.meaning === "timeout" && held !== null) throw held;
      if (fault.meaning === "busy") held = fault;
      if (fault.code === "unresponsive_card" && powerUps < powerUpsMax) powerUps += 1;
      else if (fault.meaning !== "busy" || left() <= retryMs) throw fault;
    }
    const shared = await connectShared(context, reader, left());
    if (shared !== null) return shared;
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** A shared connection inside a transaction, or null where that cannot be had now. */
async function connectShared(context: PcscContext, reader: string, deadlineMs: number): Promise<PcscCard | null> {
  let card: PcscCard | null = null;
  try {
    card = await context.connect(reader, { share: "shared", deadlineMs });
    await card.beginTransaction(deadlineMs);
    return card;
  } catch (fault) {
    if (!(fault instanceof PcscFault)) throw fault;
    if (card !== null) await leave(card, "leave", deadlineMs);
    // Not to be had: held alone by another program, no power-up, or a driver without transactions.
    // Out of time: the next try says why.
    const notNow = fault.meaning === "busy" || fault.meaning === "unsupported" || fault.meaning === "timeout";
    if (notNow || fault.code === "unresponsive_card") return null;
    throw fault;
  }
}

/** Ends a connection whatever state it is in; that the card or pcscd went first is no news here. */
export async function leave(card: PcscCard, disposition: "leave" | "unpower", deadlineMs: number): Promise<void> {
  try {
    await card.disconnect(disposition, deadlineMs);
  } catch (fault) {
    if (!(fault instanceof PcscFault)) throw fault;
  }
}
