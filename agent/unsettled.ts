import type { Presented, ReservationAnswer, SettledAnswer, Store, Unsettled } from "./store/index.ts";

/** What was shown as `unrecorded`: a commit that failed may have kept the decision, and with this it can be taken back. */
export function unsettledOf({ draft, finding }: Presented, correctionId: string): Unsettled {
  return { draft, correctionId, pass: finding.result === "unreadable" ? null : finding.claims };
}

/**
 * Ends a reservation. One that a damaged database lost lets nobody in; that somebody came is written down all the same, and
 * the use that is left of it is given back.
 */
export async function settleReservation(
  store: Pick<Store, "ask">,
  answer: ReservationAnswer,
  { asked, correctionId }: { readonly asked: Presented; readonly correctionId: string },
): Promise<SettledAnswer> {
  const settled = await store.ask("settleReservation", answer);
  if (settled.outcome !== "gone" || settled.record !== null) return settled;
  await store.ask("settle", [unsettledOf(asked, correctionId)]);
  return { outcome: "gone", record: await store.ask("scan", { id: asked.draft.id }) };
}
