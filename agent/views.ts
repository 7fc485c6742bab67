import type { Channel, Guidance, ReaderFaultCode } from "../drivers/reader.ts";
import type { Environment, Verdict } from "../verifier/index.ts";
import type { AuditReport } from "./audit.ts";
import type { BookDesk, WebhookView } from "./books/views.ts";
import type { LaneCamera } from "./lane-camera.ts";
import type { OperatorDesk } from "./operator-views.ts";
import type { PresentRequest } from "./present-views.ts";
import type { ClockState, OutcomeReason, ScanRecord } from "./record.ts";
import type { Special } from "./special.ts";
import type { AcceptedLoss, StorageView } from "./storage-views.ts";
import type { TillDesk } from "./till-views.ts";
import type { TrustDesk } from "./trust-views.ts";

export { PresentFault, type PresentRequest } from "./present-views.ts";
export type { AcceptedLoss, StorageCheck, StorageView } from "./storage-views.ts";

/** What a lane shows, everywhere (formats.md section 4). */
export const laneStates = [
  "idle",
  "reading",
  "checking",
  "asking",
  "accepted",
  "rejected",
  "attention",
  "out_of_order",
] as const;
export type LaneState = (typeof laneStates)[number];

/** What a lane page is told: nothing personal, no pass id. */
export interface LaneView {
  readonly lane: string;
  readonly name: string;
  readonly state: LaneState;
  /** Reason behind `accepted`, `rejected`, `attention` and `out_of_order`. */
  readonly reason: OutcomeReason | ConditionCode | null;
  /** For `already_redeemed` and its kin: when and where first. */
  readonly firstAt: string | null;
  readonly firstLane: string | null;
  /** RFC 3339 time from which the pass may be shown again; null where no time is known. */
  readonly nextAt: string | null;
  readonly guidance: Guidance | null;
  /** What the till says to the guest beside its decision; gone with the result, and kept nowhere. */
  readonly message: string | null;
  /** Grows with every change on this lane since the agent started. */
  readonly revision: number;
  /** A demo or sandbox agent says so, loudly. */
  readonly environment: Environment;
  readonly simulated: boolean;
  /** Trust data older than its time to live: decisions go on and are marked. */
  readonly degraded: boolean;
  /** Open for everybody, or for practice; null as a rule. */
  readonly special: Special | null;
}

export const conditionCodes = [
  "reader_absent",
  "service_absent",
  "permission_denied",
  "reader_busy",
  "reader_unsupported",
  "reader_failure",
  "reader_fallback",
  "reader_limited",
  "not_enrolled",
  "trust_missing",
  "trust_stale",
  "trust_expired",
  "trust_refused",
  "clock_untrusted",
  "clock_blocks_tls",
  "cloud_unreachable",
  "credential_refused",
  "lane_closed",
  "storage_failed",
  "disk_low",
  "store_log_long",
  "store_set_aside",
  "redemptions_lost",
  "journal_forked",
  "dead_letters",
  "late_revocation",
  "webhook_failing",
  "wallet_key_unusable",
  "wallet_key_unknown",
  "emergency_open",
  "training",
  "config_refused",
  "terminal_locked",
] as const;
export type ConditionCode = (typeof conditionCodes)[number];

/** Something an operator should know: what happened, to what, what to do. */
export interface Condition {
  readonly code: ConditionCode;
  /** A reader, lane or document; null for the agent as a whole. */
  readonly subject: string | null;
  readonly severity: "info" | "warning" | "error";
  readonly detail: string;
  readonly remedy: string;
  /** RFC 3339. */
  readonly since: string;
}

export interface ReaderView {
  readonly id: string;
  readonly lane: string;
  readonly kind: "nfc" | "serial" | "hid" | "camera";
  readonly driver: string;
  readonly state: "opening" | "ready" | "waiting" | "stopped";
  readonly model: string | null;
}

export interface StatusView {
  readonly version: string;
  readonly environment: Environment;
  readonly simulated: boolean;
  readonly scannerId: string | null;
  readonly tenantId: string | null;
  readonly startedAt: string;
  readonly cloud: { readonly url: string; readonly online: boolean; readonly stream: boolean };
  readonly trust: {
    readonly keysVersion: number | null;
    readonly headAgeS: number | null;
    readonly expiresInS: number | null;
    readonly lists: readonly { readonly list: number; readonly version: number; readonly size: number }[];
    /** `<first 8>-<last 8>` of the pinned root, and where it came from. */
    readonly root: string | null;
    readonly rootOrigin: "config" | "qr" | "bundle" | "tls" | null;
  };
  readonly clock: ClockState;
  readonly lanes: readonly LaneView[];
  readonly readers: readonly ReaderView[];
  /** Null while the store is lost. */
  readonly outbox: OutboxSummary | null;
  readonly storage: StorageView | null;
  readonly webhooks: readonly WebhookView[];
  readonly conditions: readonly Condition[];
}

