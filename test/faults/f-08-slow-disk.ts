import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, type Shown, show } from "./guests.ts";
import { judgeSite } from "./judge-site.ts";
import { openSite, type Site } from "./site.ts";
import { storeFiles, traceRunning, tracerMissing, tracing } from "./tracer.ts";

export const slowDisk: Fault = {
  id: "F-08",
  title: "a sync takes seconds: the decision is shown late, never early, and the local API answers meanwhile",
  run,
  control,
};

/** Seconds that every sync takes, by size. */
const delays: Readonly<Record<Size, readonly number[]>> = {
  demo: [1, 2],
  small: [1, 2, 5, 10, 30],
  large: [1, 1, 1, 2, 2, 2, 2, 5, 5, 5, 5, 5, 10, 10, 10, 10, 20, 20, 30, 30],
};
/** At the 99th percentile; or three times what the same machine needs with a good disk, when it is busy with other things. */
const longestAnswerMs = 100;
/** The API itself gives up a presentation after a minute, with 503: several syncs of half a minute may be in its way. */
const apiGivesUpMs = 60_000;
const baselineMs = 1_500;
const askEveryMs = 20;

async function run(size: Size): Promise<FaultResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  await using site = await openSite();
  const passes = await site.issue("event_ticket", delays[size].length);
  const program = site.start();
  const shown: Shown[] = [];
  const violations: string[] = [];
  const answers: number[] = [];
  let bound = longestAnswerMs;
  try {
    if (!(await site.untilReady())) throw new Error("the agent did not get ready");
    const usual = percentile99(await askMeanwhile(site, sleep(baselineMs)));
    bound = Math.max(longestAnswerMs, 3 * usual);
    for (const [at, seconds] of delays[size].entries()) {
      const inject = `fsync,fdatasync:delay_enter=${seconds * 1_000_000}`;
      await using _ = await traceRunning(
        program.child.pid ?? 0,
        inject,
        storeFiles(join(site.stateDir, "agent.sqlite")),
      );
      const waiting = show(site, passes[at]?.text ?? "");
      answers.push(...(await askMeanwhile(site, waiting)));
      const one = await waiting;
      shown.push(one);
      violations.push(...tooEarly(one, seconds));
    }
    violations.push(...deathOf(program));
  } finally {
    program.child.kill("SIGTERM");
    await program.ended;
  }
  const p99 = Math.round(percentile99(answers));
  if (p99 > bound) violations.push(`the API took ${p99} ms at p99`);
  violations.push(...judgeSite(site, acksOf(shown)));
  const late = Math.round(Math.max(...shown.map((one) => one.afterMs)));
  const counts = {
    syncs: delays[size].length,
    "slowest decision, ms": late,
    "API answers": answers.length,
    "p99, ms": p99,
  };
  return { outcome: "played", counts, violations };
}

function percentile99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}

/** Milliseconds of each answer of the API until something is over. */
async function askMeanwhile(site: Site, waiting: Promise<unknown>): Promise<readonly number[]> {
  const answers: number[] = [];
  let isWaiting = true;
  const stop = (): void => {
    isWaiting = false;
  };
  waiting.then(stop, stop);
  while (isWaiting) {
    const begun = performance.now();
    const answer = await site.ask("GET", "/v1/ping");
    answers.push(answer === null ? Number.POSITIVE_INFINITY : performance.now() - begun);
    await sleep(askEveryMs);
  }
  return answers;
}

function tooEarly({ ack, status, afterMs }: Shown, seconds: number): readonly string[] {
  if (ack === null && afterMs >= apiGivesUpMs) return [];
  if (ack === null) return [`with a sync of ${seconds} s the answer was ${status}`];
  return afterMs < seconds * 1000
    ? [`shown ${Math.round(afterMs)} ms after the pass, with a sync of ${seconds} s`]
    : [];
}

/** An answer on a disk whose syncs are not slowed comes before the time that a slow one takes. */
async function control(): Promise<ControlResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  await using site = await openSite();
  // The same tracer with another call in its place: it delays nothing that counts.
  const wrap = tracing("sync_file_range:delay_enter=1000000", storeFiles(join(site.stateDir, "agent.sqlite")));
  const program = site.start({ wrap });
  const [pass] = await site.issue("event_ticket", 1);
  await site.untilReady();
  const one = await show(site, pass?.text ?? "");
  program.child.kill("SIGTERM");
  await program.ended;
  return caughtBy(tooEarly(one, 1));
}
