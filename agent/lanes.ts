import type { Guidance } from "../drivers/reader.ts";
import type { Environment } from "../verifier/index.ts";
import type { Clock } from "./clock.ts";
import type { LaneConfig } from "./config/config.ts";
import type { Decision, ScanRecord } from "./record.ts";
import type { Special } from "./special.ts";
import type { ConditionCode, LaneState, LaneView } from "./views.ts";

/** What happens at a lane. */
export type LaneInput =
  | { readonly kind: "started" }
  | { readonly kind: "guidance"; readonly hint: Guidance }
  | { readonly kind: "checking" }
  | { readonly kind: "asking" }
  | {
      readonly kind: "decided";
      readonly result: ScanRecord["verification"]["result"];
      readonly decision: Decision;
      readonly firstAt: string | null;
      readonly firstLane: string | null;
      readonly nextAt: string | null;
      /** What the till says to the guest. */
      readonly message?: string | null;
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
  /** What the till says to the guest; gone with the result. */
  readonly message: string | null;
  /** Why the lane is out of order, kept while a result is still shown. */
  readonly blocked: ConditionCode | null;
  /** Back to idle after this, milliseconds; null: stays. */
  readonly forMs: number | null;
}

/** How long a result stands before the lane is idle again, milliseconds. */
const resultMs = { accepted: 3_000, rejected: 4_000, attention: 4_000 } as const;
/** A reading that neither ends nor brings a payload is given up, milliseconds. */
const readingMs = 10_000;
/** What a guest is told to do with the phone stands this long while it lies there, and after it was taken away, milliseconds. */
const errandMs = 60_000;
const hintMs = 8_000;

export const idleLane: LaneNow = {
  state: "idle",
  reason: null,
  firstAt: null,
  firstLane: null,
  nextAt: null,
  guidance: null,
  message: null,
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
      // What the till is asked about stays on the screen until it is answered; the next pass waits.
      if (now.state === "asking") return now;
      // Whoever was told what to do comes back to do it.
      return { ...rest, state: "reading", guidance: hintStands(now) ? now.guidance : null, forMs: readingMs };
    case "guidance":
      if (now.state !== "reading") return now;
      return { ...now, guidance: input.hint, forMs: isErrand(input.hint) ? errandMs : readingMs };
    case "checking":
      return { ...rest, state: "checking", guidance: isFailure(now.guidance) ? now.guidance : null };
    case "asking":
      // As long as the till may take; its answer follows in any case.
      return { ...rest, state: "asking", reason: null };
    case "decided":
      return decidedLane(now, rest, input);
    case "ended":
      if (now.state !== "reading") return now;
      // A phone that wants something of its owner is taken away to be looked at: what to do stands until then.
      return isErrand(now.guidance)
        ? { ...rest, state: "attention", reason: null, guidance: now.guidance, forMs: hintMs }
        : rest;
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

/** What a guest does away from the reader, and then comes back. */
function isErrand(hint: Guidance | null): boolean {
  return hint === "unlock_phone" || hint === "choose_pass";
}

/** What goes with a reading that gave no pass. */
function isFailure(hint: Guidance | null): boolean {
  return hint === "no_pass" || hint === "try_again" || hint === "one_at_a_time";
}

function hintStands(now: LaneNow): boolean {
  return now.state === "attention" && now.reason === null;
}

function decidedLane(now: LaneNow, rest: LaneNow, input: Extract<LaneInput, { kind: "decided" }>): LaneNow {
  const unsure = input.result === "undetermined" || input.result === "unreadable";
  const state = input.decision.outcome === "accepted" ? "accepted" : unsure ? "attention" : "rejected";
  const { firstAt, firstLane, nextAt, message = null } = input;
  const guidance = input.result === "unreadable" ? now.guidance : null;
  return {
    ...rest,
    state,
    reason: input.decision.reason,
    firstAt,
    firstLane,
    nextAt,
    guidance,
    message,
    forMs: resultMs[state],
  };
}

/** All lanes of this agent: current views, watchers, and the timers that bring them back to idle. */
export interface Lanes {
  tell(lane: string, input: LaneInput): void;
  view(lane: string): LaneView | null;
  views(): readonly LaneView[];
  /** Calls `listener` at every change until the returned function is called. */
  watch(lane: string, listener: (view: LaneView) => void): () => void;
  setSpecial(lane: string, special: Special | null): void;
  /** Trust data became old or fresh again. */
  setDegraded(is: boolean): void;
}

interface Lane {
  readonly config: LaneConfig;
  now: LaneNow;
  revision: number;
  special: Special | null;
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
      { config, now: idleLane, revision: 0, special: null, cancel: () => {}, listeners: new Set() },
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
    message: lane.now.message,
    revision: lane.revision,
    degraded,
    special: lane.special,
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
    setSpecial(id, special) {
      const lane = lanes.get(id);
      if (lane === undefined || lane.special === special) return;
      lane.special = special;
      publish(lane);
    },
    setDegraded(is) {
      if (is === degraded) return;
      degraded = is;
      for (const lane of lanes.values()) publish(lane);
    },
  };
}
