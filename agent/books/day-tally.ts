import { type CorrectionReason, correctionReasons, type ScanRecord } from "../record.ts";
import type { AmountView, DayReport, Tally } from "./views.ts";

/** The figures of a day, as far as they come from its records alone. */
export type DayFigures = Pick<
  DayReport,
  "presentations" | "verdicts" | "kinds" | "lanes" | "channels" | "corrections" | "amounts" | "clockUntrusted"
>;

/**
 * Adds up the records of one day. A presentation counts once, with the last decision that was made about it on this day. What
 * is decided or corrected later counts on the day on which that happens, so the figures of a day that is over stand.
 */
export interface DayTally {
  /** Call with each record whose `scanned_at` is of the day, in the order of the journal. */
  add(record: ScanRecord): void;
  /** @param scan looks an earlier record up */
  figures(scan: (id: string) => Promise<ScanRecord | null>): Promise<DayFigures>;
}

/** A record that supersedes one that supersedes one …: no honest chain is longer. */
const longestChain = 16;

/** @param isOfDay tells whether an RFC 3339 time is of the day */
export function openDayTally(isOfDay: (scannedAt: string) => boolean): DayTally {
  const verdicts = new Map<string, DayReport["verdicts"][number]>();
  const kinds = counters<{ readonly templateId: string | null; readonly useKind: string }>();
  const lanes = counters<{ readonly lane: string }>();
  const channels = counters<{ readonly channel: string }>();
  const presentations = { accepted: 0, rejected: 0 };
  const amounts = new Map<string, { sales: bigint; corrections: bigint }>();
  const overrides: ScanRecord[] = [];
  let corrections = 0;
  let clockUntrusted = 0;
  /** Root scan of each correction of amounts, to tell days apart at the end. */
  const corrected: string[] = [];

  /** @param by 1 counts it, -1 takes it back */
  const countPresentation = (record: ScanRecord, by: 1 | -1): void => {
    const { decision, verification, use } = record;
    const { outcome, reason } = decision;
    const key = JSON.stringify([verification.result, outcome, reason]);
    const before = verdicts.get(key)?.count ?? 0;
    verdicts.set(key, { result: verification.result, outcome, reason, count: before + by });
    presentations[outcome] += by;
    kinds.count({ templateId: record.template_id, useKind: use.kind }, outcome, by);
    lanes.count({ lane: record.lane }, outcome, by);
    channels.count({ channel: record.channel }, outcome, by);
  };
  const addAmount = (record: ScanRecord, to: "sales" | "corrections", by: 1 | -1): void => {
    if (record.amount_cents === null || record.currency === null) return;
    const sum = amounts.get(record.currency) ?? { sales: 0n, corrections: 0n };
    sum[to] += BigInt(record.amount_cents) * BigInt(by);
    amounts.set(record.currency, sum);
  };

  return {
    add(record) {
      if (record.clock_state === "suspect" || record.clock_state === "unknown") clockUntrusted += 1;
      if (record.supersedes === null) {
        countPresentation(record, 1);
        if (record.decision.outcome === "accepted") addAmount(record, "sales", 1);
        return;
      }
      corrections += 1;
      if (!isCorrection(record)) {
        overrides.push(record);
        return;
      }
      corrected.push(record.supersedes);
      if (record.decision.outcome === "accepted") addAmount(record, "corrections", 1);
    },
    async figures(scan) {
      let earlierDays = 0;
      const standing = new Map<string, { readonly record: ScanRecord; readonly isSale: boolean }>();
      for (const record of overrides) {
        const root = await rootOf(record, scan);
        if (root === null || !isOfDay(root.scanned_at)) {
          earlierDays += 1;
          continue;
        }
        const before = standing.get(root.id) ?? { record: root, isSale: root.decision.outcome === "accepted" };
        const after = { ...root, decision: record.decision, verification: record.verification };
        countPresentation(before.record, -1);
        countPresentation(after, 1);
        const isSale = staysSale(record.decision, before.isSale);
        if (isSale !== before.isSale) addAmount(root, "sales", isSale ? 1 : -1);
        standing.set(root.id, { record: after, isSale });
      }
      for (const id of corrected) {
        const root = await scan(id);
        if (root === null || !isOfDay(root.scanned_at)) earlierDays += 1;
      }
      return {
        presentations: { ...presentations },
        verdicts: [...verdicts.values()].filter((verdict) => verdict.count > 0),
        kinds: kinds.all(),
        lanes: lanes.all(),
        channels: channels.all(),
        corrections: { count: corrections, earlierDays },
        amounts: [...amounts].map(([currency, sums]) => amountView(currency, sums)),
        clockUntrusted,
      };
    },
  };
}

/** Who was let in and paid has paid, whatever is decided afterwards: money goes back by a correction. `unrecorded`: nobody was. */
function staysSale({ outcome, reason }: ScanRecord["decision"], wasSale: boolean): boolean {
  return outcome === "accepted" || (wasSale && reason !== "unrecorded");
}

/** True for a record that corrects amount or reference, and decides nothing anew. */
export function isCorrection(record: ScanRecord): boolean {
  const reasons: readonly string[] = correctionReasons satisfies readonly CorrectionReason[];
  return record.supersedes !== null && reasons.includes(record.decision.reason);
}

/** The presentation that a record is about in the end; null when it is no longer in the journal. */
async function rootOf(
  record: ScanRecord,
  scan: (id: string) => Promise<ScanRecord | null>,
): Promise<ScanRecord | null> {
  let at: ScanRecord | null = record;
  for (let step = 0; step < longestChain && at !== null && at.supersedes !== null; step++) {
    at = await scan(at.supersedes);
  }
  return at;
}

function counters<Key extends Readonly<Record<string, string | null>>>() {
  const counts = new Map<string, { readonly key: Key; accepted: number; rejected: number }>();
  return {
    count(key: Key, outcome: "accepted" | "rejected", by: 1 | -1): void {
      const name = JSON.stringify(key);
      const row = counts.get(name) ?? { key, accepted: 0, rejected: 0 };
      row[outcome] += by;
      counts.set(name, row);
    },
    all: (): readonly (Key & Tally)[] =>
      [...counts.values()]
        .filter(({ accepted, rejected }) => accepted + rejected > 0)
        .map(({ key, accepted, rejected }) => ({ ...key, accepted, rejected })),
  };
}

function amountView(currency: string, sums: { readonly sales: bigint; readonly corrections: bigint }): AmountView {
  return {
    currency,
    salesCents: exactNumber(sums.sales),
    correctionsCents: exactNumber(sums.corrections),
    netCents: exactNumber(sums.sales + sums.corrections),
  };
}

function exactNumber(sum: bigint): number | null {
  const number = Number(sum);
  return Number.isSafeInteger(number) ? number : null;
}
