import type { Guidance } from "../drivers/reader.ts";
import type { Environment } from "../verifier/index.ts";
import type { Clock } from "./clock.ts";
import type { LaneConfig } from "./config/config.ts";
import type { Decision, ScanRecord } from "./record.ts";
import type { ConditionCode, LaneState, LaneView } from "./views.ts";

/** What happens at a lane. */
export type LaneInput =
  | { readonly kind: "started" }
  | { readonly kind: "guidance"; readonly hint: Guidance }
  | { readonly kind: "checking" }
  | {
      readonly kind: "decided";
      readonly result: ScanRecord["verification"]["result"];
      readonly decision: Decision;
      readonly firstAt: string | null;
      readonly firstLane: string | null;
      readonly nextAt: string | null;
    }
  | { readonly kind: "ended" }
  | { readonly kind: "timeout" }
  | { readonly kind: "blocked"; readonly reason: ConditionCode }
  | { readonly kind: "unblocked" };

/** The part of a lane that changes. */
export interface LaneNow {
  readonly state: LaneState;
  readonly reason: LaneView["reason"];
  readonly firstAt: string | null;
  readonly firstLane: string | null;
  readonly nextAt: string | null;
  readonly guidance: Guidance | null;
  /** Why the lane is out of order, kept while a result is still shown. */
  readonly blocked: ConditionCode | null;
  /** Back to idle after this, milliseconds; null: stays. */
  readonly forMs: number | null;
}

/** How long a result stands before the lane is idle again, milliseconds. */
const resultMs = { accepted: 3_000, rejected: 4_000, attention: 4_000 } as const;
/** A reading that neither ends nor brings a payload is given up, milliseconds. */
const readingMs = 10_000;

export const idleLane: LaneNow = {
  state: "idle",
  reason: null,
  firstAt: null,
  firstLane: null,
  nextAt: null,
  guidance: null,
  blocked: null,
  forMs: null,
};

/** The next state of a lane. Pure; a result gives way to the next presentation at once. */
export function nextLane(now: LaneNow, input: LaneInput): LaneNow {
  const rest: LaneNow = {
    ...idleLane,
    blocked: now.blocked,
    ...(now.blocked === null ? {} : { state: "out_of_order", reason: now.blocked }),
  };
  switch (input.kind) {
    case "started":
      return { ...rest, state: "reading", reason: null, forMs: readingMs };
    case "guidance":
      return now.state === "reading" ? { ...now, guidance: input.hint } : now;
    case "checking":
      return { ...rest, state: "checking", reason: null };
    case "decided":
      return decidedLane(rest, input);
    case "ended":
      return now.state === "reading" ? rest : now;
    case "timeout":
      return rest;
    case "blocked": {
      if (now.blocked === input.reason) return now;
      const showing = now.state !== "idle" && now.state !== "out_of_order";
      const next: LaneNow = { ...now, blocked: input.reason };
      return showing ? next : { ...idleLane, state: "out_of_order", reason: input.reason, blocked: input.reason };
    }
    case "unblocked":
      if (now.blocked === null) return now;
      return now.state === "out_of_order" ? idleLane : { ...now, blocked: null };
  }
}

function decidedLane(rest: LaneNow, input: Extract<LaneInput, { kind: "decided" }>): LaneNow {
  const unsure = input.result === "undetermined" || input.result === "unreadable";
  const state = input.decision.outcome === "accepted" ? "accepted" : unsure ? "attention" : "rejected";
  const { firstAt, firstLane, nextAt } = input;
  return { ...rest, state, reason: input.decision.reason, firstAt, firstLane, nextAt, forMs: resultMs[state] };
}

/** All lanes of this agent: current views, watchers, and the timers that bring them back to idle. */
export interface Lanes {
  tell(lane: string, input: LaneInput): void;
  view(lane: string): LaneView | null;
  views(): readonly LaneView[];
  /** Calls `listener` at every change until the returned function is called. */
  watch(lane: string, listener: (view: LaneView) => void): () => void;
  /** Trust data became old or fresh again. */
  setDegraded(is: boolean): void;
}

interface Lane {
  readonly config: LaneConfig;
  now: LaneNow;
  revision: number;
  cancel: () => void;
  readonly listeners: Set<(view: LaneView) => void>;
}

export function openLanes(
  configs: readonly LaneConfig[],
  fixed: { readonly environment: Environment; readonly simulated: boolean },
  clock: Clock,
): Lanes {
  let degraded = false;
  const lanes = new Map<string, Lane>(
    configs.map((config) => [
      config.id,
      { config, now: idleLane, revision: 0, cancel: () => {}, listeners: new Set() },
    ]),
  );
  const toView = (lane: Lane): LaneView => ({
    lane: lane.config.id,
    name: lane.config.name,
    state: lane.now.state,
    reason: lane.now.reason,
    firstAt: lane.now.firstAt,
    firstLane: lane.now.firstLane,
    nextAt: lane.now.nextAt,
    guidance: lane.now.guidance,
    revision: lane.revision,
    degraded,
    ...fixed,
  });
  const publish = (lane: Lane): void => {
    lane.revision += 1;
    const view = toView(lane);
    for (const listener of lane.listeners) listener(view);
  };
  const tell = (id: string, input: LaneInput): void => {
    const lane = lanes.get(id);
    if (lane === undefined) return;
    const next = nextLane(lane.now, input);
    if (next === lane.now) return;
    // What blocks a lane may change while a result is shown; the result still ends when it was going to.
    const sameShow = next.state === lane.now.state && (input.kind === "blocked" || input.kind === "unblocked");
    lane.now = next;
    if (!sameShow) {
      lane.cancel();
      lane.cancel = next.forMs === null ? () => {} : clock.after(next.forMs, () => tell(id, { kind: "timeout" }));
    }
    publish(lane);
  };
  return {
    tell,
    view: (id) => {
      const lane = lanes.get(id);
      return lane === undefined ? null : toView(lane);
    },
    views: () => [...lanes.values()].map(toView),
    watch(id, listener) {
      const listeners = lanes.get(id)?.listeners;
      listeners?.add(listener);
      return () => listeners?.delete(listener);
    },
    setDegraded(is) {
      if (is === degraded) return;
      degraded = is;
      for (const lane of lanes.values()) publish(lane);
    },
  };
}
