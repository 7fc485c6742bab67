import type { LaneState } from "../../views.ts";
import type { Display, Hello } from "../message.ts";

/** What the page needs of a lane's view. */
export interface Shown {
  readonly state: LaneState;
  readonly revision: number;
  readonly test: boolean;
  readonly degraded: boolean;
  readonly special: string | null;
  readonly display: Display;
}

const states: Readonly<Record<LaneState, true>> = {
  idle: true,
  reading: true,
  checking: true,
  asking: true,
  accepted: true,
  rejected: true,
  attention: true,
  out_of_order: true,
};

/** The event `view`, or null when it is not one: then the page rather says "not connected" than guesses. */
export function readView(text: string): Shown | null {
  const message = parseObject(text);
  const display = members(message?.get("display"));
  const state = message?.get("state");
  const revision = message?.get("revision");
  const headline = display?.get("headline");
  const line = display?.get("line");
  const next = display?.get("next");
  if (!isState(state) || typeof revision !== "number") return null;
  if (typeof headline !== "string" || typeof line !== "string" || typeof next !== "string") return null;
  const named = message?.get("special");
  const special = typeof named === "string" ? named : null;
  const test = message?.get("environment") !== "live" || message.get("simulated") === true;
  return {
    state,
    revision,
    test,
    degraded: message?.get("degraded") === true,
    special,
    display: { headline, line, next },
  };
}

/** The event `hello`, or null. */
export function readHello(text: string): Hello | null {
  const message = parseObject(text);
  const version = message?.get("version");
  if (typeof version !== "string") return null;
  const token = (name: string): string | null => {
    const value = message?.get(name);
    return typeof value === "string" ? value : null;
  };
  return { version, sim_token: token("sim_token"), camera_token: token("camera_token") };
}

/** The members of a JSON object; null for anything else. */
export function parseObject(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return members(value);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

/** The members of an object, read without trusting its shape. */
export function members(value: unknown): ReadonlyMap<string, unknown> | null {
  return typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)) : null;
}

function isState(value: unknown): value is LaneState {
  return typeof value === "string" && Object.hasOwn(states, value);
}
