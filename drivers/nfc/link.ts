import { CardFault, type CardLink } from "./cards/apdu.ts";
import { cardFaultCode } from "./faults.ts";
import { type PcscCard, PcscFault } from "./pcsc/port.ts";

/**
 * The card as probes see it: each command within its own deadline and that of the tap, `untilMs` on the clock of
 * `performance.now()`. An answer that was given more time does not shorten what is left for the others.
 */
export function openCardLink(card: PcscCard, apduDeadlineMs: number, untilMs: number, signal: AbortSignal): CardLink {
  let endMs = untilMs;
  return {
    exchange: async (command, patienceMs = 0) => {
      if (signal.aborted) throw new PcscFault("cancelled", "reading a card");
      const startMs = performance.now();
      const leftMs = endMs - startMs;
      if (leftMs <= 0) throw new CardFault("timeout", "the card took too long as a whole");
      try {
        return await card.transmit(command, Math.max(Math.min(apduDeadlineMs, leftMs), patienceMs));
      } catch (fault) {
        const code = fault instanceof PcscFault ? cardFaultCode(fault) : null;
        throw code === null ? fault : new CardFault(code, "the card ended the exchange", { cause: fault });
      } finally {
        if (patienceMs > 0) endMs += performance.now() - startMs;
      }
    },
  };
}
