import type { ClockState, ScanRecord } from "../record.ts";
import type { WebhookState } from "../store/index.ts";
import type { SiteDay } from "./site-day.ts";
import type { Missing } from "./views.ts";

export interface DayState {
  readonly day: SiteDay;
  readonly now: { readonly ms: number; readonly clock: ClockState };
  /** Of the day's records: how many the cloud has not acknowledged or has refused, since when, and the last sequence. */
  readonly waiting: {
    readonly pending: number;
    readonly dead: number;
    readonly oldestAt: string | null;
    readonly last: number;
  };
  /** Deliveries counted for the day. */
  readonly webhooks: readonly WebhookState[];
  /** The oldest record in the journal. */
  readonly first: Pick<ScanRecord, "sequence" | "scanned_at"> | null;
  /** RFC 3339: when damaged databases were set aside; what was in them is not in this journal. */
  readonly setAside: readonly string[];
}

/** Why a day is not complete, in plain words; empty when it is. Pure. */
export function missingOf({ day, now, waiting, webhooks, first, setAside }: DayState): readonly Missing[] {
  const missing: Missing[] = [];
  const say = (code: Missing["code"], count: number | null, detail: string): void => {
    missing.push({ code, count, detail });
  };
  if (now.clock === "suspect" || now.clock === "unknown") {
    say(
      "clock_untrusted",
      null,
      "the clock of this terminal is not to be trusted: nobody can say that the day is over",
    );
  } else if (now.ms < day.toMs) {
    say("day_not_over", null, `the day ends at ${day.to}`);
  }
  if (waiting.pending > 0) {
    const detail = `the cloud has not acknowledged ${scans(waiting.pending)}, the oldest of ${waiting.oldestAt}`;
    say("unsent", waiting.pending, detail);
  }
  if (waiting.dead > 0) say("dead_letters", waiting.dead, `the cloud refused ${scans(waiting.dead)}`);
  for (const { id, cursor, retrying, failed } of webhooks) {
    const late = retrying + Math.max(0, waiting.last - cursor);
    if (late > 0) say("webhooks_behind", late, `${id} has not had ${scans(late)}`);
    if (failed > 0) say("webhooks_failed", failed, `${id} refused ${scans(failed)}`);
  }
  if (first !== null && isPruned(first, day)) {
    say("journal_pruned", null, "the journal does not reach back to the beginning of this day");
  }
  const began = setAside.toSorted().at(-1);
  if (began !== undefined && began > day.from) {
    say(
      "journal_new",
      null,
      `a damaged database was set aside at ${began}: earlier scans of the day are not in this one`,
    );
  }
  return missing;
}

function isPruned({ sequence, scanned_at }: Pick<ScanRecord, "sequence" | "scanned_at">, { from }: SiteDay): boolean {
  return sequence > 1 && scanned_at >= from;
}

function scans(count: number): string {
  return count === 1 ? "1 scan" : `${count} scans`;
}
