import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Dice, mutate } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

/** What a campaign found out about a target. */
export interface CampaignReport {
  readonly runs: number;
  readonly runsPerSecond: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Inputs that reached a new outcome. */
  readonly kept: readonly Uint8Array[];
  /** Heap, buffers included, after collection: end minus start, bytes. */
  readonly growth: number;
  readonly slowestMs: number;
  readonly failure: CampaignFailure | null;
}

export interface CampaignFailure {
  readonly kind: "throw" | "slow" | "growth";
  readonly detail: string;
  readonly input: Uint8Array | null;
}

export interface CampaignLimits {
  readonly runs: number;
  readonly seed: number;
  /** One input may take this long, measured again before it counts. */
  readonly slowMs: number;
  readonly growthBytes: number;
  /** Told every input before it is run, so that a hang can be reported by somebody else. */
  readonly watch?: (input: Uint8Array, run: number) => void;
}

export const defaultLimits = { slowMs: 50, growthBytes: 64 << 20 } as const;
/** Different outcomes remembered; more than any target has words for. */
const mostOutcomes = 1000;

/** Runs mutants of seeds and corpus against one target until `runs` are done or something breaks. */
export async function campaign(
  target: FuzzTarget,
  corpus: readonly Uint8Array[],
  limits: CampaignLimits,
): Promise<CampaignReport> {
  const dice = new Dice(limits.seed);
  const { dictionary = [], longest = 4096 } = target;
  const seeds = await target.seeds();
  const pool = [...seeds, ...corpus];
  const kept: Uint8Array[] = [];
  const outcomes = new Map<string, number>();
  let failure: CampaignFailure | null = null;
  let slowestMs = 0;
  let runs = 0;
  // The first inputs fill caches and compile code; growth counts from there.
  const warm = Math.min(1000, Math.floor(limits.runs / 4));
  let before = 0;
  const started = performance.now();
  for (; runs < limits.runs && failure === null; runs++) {
    if (runs === warm) before = await heldBytes();
    // Promises alone never let the event loop turn, and zlib frees its buffers there after an error.
    if (runs % 64 === 0) await turn();
    const input = pool[runs] ?? mutate(dice.pick(pool), dice.pick(pool), dice, dictionary, longest);
    limits.watch?.(input, runs);
    const begun = performance.now();
    let outcome: string;
    try {
      const answer = target.run(input);
      outcome = typeof answer === "string" ? answer : await answer;
    } catch (cause) {
      failure = { kind: "throw", detail: String(cause instanceof Error ? cause.stack : cause), input };
      break;
    }
    const tookMs = performance.now() - begun;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > limits.slowMs && (await fastestOf(target, input, 5)) > limits.slowMs) {
      failure = { kind: "slow", detail: `${tookMs.toFixed(1)} ms, limit ${limits.slowMs} ms`, input };
    }
    const count = outcomes.get(outcome) ?? 0;
    if (count === 0 && outcomes.size < mostOutcomes && runs >= seeds.length) {
      kept.push(input);
      pool.push(input);
    }
    if (count > 0 || outcomes.size < mostOutcomes) outcomes.set(outcome, count + 1);
  }
  const seconds = (performance.now() - started) / 1000;
  const growth = (await heldBytes()) - before;
  if (failure === null && growth > limits.growthBytes) {
    failure = {
      kind: "growth",
      detail: `${(growth / 2 ** 20).toFixed(1)} MiB more held than at the start`,
      input: null,
    };
  }
  return { runs, runsPerSecond: runs / seconds, outcomes, kept, growth, slowestMs, failure };
}

/** A slow run may be the machine's fault: the least processor time of a few repeats is the input's, milliseconds. */
async function fastestOf(target: FuzzTarget, input: Uint8Array, times: number): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const begun = process.cpuUsage();
    await target.run(input);
    const { user, system } = process.cpuUsage(begun);
    fastest = Math.min(fastest, (user + system) / 1000);
  }
  return fastest;
}

/** Memory that is really held: heap and buffers after full collections; buffers are freed beside and a turn later. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  for (let i = 0; i < 3; i++) {
    await turn();
    if (typeof collect === "function") collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
