import type { ScanRecord } from "./record.ts";
import type { Special } from "./special.ts";

/** Who acts. Said by the operator, kept in the record: proof of it is a matter of the token. */
export const roles = ["staff", "supervisor", "security", "technician"] as const;
export type Role = (typeof roles)[number];

/** Who acts and why, in the operator's words: 1 to 128 characters, never a guest's name. */
export interface OnWhoseWord {
  readonly role: Role;
  readonly reason: string;
}

export interface ActRequest extends OnWhoseWord {
  readonly scanId: string;
  /** Id of the new record; null: a fresh one. */
  readonly id: string | null;
}

/** A special time of a lane, for people and programs. */
export interface LaneTimeView {
  readonly lane: string;
  readonly kind: Special;
  /** RFC 3339. */
  readonly since: string;
  readonly until: string;
  readonly role: Role;
  readonly reason: string;
}

/** What an operator may do about passes and lanes. All reject with an `OperatorFault`. */
export interface OperatorDesk {
  /** Takes an accepted scan back, with the use it counted. */
  annul(request: ActRequest, by: "pos" | "operator"): Promise<ScanRecord>;
  /** Accepts a presentation that was refused a moment ago. */
  override(request: ActRequest): Promise<ScanRecord>;
  /** What somebody typed: the text of a pass, or its bare id, which never is more than a reference. */
  enter(lane: string, text: string, quantity: number): Promise<ScanRecord>;
  /** @param forS seconds, 60 to 28,800 */
  begin(lane: string, kind: Special, forS: number, word: OnWhoseWord): Promise<LaneTimeView>;
  end(lane: string, kind: Special): Promise<void>;
  /** Special times that run now. */
  times(): readonly LaneTimeView[];
  /** Persons who went through a lane that is open for an emergency, without a pass. */
  count(lane: string, persons: number): Promise<ScanRecord>;
}

/** Why something was not done; the codes are those of the API. */
export class OperatorFault extends Error {
  override readonly name = "OperatorFault";
  readonly code:
    | "scan_not_found"
    | "lane_not_found"
    | "not_enrolled"
    | "id_conflict"
    | "not_accepted"
    | "already_decided"
    | "decision_too_late"
    | "quantity_refused"
    | "override_too_late"
    | "not_open"
    | "lane_busy"
    | "storage_failed"
    | "unrecorded";
  /** The record that stands, where one does. */
  readonly record: ScanRecord | null;
  constructor(
    code: OperatorFault["code"],
    message: string,
    options: { readonly record?: ScanRecord | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.record = options.record ?? null;
  }
}
