import type { Question, TillAnswer } from "./questions.ts";
import type { ScanRecord } from "./record.ts";

export type { Question, TillAnswer } from "./questions.ts";

/** What a till may do: see what is asked of it, and answer. */
export interface TillDesk {
  questions(): readonly Question[];
  /** Calls `listener` for every new question until the returned function is called. */
  watch(listener: (question: Question) => void): () => void;
  /**
   * Resolves once the decision is on disk. The same answer again gets the same record. Rejects with an `OperatorFault`:
   * `quantity_refused` (the question stays open), `decision_too_late`, `already_decided`, `scan_not_found`, `unrecorded`.
   */
  decide(scanId: string, answer: TillAnswer): Promise<ScanRecord>;
  /** A scan of this terminal's journal; null when there is none. */
  scan(id: string): Promise<ScanRecord | null>;
}
