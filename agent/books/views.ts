import type { CorrectionReason, ScanRecord } from "../record.ts";
import type { Sale } from "./sale.ts";

/** What the books of this terminal answer, with and without a running agent. */
export interface BookDesk {
  /**
   * One day of the site, from the journal. Rejects with a `BooksFault`.
   *
   * @param date `YYYY-MM-DD`; null for the day that runs now
   */
  dayReport(date: string | null): Promise<DayReport>;
  /** Stored records of these days, oldest first. Rejects with a `BooksFault`. */
  scans(query: ScansQuery): Promise<ScansPage>;
  /** Writes a record that corrects amount or reference of an earlier one. Rejects with a `BooksFault`. */
  correct(request: CorrectionRequest): Promise<ScanRecord>;
  /** The receivers of scans, in the order of the configuration. Rejects with a `StoreFault`. */
  webhooks(): Promise<readonly WebhookView[]>;
  /** Puts refused deliveries back into the queue; answers how many. */
  retryWebhooks(): Promise<number>;
}

export interface ScansQuery {
  /** Days of the site, `YYYY-MM-DD`, both included; null: no bound. */
  readonly from: string | null;
  readonly to: string | null;
  /** Sequence to go on after; 0 at the beginning. */
  readonly after: number;
  /** 1-1000 records are looked at; fewer, even none, may be of these days. */
  readonly limit: number;
}

export interface ScansPage {
  readonly records: readonly ScanRecord[];
  /** Where to go on; null at the end. */
  readonly next: number | null;
}

export interface CorrectionRequest {
  readonly scanId: string;
  /** `scan_<ULID>` chosen by the asker, so that asking twice writes once; null: a new one. */
  readonly id: string | null;
  readonly reason: CorrectionReason;
  readonly sale: Sale;
}

export interface WebhookView {
  readonly id: string;
  /** Host of its address; the rest may be a secret. */
  readonly host: string;
  /** Records that were not tried yet. */
  readonly waiting: number;
  /** Deliveries that are tried again by themselves. */
  readonly retrying: number;
  /** Deliveries that were refused for good, or tried ten times. */
  readonly failed: number;
  /** Records that were pruned before they could be delivered. */
  readonly skipped: number;
  /** Why the newest of the retrying and failed ones was not taken. */
  readonly problem: string | null;
}

/** Presentations by what was decided in the end. */
export interface Tally {
  readonly accepted: number;
  readonly rejected: number;
}

export interface DayReport {
  readonly date: string;
  readonly timeZone: string;
  /** The day's first instant and the next day's, RFC 3339 UTC. */
  readonly from: string;
  readonly to: string;
  /** Nothing of this day is missing anywhere and nothing will be added: it may be posted. */
  readonly complete: boolean;
  /** Why it is not; empty when it is. */
  readonly missing: readonly Missing[];
  readonly presentations: Tally;
  readonly verdicts: readonly {
    readonly result: string;
    readonly outcome: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** The record holds no kind of pass: template and sort of use stand for it. */
  readonly kinds: readonly ({ readonly templateId: string | null; readonly useKind: string } & Tally)[];
  readonly lanes: readonly ({ readonly lane: string } & Tally)[];
  readonly channels: readonly ({ readonly channel: string } & Tally)[];
  readonly corrections: {
    /** Records of this day that correct or override another one. */
    readonly count: number;
    /** Those of them about a scan of an earlier day: that day's figures stay as they were. */
    readonly earlierDays: number;
  };
  readonly amounts: readonly AmountView[];
  /** Records made while the clock could not be trusted: their day may be another. */
  readonly clockUntrusted: number;
  /** Of the whole terminal, not of this day only. */
  readonly queue: { readonly pending: number; readonly deadLetters: number; readonly oldestS: number | null };
}

/** Sums in hundredths of the currency's unit; null where a sum is beyond what JSON carries exactly (2^53). */
export interface AmountView {
  readonly currency: string;
  /** Of accepted presentations. */
  readonly salesCents: number | null;
  /** Of the corrections made on this day, whatever day they are about. */
  readonly correctionsCents: number | null;
  readonly netCents: number | null;
}

export interface Missing {
  readonly code:
    | "day_not_over"
    | "clock_untrusted"
    | "unsent"
    | "dead_letters"
    | "webhooks_behind"
    | "webhooks_failed"
    | "journal_pruned"
    | "journal_new";
  /** Records it is about; null where it is not about records. */
  readonly count: number | null;
  readonly detail: string;
}

/** Why the books cannot do what was asked. */
export class BooksFault extends Error {
  override readonly name = "BooksFault";
  readonly code:
    | "scan_not_found"
    | "currency_missing"
    | "currency_mismatch"
    | "id_conflict"
    | "not_enrolled"
    | "unrecorded"
    | "storage_failed"
    | "invalid_date";
  constructor(code: BooksFault["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
