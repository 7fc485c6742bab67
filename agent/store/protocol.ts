import type { Sale } from "../books/sale.ts";
import type { AfterLoss, Policy } from "../config/config.ts";
import type { Decision, ScanRecord } from "../record.ts";
import type { SiteRules } from "../rules/index.ts";
import type { BookOps } from "./book-protocol.ts";
import type { Incident, ScrubPage, ScrubPlace } from "./damage-views.ts";
import type { OperatorOps } from "./operator-protocol.ts";
import type { PassKey } from "./pass-key.ts";
import type { Presented, Reserved, ScanDraft } from "./presented.ts";

export type * from "./presented.ts";

/** The end of a reservation: accepted keeps the use, rejected gives it back. */
export interface ReservationAnswer {
  readonly scanId: string;
  readonly decision: Decision;
  readonly sale: Sale;
  /** Generation of the trust data that the pass was last verified with; null for a verdict that used none. */
  readonly trustGeneration: number | null;
  /** The presentation with as many persons as come after all; left out: as many as are reserved. */
  readonly instead?: Presented;
}

/**
 * `stale`: trust changed; verify again and settle again. `gone`: it was settled before, as that record. `refused`: the rules
 * let that many not come; the reservation stands.
 */
export type SettledAnswer =
  | { readonly outcome: "recorded"; readonly record: ScanRecord }
  | { readonly outcome: "stale"; readonly generation: number }
  | { readonly outcome: "refused"; readonly reason: Decision["reason"] }
  | { readonly outcome: "gone"; readonly record: ScanRecord | null };

/** What was shown as `unrecorded` while storage was away. */
export interface Unsettled {
  readonly draft: ScanDraft;
  /** Id of the record that corrects it, should a failed commit have kept it all the same. */
  readonly correctionId: string;
  /** Whose use to take back then; null where nobody knows which pass it was. */
  readonly pass: PassKey | null;
}

/** An accepted scan that is remembered, and that nobody reported as revoked since. */
export interface RememberedUse {
  readonly pass: PassKey;
  readonly scan: string;
}

/** Where to go on in the memory; null at the beginning. */
export type UseCursor = readonly [string, string, number, number, string, number, string];

/** An accepted pass that was revoked soon afterwards, to be recorded as such. */
export interface LateRevocation extends RememberedUse {
  /** Id of the record that says so. */
  readonly correctionId: string;
  readonly trustAgeS: number | null;
  readonly listVersion: number | null;
  /** When it was noticed, milliseconds. */
  readonly atMs: number;
}

/**
 * `reserved`: at a lane that asks; `settleReservation` ends it. `stale`: trust changed since the verdict was made; verify
 * again and present again. Nothing was written.
 */
export type PresentedAnswer =
  | { readonly outcome: "recorded"; readonly record: ScanRecord }
  | { readonly outcome: "reserved"; readonly scan: Reserved }
  /** The same rotating code was read twice within a moment: the record of the first reading; nothing was written. */
  | { readonly outcome: "repeated"; readonly record: ScanRecord }
  | { readonly outcome: "stale"; readonly generation: number };

/** The cloud's word on the chain: the newest record it has. */
export interface Receipt {
  readonly sequence: number;
  readonly hash: string;
}

/** A batch whose key and bytes are on disk, to be sent as they are until it is answered. */
export interface StoredBatch {
  readonly key: string;
  readonly body: Uint8Array;
  readonly ids: readonly string[];
}

/** Records waiting for a batch, oldest first. */
export interface Waiting {
  readonly records: readonly { readonly sequence: number; readonly id: string; readonly text: string }[];
  readonly last: { readonly sequence: number; readonly hash: string };
  readonly incarnation: string;
}

/** One item's answer from the cloud, by scan id. */
export type ItemAnswer =
  | { readonly id: string; readonly status: "created" | "duplicate" }
  | { readonly id: string; readonly status: "rejected"; readonly error: ItemError };

export interface ItemError {
  readonly type: string;
  readonly code: string;
  readonly message: string;
}

