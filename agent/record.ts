import type { Channel, Protocol, Symbology, UnreadableReason } from "../drivers/reader.ts";
import type { Form, InvalidReason, PassId, TemplateId, TenantId, UndeterminedReason } from "../verifier/index.ts";

/** State of the device clock when the pass was presented (formats.md section 5). */
export type ClockState = "trusted" | "held" | "suspect" | "unknown";

/** Reasons only the agent gives, beside those of the verifier and the drivers (formats.md section 4). */
export const decisionReasons = [
  "already_redeemed",
  "passback",
  "uses_exhausted",
  "wrong_place",
  "outside_hours",
  "over_capacity",
  "pos_declined",
  "pos_silent",
  "venue_unreachable",
  "lane_closed",
  "unrecorded",
  "refunded",
  "amended",
  "reserved",
  "annulled",
  "override",
  "emergency_open",
] as const;
export type DecisionReason = (typeof decisionReasons)[number];

/** Reasons of a record that corrects what the till said of an earlier one: money went back, or something was wrong. */
export const correctionReasons = ["refunded", "amended"] as const satisfies readonly DecisionReason[];
export type CorrectionReason = (typeof correctionReasons)[number];

export type VerificationReason = "ok" | InvalidReason | UndeterminedReason | UnreadableReason;
export type OutcomeReason = VerificationReason | DecisionReason;

export interface Decision {
  readonly outcome: "accepted" | "rejected";
  readonly by: "agent" | "policy" | "pos" | "operator";
  readonly reason: OutcomeReason;
}

/** How the pass was used up, or why that cannot be said. */
export interface Use {
  readonly kind: "single" | "count" | "period" | "entry_exit" | "none";
  /** Persons admitted so far, in the period where there is one, and how many the pass is good for. */
  readonly number: number | null;
  readonly of: number | null;
  /** Persons who came; below zero: who left. */
  readonly quantity: number;
  /** Whose count it is: this lane's, that of all lanes of this terminal, the venue's. */
  readonly scope: "lane" | "site" | "venue";
  /**
   * RFC 3339 time and lane of the earlier use that this one is measured by: the first of all or of the period, the last
   * one where it is too soon after it, the last entry where the pass is inside.
   */
  readonly first_at: string | null;
  readonly first_lane: string | null;
  /** RFC 3339 time from which the same rule would no longer refuse; null where no time is known or nothing was refused. */
  readonly next_at: string | null;
  readonly certainty: "confirmed" | "local_only" | "assumed";
}

/** The stored and uploaded fact: formats.md section 7. All members are always present. */
export interface ScanRecord {
  readonly id: string;
  readonly pass_id: PassId | null;
  readonly template_id: TemplateId | null;
  readonly tenant_id: TenantId;
  readonly live_mode: boolean;
  readonly scanner_id: string;
  readonly lane: string;
  readonly reader: string;
  readonly channel: Channel | "manual" | "sim";
  readonly protocol: Protocol | null;
  readonly symbology: Symbology | null;
  readonly aim: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly scanned_at: string;
  readonly clock_state: ClockState;
  readonly offline: boolean;
  readonly simulated: boolean;
  readonly payload_hash: string | null;
  readonly verification: {
    readonly result: "valid" | "invalid" | "undetermined" | "unreadable";
    readonly reason: VerificationReason;
    readonly form: Form | null;
    readonly kid: string | null;
    readonly trust_age_s: number | null;
    readonly list_version: number | null;
  };
  readonly use: Use;
  readonly decision: Decision;
  readonly external_ref: { readonly type: string; readonly id: string } | null;
  readonly amount_cents: number | null;
  readonly currency: string | null;
  readonly supersedes: string | null;
  readonly incarnation: string;
  readonly sequence: number;
  readonly prev_hash: string;
  readonly hash: string;
}
