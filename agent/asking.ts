import type { Presentation } from "../drivers/reader.ts";
import type { InvalidReason } from "../verifier/index.ts";
import { noSale, type Sale } from "./books/sale.ts";
import { rfc3339 } from "./clock.ts";
import type { LaneConfig } from "./config/config.ts";
import type { Finding } from "./decide.ts";
import type { Ending, Questions } from "./questions.ts";
import type { Decision, ScanRecord } from "./record.ts";
import type { Presented, ReservationAnswer, Reserved, SettledAnswer } from "./store/index.ts";

export interface AskingParts {
  readonly questions: Questions;
  /** Writes the end of a reservation; null when storage failed, and what stands is settled when it is back. */
  readonly settle: (answer: ReservationAnswer) => Promise<SettledAnswer | null>;
  /** Verifies the presentation anew, with the trust data of this moment. */
  readonly lookAgain: (
    presentation: Presentation,
  ) => Promise<{ readonly finding: Finding; readonly generation: number | null }>;
}

/** Trust may change between answer and commit; more often than this in a row is no chance. */
const maxTries = 8;
/** What a pass may turn into while the till thinks about it. */
const turnedBad: readonly InvalidReason[] = ["revoked", "suspended", "key_compromised", "key_not_valid"];

/** What a guest is told in the end. */
export interface Told {
  readonly record: ScanRecord;
  /** In the till's words; null where it said nothing, or is not who decided. */
  readonly message: string | null;
}

/**
 * Puts a reserved pass to the till and writes down what comes of it. An answer that the rules refuse leaves the question open
 * for the time that is left.
 *
 * @returns the record, once it is on disk; null when nobody knows whether it was kept
 */
export async function askTill(
  reserved: Reserved,
  from: { readonly asked: Presented; readonly presentation: Presentation; readonly lane: LaneConfig },
  parts: AskingParts,
): Promise<Told | null> {
  const { asked, lane } = from;
  const { questions } = parts;
  const beforeMs = asked.way?.kind === "ask" ? asked.way.untilMs : Date.parse(reserved.scanned_at);
  const question = {
    scan: reserved,
    answerBefore: rfc3339(beforeMs),
    valueOnlineOnly: asked.kind === "gift_card",
  };
  const asking = questions.ask(question, lane.decideWithinMs);
  try {
    // Every round but the last is an answer that was refused, and the till has only so much time.
    for (;;) {
      const ending = await asking.next();
      const settled = await settle(reserved, ending, from, parts);
      if (settled.outcome === "refused") {
        asking.refuse(settled.reason);
        continue;
      }
      const { record } = settled;
      asking.settled(record);
      const message = ending.kind === "answered" && record?.decision.by === "pos" ? ending.answer.message : null;
      return record === null ? null : { record, message };
    }
  } finally {
    // Nobody waits for ever, whatever went wrong.
    asking.settled(null);
  }
}

/** Writes one ending down; again for as long as trust changes meanwhile. Record null: nobody knows whether it was kept. */
async function settle(
  reserved: Reserved,
  ending: Ending,
  { asked, presentation, lane }: Parameters<typeof askTill>[1],
  parts: AskingParts,
): Promise<
  | { readonly outcome: "ended"; readonly record: ScanRecord | null }
  | Extract<SettledAnswer, { readonly outcome: "refused" }>
> {
  let decision = decisionOf(ending, reserved.decision, lane.onSilence);
  let sale: Sale = ending.kind === "answered" ? ending.answer.sale : noSale;
  let generation = asked.trustGeneration;
  const quantity = ending.kind === "answered" ? ending.answer.quantity : null;
  const isOther = quantity !== null && quantity !== (asked.quantity ?? 1);
  const recount = isOther ? { instead: { ...asked, quantity } } : {};
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const answer = await parts.settle({
      scanId: reserved.id,
      decision,
      sale,
      trustGeneration: generation,
      ...recount,
    });
    if (answer?.outcome === "refused") return answer;
    if (answer?.outcome !== "stale") return { outcome: "ended", record: answer?.record ?? null };
    const again = await parts.lookAgain(presentation);
    generation = again.generation;
    const { reason } = again.finding;
    const bad = turnedBad.find((known) => known === reason);
    if (bad !== undefined) {
      // Nothing that a till says makes a revoked pass good, and nothing was paid with it then.
      decision = { outcome: "rejected", by: "agent", reason: bad };
      sale = { ...noSale, externalRef: sale.externalRef };
    }
  }
  throw new Error("trust data changed at every try to settle one reservation");
}

/** Whose word it is in the end. Silence is for the site's policy; a terminal that stops has let nobody in. */
function decisionOf(ending: Ending, ruled: Decision, onSilence: LaneConfig["onSilence"]): Decision {
  switch (ending.kind) {
    case "answered":
      return ending.answer.outcome === "accepted"
        ? { outcome: "accepted", by: "pos", reason: ruled.reason }
        : { outcome: "rejected", by: "pos", reason: "pos_declined" };
    case "silent":
      return {
        outcome: onSilence === "accept" ? "accepted" : "rejected",
        by: "policy",
        reason: "pos_silent",
      };
    case "ended":
      return { outcome: "rejected", by: "policy", reason: "pos_silent" };
  }
}
