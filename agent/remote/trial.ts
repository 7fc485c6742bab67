import type { Clock } from "../clock.ts";
import type { Config } from "../config/index.ts";
import type { SupervisedReader } from "../supervisor.ts";
import type { RemoteDesk } from "./desk.ts";

/** How often readers are looked at while a configuration is on trial, milliseconds. */
const lookEveryMs = 100;

/** Lanes with a reader that works. */
export function readingLanes(readers: readonly SupervisedReader[]): readonly string[] {
  return [
    ...new Set(readers.map((reader) => reader.view()).flatMap((view) => (view.state === "ready" ? view.lane : []))),
  ];
}

/**
 * Watches a configuration on trial: every lane that could read before must read again within `withinMs`, else the
 * configuration is rolled back. A lane that the new configuration has no more is not waited for.
 */
export async function watchTrial(
  desk: RemoteDesk,
  config: Config,
  readers: readonly SupervisedReader[],
  parts: { readonly clock: Clock; readonly withinMs: number },
  signal: AbortSignal,
): Promise<void> {
  const trial = desk.onTrial();
  if (trial === null) return;
  const { clock } = parts;
  const wanted = trial.lanes.filter((lane) => config.lanes.some(({ id }) => id === lane));
  const endMs = clock.monotonicMs() + parts.withinMs;
  while (!signal.aborted) {
    const reading = readingLanes(readers);
    const missing = wanted.filter((lane) => !reading.includes(lane));
    if (missing.length === 0) return desk.judged(null);
    if (clock.monotonicMs() >= endMs) return desk.judged(broken(missing[0] ?? "", readers, parts.withinMs));
    await clock.sleep(lookEveryMs, signal);
  }
}

function broken(lane: string, readers: readonly SupervisedReader[], withinMs: number): string {
  const mine = readers.filter((reader) => reader.view().lane === lane);
  const faults = mine.map((reader) => `${reader.view().id}: ${reader.fault() ?? "not open yet"}`);
  return `lane ${lane} had no working reader within ${withinMs / 1000} s (${faults.join(", ") || "it has none"})`;
}
