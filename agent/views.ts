import type { Guidance } from "../drivers/reader.ts";
import type { Environment } from "../verifier/index.ts";
import type { AuditReport } from "./audit.ts";
import type { ClockState, OutcomeReason, ScanRecord } from "./record.ts";

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
  readonly guidance: Guidance | null;
  /** Grows with every change on this lane since the agent started. */
  readonly revision: number;
  /** A demo or sandbox agent says so, loudly. */
  readonly environment: Environment;
  readonly simulated: boolean;
  /** Trust data older than its time to live: decisions go on and are marked. */
  readonly degraded: boolean;
}

export const conditionCodes = [
  "reader_absent",
  "service_absent",
  "permission_denied",
  "reader_busy",
  "reader_unsupported",
  "reader_failure",
  "not_enrolled",
  "trust_missing",
  "trust_stale",
  "trust_expired",
  "trust_refused",
  "clock_untrusted",
  "cloud_unreachable",
  "credential_refused",
  "lane_closed",
  "storage_failed",
  "dead_letters",
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
  readonly kind: "nfc" | "serial";
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
  readonly outbox: OutboxSummary;
  readonly conditions: readonly Condition[];
}

export interface OutboxSummary {
  readonly pending: number;
  readonly deadLetters: number;
  /** Age of the oldest record the cloud has not acknowledged, seconds; null when none waits. */
  readonly oldestS: number | null;
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

/** A pass presented by hand or by a demo button instead of by a guest. */
export interface PresentRequest {
  /** Which reader; null: straight into the lane as channel `sim`. */
  readonly reader: string | null;
  /** Which lane, when no reader is named; null: the first. */
  readonly lane: string | null;
  /** The bytes as a scanner would send them or a phone would answer. */
  readonly payload: string;
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
  /** Records that the cloud has not acknowledged, dead letters too, oldest first; limit 1-1000. */
  unacknowledged(afterSequence: number, limit: number): Promise<readonly ScanRecord[]>;
  /** Puts one dead letter (by scan id) or all of them back into the queue; answers how many. */
  retryDeadLetters(scanId: string | null): Promise<number>;
  /** Tries the upload at once instead of at the end of the back-off. */
  sendNow(): void;
  /** Proves the journal from end to end; takes seconds for a large one, between the decisions. */
  audit(): Promise<AuditReport>;
  /** Resolves with the record of the presentation, once durable. Rejects with a `PresentFault`. */
  present(request: PresentRequest): Promise<ScanRecord>;
  /** Runs one named scene of the demo. Rejects with a `PresentFault`. */
  scene(name: string): Promise<{ readonly said: string }>;
  /** Names and titles of the demo's scenes; empty without a simulation. */
  scenes(): readonly { readonly name: string; readonly title: string }[];
}

/** Why something could not be presented. */
export class PresentFault extends Error {
  override readonly name = "PresentFault";
  readonly code:
    | "reader_not_found"
    | "lane_not_found"
    | "simulation_disabled"
    | "simulator_absent"
    | "scan_timeout"
    | "unknown_scene"
    | "scene_failed";
  constructor(code: PresentFault["code"], message: string) {
    super(message);
    this.code = code;
  }
}