/** What happened since this program started, and how its clock stands now. */
export interface CountersView {
  readonly presentations: readonly {
    readonly lane: string;
    readonly channel: string;
    readonly outcome: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Decision times by lane: counts in the classes of `decisionBoundsS`, the last class for all above, and their sum. */
  readonly decisions: readonly { readonly lane: string; readonly classes: readonly number[]; readonly sumS: number }[];
  /** Passes refused for what this terminal remembers of them. */
  readonly conflicts: number;
  /** Wall clock minus the time that is judged by, seconds; null while no signed time is known. */
  readonly clockOffsetS: number | null;
}

export interface OutboxSummary {
  readonly pending: number;
  readonly deadLetters: number;
  /** Age of the oldest record the cloud has not acknowledged, seconds; null when none waits. */
  readonly oldestS: number | null;
}

export interface WaitingRecords {
  readonly records: readonly ScanRecord[];
  /** Where the next page begins; null: there is none. Records of an earlier database come first, with places below zero. */
  readonly next: number | null;
}

export interface OutboxView extends OutboxSummary {
  /** The oldest 100. */
  readonly items: readonly {
    readonly scanId: string;
    readonly sequence: number;
    readonly scannedAt: string;
    readonly attempts: number;
    readonly state: "pending" | "dead";
    readonly error: { readonly type: string; readonly code: string; readonly message: string } | null;
  }[];
}

/** Something beside decisions that whoever watches is told of. Nothing personal, and nothing of it is kept. */
export type Happening = { readonly lane: string | null } & (
  | { readonly kind: "presentation_started"; readonly reader: string; readonly channel: Channel }
  | {
      readonly kind: "presentation_ended";
      readonly reader: string;
      readonly channel: Channel;
      readonly presentMs: number;
    }
  | { readonly kind: "condition_raised" | "condition_cleared"; readonly condition: Condition }
  | { readonly kind: "reader_state"; readonly reader: ReaderView; readonly fault: ReaderFaultCode | null }
  | { readonly kind: "outbox_state"; readonly outbox: OutboxSummary }
  | { readonly kind: "trust_updated"; readonly document: TrustDocument }
);

/** A part of the trust data that has a version of its own. `list` null: the keys. */
export interface TrustDocument {
  readonly list: number | null;
  readonly version: number;
  /** Age of the trust data, seconds. */
  readonly ageS: number | null;
}

/** All that the local API, the lane page and the CLI may ask of a running agent. */
export interface AgentFacade {
  lane(id: string): LaneView | null;
  lanes(): readonly LaneView[];
  /** Calls `listener` at every change of that lane until the returned function is called. */
  watchLane(id: string, listener: (view: LaneView) => void): () => void;
  status(): Promise<StatusView>;
  /** False only when the process cannot go on. */
  healthy(): boolean;
  /** At least one lane can decide. */
  ready(): boolean;
  conditions(): readonly Condition[];
  /** Newest first unless `afterSequence` is given (then oldest first); limit 1-1000. */
  events(query: {
    readonly limit: number;
    readonly afterSequence: number | null;
    readonly passId: string | null;
  }): Promise<readonly ScanRecord[]>;
  outbox(): Promise<OutboxView>;
  /** Trust data in files; null before enrolment. */
  trust(): TrustDesk | null;
  /** Reports, exports, corrections and receivers of scans. */
  books(): BookDesk;
  counters(): CountersView;
  /** What tills are asked, and their answers. */
  till(): TillDesk;
  /** What people may do beside the rules. */
  operator(): OperatorDesk;
  /** Calls `listener` after each record that was stored, until the returned function is called. */
  watchRecords(listener: () => void): () => void;
  /** Calls `listener` at what happens beside decisions, until the returned function is called. */
  watchHappenings(listener: (happening: Happening) => void): () => void;
  /** Records that the cloud has not acknowledged, dead letters too, oldest first; limit 1-1000. `after`: the last page's `next`. */
  unacknowledged(after: number | null, limit: number): Promise<WaitingRecords>;
  /** Puts one dead letter (by scan id) or all of them back into the queue; answers how many. */
  retryDeadLetters(scanId: string | null): Promise<number>;
  /**
   * Takes a receipt of the platform that came by another way than the upload; answers how many scans it took out of the queue. Zero
   * for a receipt that is not the platform's, or one that was taken before.
   */
  importReceipt(jws: string): Promise<number>;
  /** Tries the upload at once instead of at the end of the back-off. */
  sendNow(): void;
  /** The operator accepts what a damaged database lost of the memory of used passes; answers what that was. */
  acceptLoss(): Promise<readonly AcceptedLoss[]>;
  /** Proves the journal from end to end; takes seconds for a large one, between the decisions. */
  audit(): Promise<AuditReport>;
  /** What a payload is worth right now, without deciding, recording or using anything up; null before enrolment. */
  verify(payload: Uint8Array): Promise<Verdict | null>;
  /** Resolves with the record of the presentation, once durable. Rejects with a `PresentFault`. */
  present(request: PresentRequest): Promise<ScanRecord>;
  /** Runs one named scene of the demo. Rejects with a `PresentFault`. */
  scene(name: string): Promise<{ readonly said: string }>;
  /** Cameras of lane pages, as configured. */
  cameras(): readonly LaneCamera[];
  /** Names and titles of the demo's scenes; empty without a simulation. */
  scenes(): readonly { readonly name: string; readonly title: string }[];
}