export interface OutboxRow {
  readonly id: string;
  readonly sequence: number;
  readonly scannedAt: string;
  readonly attempts: number;
  readonly error: ItemError | null;
}

export interface OutboxState {
  readonly pending: number;
  readonly dead: number;
  /** RFC 3339 `scanned_at` of the oldest record that waits. */
  readonly oldestAt: string | null;
  readonly rows: readonly OutboxRow[];
}

export interface EventQuery {
  readonly limit: number;
  readonly afterSequence: number | null;
  readonly passId: string | null;
}

/** A journal row as it is stored, for the audit. */
export interface AuditRow {
  readonly sequence: number;
  readonly id: string;
  readonly passId: string | null;
  /** What record-row.ts makes a record of, with the other columns. */
  readonly record: string;
  readonly hash: string;
}

/** A chain head that went out with a batch and came back acknowledged. */
export interface Checkpoint {
  readonly sequence: number;
  readonly hash: string;
  /** `scan-chain+jws` by the device key. */
  readonly jws: string;
}

/** `closed`: the store was closed in order there, so nothing may follow. */
export interface WrittenUpTo {
  readonly incarnation: string;
  readonly sequence: number;
  readonly hash: string;
  readonly closed: boolean;
}

/** Every request the writer knows, with what it answers. */
export interface StoreOps extends BookOps, OperatorOps {
  present: { ask: Presented; answer: PresentedAnswer };
  /** Drafts that were shown as `unrecorded` while storage was away: writes them, and takes back what a failed commit left. */
  settle: { ask: readonly Unsettled[]; answer: null };
  /** Uses of these passes since then, at most 1,000 passes at a time. */
  usesOf: {
    ask: { readonly passes: readonly PassKey[]; readonly sinceMs: number };
    answer: readonly RememberedUse[];
  };
  /** All uses since then, page by page. */
  usesAfter: {
    ask: { readonly after: UseCursor | null; readonly sinceMs: number };
    answer: { readonly uses: readonly RememberedUse[]; readonly next: UseCursor | null };
  };
  settleReservation: { ask: ReservationAnswer; answer: SettledAnswer };
  /** Ends every reservation that is left from before; answers their records. */
  releaseReservations: { ask: null; answer: readonly ScanRecord[] };
  /** Writes the records that supersede them; answers those. */
  reportRevoked: { ask: readonly LateRevocation[]; answer: readonly ScanRecord[] };
  events: { ask: EventQuery; answer: readonly ScanRecord[] };
  /** The unfinished batch with its stored bytes, else null. */
  openBatch: { ask: null; answer: StoredBatch | null };
  /** How many batches are not finished. */
  openBatches: { ask: null; answer: number };
  waiting: { ask: { readonly limit: number }; answer: Waiting | null };
  /** Binds rows to new batches in one transaction, replacing `instead` if named. */
  saveBatches: { ask: { readonly batches: readonly StoredBatch[]; readonly instead: string | null }; answer: null };
  /** The records of these scan ids, in sequence order, to split a refused batch. */
  recordsOf: { ask: { readonly ids: readonly string[] }; answer: Waiting | null };
  /** A receipt that agrees with the chain head of the batch makes that head a checkpoint. */
  answerBatch: {
    ask: { readonly key: string; readonly items: readonly ItemAnswer[]; readonly receipt: Receipt | null };
    answer: null;
  };
  /** Items that the platform has, or refuses, by whatever way they came to it; answers how many of them waited here. */
  acknowledgeItems: { ask: { readonly key: string; readonly items: readonly ItemAnswer[] }; answer: number };
  auditRows: { ask: { readonly after: number; readonly limit: number }; answer: readonly AuditRow[] };
  checkpoints: { ask: null; answer: readonly Checkpoint[] };
  /** How far this terminal itself says that the journal had come; null when nothing does. */
  written: { ask: null; answer: WrittenUpTo | null };
  /** Deletes acknowledged records older than this RFC 3339 time, at most 5,000, up to a checkpoint; answers how many. */
  prune: { ask: { readonly olderThan: string }; answer: number };
  countAttempt: { ask: { readonly key: string }; answer: null };
  /** One dead letter by its scan id, or all of them, back into the queue; answers how many. */
  retryDead: { ask: { readonly id: string | null }; answer: number };
  /** Records after a place (null: from the first), with the place of each to go on from. */
  unacknowledged: {
    ask: { readonly after: number | null; readonly limit: number };
    answer: readonly { readonly place: number; readonly text: string }[];
  };
  outbox: { ask: { readonly rows: number }; answer: OutboxState };
  loadTrust: {
    ask: null;
    answer: { readonly documents: ReadonlyMap<string, Uint8Array>; readonly generation: number };
  };
  /** Replaces the stored trust data and the time memory in one transaction; answers the new generation. */
  saveTrust: {
    ask: {
      readonly put: ReadonlyMap<string, Uint8Array>;
      readonly drop: readonly string[];
      readonly timeMemory: string;
    };
    answer: number;
  };
  /** Databases that were set aside, the newest last. */
  incidents: { ask: null; answer: readonly Incident[] };
  /** Accepts every open loss of used passes; answers those. */
  acceptLoss: { ask: { readonly at: string }; answer: readonly Incident[] };
  /** Reads a page of one table's rows, to see that they can be read; tables and rows in a fixed order. */
  scrub: { ask: { readonly after: ScrubPlace | null; readonly limit: number }; answer: ScrubPage };
  /** Every page and every reference, when the file is not larger than this; null when it is. Blocks decisions meanwhile. */
  closeLook: { ask: { readonly maxBytes: number }; answer: { readonly wrong: string | null } | null };
  /** From the next presentation on the site wants this. Nothing is written. */
  rule: { ask: { readonly policy: Policy; readonly rules: SiteRules }; answer: null };
  readMeta: { ask: { readonly name: string }; answer: string | null };
  writeMeta: { ask: { readonly name: string; readonly value: string }; answer: null };
  close: { ask: null; answer: null };
}

