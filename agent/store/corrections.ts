import type { ScanRecord } from "../record.ts";
import { noUse } from "../rules/index.ts";
import type { CorrectionAnswer, CorrectionAsk } from "./book-protocol.ts";
import type { Journal } from "./journal.ts";

/**
 * Writes a record that corrects amount or reference of an earlier one; the earlier one stays as it is. Asked again with the
 * same id, it answers the record that is there, so that a till which lost the answer may ask again. Call inside a transaction.
 */
export function correct(journal: Journal, ask: CorrectionAsk): CorrectionAnswer {
  const named = journal.byId(ask.scanId);
  // A correction of a correction belongs to the scan that both are about.
  const original = named !== null && isCorrection(named) ? journal.byId(named.supersedes ?? "") : named;
  const there = journal.byId(ask.id);
  if (there !== null)
    return isSame(there, ask, original) ? { outcome: "recorded", record: there } : { outcome: "id_taken" };
  if (original === null) return { outcome: "scan_not_found" };
  const later = journal.superseding(original);
  const { amountCents, externalRef } = ask.sale;
  // A scan without an amount gets its currency by its first correction.
  const known = original.currency ?? later.find((record) => record.currency !== null)?.currency ?? null;
  const currency = amountCents === null ? null : (ask.sale.currency ?? known);
  if (amountCents !== null && currency === null) return { outcome: "currency_missing" };
  if (currency !== null && known !== null && currency !== known)
    return { outcome: "currency_differs", currency: known };
  // Whoever was let in, also by an override and whatever was found out afterwards, is in the books.
  const chain = [original, ...later];
  const wasLetIn =
    chain.some((record) => record.decision.outcome === "accepted") &&
    !chain.some((record) => record.decision.reason === "unrecorded" && record !== original);
  const { use, decision: _, supersedes, incarnation, sequence, prev_hash, hash, ...draft } = original;
  const record = journal.append(
    {
      ...draft,
      id: ask.id,
      scanned_at: ask.at,
      clock_state: ask.clockState,
      offline: ask.offline,
      payload_hash: null,
      external_ref: externalRef ?? original.external_ref,
      amount_cents: amountCents,
      currency,
    },
    {
      decision: { outcome: wasLetIn ? "accepted" : "rejected", by: "operator", reason: ask.reason },
      use: noUse,
      supersedes: original.id,
    },
  );
  return { outcome: "recorded", record };
}

/** A record that corrects amount or reference, and decides nothing anew. */
export function isCorrection(record: ScanRecord): boolean {
  return record.decision.reason === "refunded" || record.decision.reason === "amended";
}

function isSame(there: ScanRecord, { reason, sale }: CorrectionAsk, original: ScanRecord | null): boolean {
  const { externalRef: ref } = sale;
  return (
    there.supersedes === original?.id &&
    there.decision.reason === reason &&
    there.amount_cents === sale.amountCents &&
    (sale.currency === null || there.currency === sale.currency) &&
    (ref === null || (there.external_ref?.type === ref.type && there.external_ref.id === ref.id))
  );
}
