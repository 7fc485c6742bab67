import { setTimeout as sleep } from "node:timers/promises";
import type { Ack } from "./acks.ts";
import type { Program } from "./program.ts";
import { type Site, siteLane } from "./site.ts";

/** What a presentation got: an answer after so long, or none. */
export interface Shown {
  readonly ack: Ack | null;
  /** HTTP status; null when the agent did not answer at all. */
  readonly status: number | null;
  readonly afterMs: number;
}

/** Shows one pass at a lane. */
export async function show(site: Pick<Site, "ask">, text: string, lane = siteLane): Promise<Shown> {
  const begun = performance.now();
  const answer = await site.ask("POST", "/v1/sim/present", { lane, payload: text });
  const ack = answer?.status === 200 ? ackOf(answer.body) : null;
  return { ack, status: answer?.status ?? null, afterMs: performance.now() - begun };
}

/** The acknowledgement in a record; null when it holds none. */
function ackOf(record: unknown): Ack | null {
  const { id, decision } = Object(record);
  const outcome: unknown = Object(decision)["outcome"];
  return typeof id === "string" && (outcome === "accepted" || outcome === "rejected") ? { id, outcome } : null;
}

/** Guests who show passes one after the other until they are sent away. */
export interface Guests {
  readonly shown: readonly Shown[];
  /** Resolves when the last answer is there. */
  leave(): Promise<void>;
}

/** @param next the text that the next guest shows */
export function letIn(site: Pick<Site, "ask">, count: number, next: () => string): Guests {
  const shown: Shown[] = [];
  let isOpen = true;
  const guest = async (): Promise<void> => {
    while (isOpen) {
      const one = await show(site, next());
      shown.push(one);
      if (one.ack === null) await sleep(5);
    }
  };
  const all = Promise.all(Array.from({ length: count }, guest));
  return {
    shown,
    async leave() {
      isOpen = false;
      await all;
    },
  };
}

export function acksOf(shown: readonly Shown[]): readonly Ack[] {
  return shown.flatMap(({ ack }) => (ack === null ? [] : [ack]));
}

/** Codes of the conditions that the agent reports; null when it does not answer. */
export async function conditionsOf(site: Pick<Site, "ask">): Promise<readonly string[] | null> {
  const answer = await site.ask("GET", "/v1/status");
  const conditions: unknown = Object(answer?.body)["conditions"];
  return Array.isArray(conditions) ? conditions.map((condition) => String(Object(condition)["code"])) : null;
}

/** The agent's own words when it ended though nobody told it to; else nothing. */
export function deathOf(program: Program): readonly string[] {
  const { exitCode, signalCode } = program.child;
  return exitCode === null && signalCode === null
    ? []
    : [`the agent ended (${exitCode ?? signalCode}): ${program.said().slice(-300)}`];
}

/** Milliseconds until something is so; null when it is not within `withinMs`. */
export async function msUntil(isSo: () => Promise<boolean> | boolean, withinMs: number): Promise<number | null> {
  const begun = performance.now();
  while (performance.now() - begun < withinMs) {
    if (await isSo()) return performance.now() - begun;
    await sleep(10);
  }
  return null;
}
