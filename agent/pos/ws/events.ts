import type { LanePages } from "../../lane/index.ts";
import type { ScanRecord } from "../../record.ts";
import type { Question } from "../../till-views.ts";
import type { Happening, LaneView } from "../../views.ts";
import { questionForm } from "../act-routes.ts";
import { publicCondition } from "../wire.ts";

export const eventTypes = [
  "decision.requested",
  "decision.made",
  "decision.changed",
  "lane.state",
  "session.taken",
  "presentation.started",
  "presentation.ended",
  "condition.raised",
  "condition.cleared",
  "reader.state",
  "outbox.state",
  "trust.updated",
] as const;
export type EventType = (typeof eventTypes)[number];

/** Events as clients get them (ecosystem.md 3.4). Unknown types and members are for clients to pass over. */
export interface WireEvent {
  /** The same fact always has the same id, however often it is sent. */
  readonly id: string;
  readonly type: EventType;
  /** The journal's own number; null for what is in no journal. */
  readonly sequence: number | null;
  /** Null for what concerns the whole terminal. */
  readonly lane: string | null;
  readonly live_mode: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A stored record: the decision of a presentation, or what became of an earlier one. */
export function recordEvent(record: ScanRecord, display: unknown): WireEvent {
  const { id, sequence, lane, live_mode, supersedes } = record;
  const scan = { ...record, display };
  const common = { id: `evt_${id.slice("scan_".length)}`, sequence, lane, live_mode };
  return supersedes === null
    ? { ...common, type: "decision.made", data: { scan } }
    : { ...common, type: "decision.changed", data: { scan, previous: supersedes, cause: causeOf(record) } };
}

function causeOf({ decision }: ScanRecord): string {
  switch (decision.reason) {
    case "annulled":
    case "refunded":
    case "amended":
      return decision.reason;
    case "override":
      return "operator";
    case "revoked":
      return "late_revocation";
    default:
      return "conflict";
  }
}

export function questionEvent(question: Question): WireEvent {
  const { id, lane, live_mode } = question.scan;
  return {
    id: `evt_${id.slice("scan_".length)}_asked`,
    type: "decision.requested",
    sequence: null,
    lane,
    live_mode,
    data: questionForm(question),
  };
}

export function laneEvent(view: LaneView, sessionId: string): WireEvent {
  const { lane, state, reason, guidance, special, revision } = view;
  return {
    id: `evt_${sessionId}_${lane}_${revision}`,
    type: "lane.state",
    sequence: null,
    lane,
    live_mode: view.environment === "live",
    data: { state, reason, guidance, special },
  };
}

/**
 * What happened beside decisions.
 *
 * @param number of the happening within the session
 */
export function happeningEvent(
  happening: Happening,
  from: { readonly sessionId: string; readonly number: number; readonly live: boolean },
): WireEvent {
  const { lane } = happening;
  const id = `evt_${from.sessionId}_${from.number}`;
  return { id, sequence: null, lane, live_mode: from.live, ...happened(happening) };
}

function happened(happening: Happening): Pick<WireEvent, "type" | "data"> {
  switch (happening.kind) {
    case "presentation_started": {
      const { reader, channel } = happening;
      return { type: "presentation.started", data: { reader, channel } };
    }
    case "presentation_ended": {
      const { reader, channel, presentMs } = happening;
      return { type: "presentation.ended", data: { reader, channel, present_ms: presentMs } };
    }
    case "condition_raised":
      return { type: "condition.raised", data: { ...happening.condition } };
    case "condition_cleared":
      return { type: "condition.cleared", data: publicCondition(happening.condition) };
    case "reader_state": {
      const { id: reader, kind, driver, state, model } = happening.reader;
      return { type: "reader.state", data: { reader, kind, driver, state, code: happening.fault, model } };
    }
    case "outbox_state": {
      const { pending, oldestS, deadLetters } = happening.outbox;
      return { type: "outbox.state", data: { pending, oldest_s: oldestS, dead: deadLetters } };
    }
    case "trust_updated": {
      const { list, version, ageS } = happening.document;
      return {
        type: "trust.updated",
        data: { kind: list === null ? "keys" : "revocations", list, version, age_s: ageS },
      };
    }
  }
}

/** What a lane would show of a record: state, headline, line and next step, in the language of the lane page. */
export function displayOf(record: ScanRecord, lane: LaneView, pages: LanePages, laneName: (id: string) => string) {
  const { decision, use, verification } = record;
  const unsure = verification.result === "undetermined" || verification.result === "unreadable";
  const state = decision.outcome === "accepted" ? "accepted" : unsure ? "attention" : "rejected";
  const shown = { firstAt: use.first_at, firstLane: use.first_lane, nextAt: use.next_at };
  const view = { ...lane, ...shown, state, reason: decision.reason, guidance: null, message: null } as const;
  return { state, ...pages.message(view, laneName).display };
}