export type StoreOp = keyof StoreOps;

export interface WriterOptions {
  readonly file: string;
  readonly policy: Policy;
  /** What the site wants beside it. */
  readonly rules: SiteRules;
  /** Fresh id of this database file, used when the file is new. */
  readonly incarnation: string;
  readonly readOnly: boolean;
  /** RFC 3339, UTC with milliseconds: the time of this opening. */
  readonly openedAt: string;
  /** What passes get whose use may be among what a damaged database lost, until an operator accepts the loss. */
  readonly afterLoss: AfterLoss;
  readonly suspicion: Suspicion | null;
}

/** `doubted`: look at every page before trusting the file. `condemned`: it was found damaged and is set aside. */
export type Suspicion = { readonly kind: "doubted" } | { readonly kind: "condemned"; readonly reason: string };

/** What opening did beside opening. */
export interface OpeningReport {
  /** Version the database had before it was migrated; null when it was current or new. */
  readonly migratedFrom: number | null;
  /** Name of the copy made before that. */
  readonly backup: string | null;
  /** Present when a damaged database was set aside now. */
  readonly incident: Incident | null;
}

export type WriterRequest = {
  readonly [Op in StoreOp]: { readonly op: Op; readonly ask: StoreOps[Op]["ask"] };
}[StoreOp];

export type WriterMessage =
  | { readonly kind: "open"; readonly report: OpeningReport }
  /** Of one group of requests, in their order. */
  | { readonly kind: "answers"; readonly answers: readonly unknown[] }
  /** The connection is gone: nothing that was asked and not answered is known to be done or undone. */
  | { readonly kind: "failed"; readonly code: StoreFaultCode; readonly message: string };

export type StoreFaultCode =
  | "store_locked"
  | "store_newer"
  | "store_foreign"
  | "storage_failed"
  | "disk_full"
  | "store_closed"
  | "store_corrupt"
  /** Something that cannot happen in a sound database: the file is looked at closely before it is used again. */
  | "store_doubted";
