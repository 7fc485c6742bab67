import type { WebhookEvent } from "../books/flat-scan.ts";
import type { Sale } from "../books/sale.ts";
import type { ClockState, CorrectionReason, ScanRecord } from "../record.ts";

/** Records of a time, page by page. */
export interface PageQuery {
  /** Sequence to go on after; 0 at the beginning. */
  readonly after: number;
  /** Records to read at most, 1 or more. */
  readonly limit: number;
  /** `scanned_at` at or after `from` and before `to`, RFC 3339. */
  readonly from: string;
  readonly to: string;
}

export interface JournalPage {
  /** The stored texts, in sequence order; none is possible before the last page. */
  readonly rows: readonly {
    readonly sequence: number;
    readonly text: string;
    readonly state: "acknowledged" | "pending" | "dead";
  }[];
  /** Where to go on; null at the end. */
  readonly next: number | null;
}

/** A record that corrects an earlier one, to be written. */
export interface CorrectionAsk {
  readonly id: string;
  readonly scanId: string;
  readonly reason: CorrectionReason;
  readonly sale: Sale;
  /** RFC 3339. */
  readonly at: string;
  readonly clockState: ClockState;
  readonly offline: boolean;
}

/** `id_taken`: there is another record with this id. Nothing was written but by `recorded`. */
export type CorrectionAnswer =
  | { readonly outcome: "recorded"; readonly record: ScanRecord }
  | { readonly outcome: "scan_not_found" | "currency_missing" | "id_taken" }
  | { readonly outcome: "currency_differs"; readonly currency: string };

/** Which delivery a webhook receiver gets next. */
export interface TakeDelivery {
  readonly id: string;
  readonly events: readonly WebhookEvent[];
  /** Passes over what is marked as simulated: trainings, on a terminal that is no simulation itself. */
  readonly realOnly?: boolean;
  /** `all`: what is due again, then what is new. `due`: only what is due again. `oldest`: what is tried again longest, due or not. */
  readonly take: "all" | "due" | "oldest";
  /** Milliseconds since 1970; a delivery due more than `longestMs` ahead is due, because a clock was moved. */
  readonly nowMs: number;
  readonly longestMs: number;
}

export type NextDelivery =
  | { readonly kind: "delivery"; readonly sequence: number; readonly attempts: number; readonly text: string }
  /** When one is due again; null when none waits. */
  | { readonly kind: "nothing"; readonly dueMs: number | null };

/** What one delivery came to; `attempts` counts all of them. `failed`: not tried again by itself. */
export type DeliveryNote = { readonly sequence: number } & (
  | { readonly outcome: "delivered" }
  | { readonly outcome: "again"; readonly attempts: number; readonly waitMs: number; readonly problem: string }
  | { readonly outcome: "failed"; readonly attempts: number; readonly problem: string }
);

export interface NoteDelivery {
  readonly id: string;
  readonly nowMs: number;
  readonly note: DeliveryNote;
}

export interface WebhookState {
  readonly id: string;
  /** Records after the last one that was tried. */
  readonly waiting: number;
  /** Sequence of the last record that was tried or passed over. */
  readonly cursor: number;
  readonly retrying: number;
  readonly failed: number;
  /** Records that were pruned before the receiver had them. */
  readonly skipped: number;
  /** Why the newest of these was not taken. */
  readonly problem: string | null;
}

/** What the books and the receivers of scans ask of the store. */
export interface BookOps {
  /** Records of a time, by the days of the journal. */
  page: { ask: PageQuery; answer: JournalPage };
  scan: { ask: { readonly id: string }; answer: ScanRecord | null };
  correct: { ask: CorrectionAsk; answer: CorrectionAnswer };
  registerWebhooks: { ask: { readonly ids: readonly string[] }; answer: null };
  nextDelivery: { ask: TakeDelivery; answer: NextDelivery };
  noteDelivery: { ask: NoteDelivery; answer: null };
  /** Deliveries that were refused or given up, due again; answers how many. */
  retryWebhooks: { ask: { readonly ids: readonly string[] }; answer: number };
  /** Deliveries are counted for records of that time, or for all. */
  webhooks: {
    ask: { readonly ids: readonly string[]; readonly within: { readonly from: string; readonly to: string } | null };
    answer: readonly WebhookState[];
  };
}
