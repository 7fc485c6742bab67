import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, letIn, msUntil, type Shown, show } from "./guests.ts";
import { judgeSite } from "./judge-site.ts";
import type { Program } from "./program.ts";
import { type IssuedPass, openSite, type Site } from "./site.ts";

export const processLimits: Fault = {
  id: "F-09",
  title:
    "signals, aborts, a second instance, few descriptors, a crash loop: one agent serves, and it is back in seconds",
  run,
  control,
};

const orderlyWithinMs = 5_000;
/** From the start of the program to the first decision. The target is 2 s on an idle machine; tests share theirs. */
const servesWithinMs = 5_000;
const crashes = 5;

interface Round {
  readonly site: Site;
  readonly passes: readonly IssuedPass[];
  readonly shown: Shown[];
  /** Milliseconds from a start to the first decision, of every start. */
  readonly starts: number[];
}

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 1, small: 1, large: 20 });
  await using site = await openSite();
  const round: Round = { site, passes: await site.issue("membership", 4), shown: [], starts: [] };
  const violations: string[] = [];
  await (await serve(round, violations, 15_000)).end("SIGTERM");
  round.starts.length = 0;
  for (let at = 0; at < rounds && violations.length === 0; at++) {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGABRT"] as const) {
      violations.push(...(await endUnderLoad(round, signal)));
    }
    violations.push(...(await secondInstance(round)));
    violations.push(...(await nobodyListens(round)));
    violations.push(...(await fewDescriptors(round)));
    violations.push(...(await crashLoop(round)));
  }
  violations.push(...judgeSite(site, acksOf(round.shown)));
  const slowest = Math.round(Math.max(...round.starts));
  const counts = { rounds, starts: round.starts.length, "slowest to the first decision, ms": slowest };
  return { outcome: "played", counts, violations };
}

/** Starts the agent and waits for its first decision. */
async function serve(round: Round, violations: string[], withinMs = servesWithinMs, wrap: readonly string[] = []) {
  const { site, passes, shown, starts } = round;
  const program = site.start({ wrap });
  const first = async (): Promise<boolean> => {
    const one = await show(site, passes[0]?.text ?? "");
    if (one.ack !== null) shown.push(one);
    return one.ack !== null;
  };
  const after = await msUntil(first, withinMs);
  if (after === null) violations.push(`no decision ${withinMs} ms after the start: ${program.said().slice(-300)}`);
  else starts.push(after);
  return { program, end: (signal: NodeJS.Signals) => endOf(program, signal) };
}

async function endOf(program: Program, signal: NodeJS.Signals) {
  const begun = performance.now();
  program.child.kill(signal);
  return { ...(await program.ended), afterMs: performance.now() - begun };
}

/** A stop in the middle of commits; what aborts the program (a heap that is full does) is as good as kill -9. */
async function endUnderLoad(round: Round, signal: NodeJS.Signals): Promise<readonly string[]> {
  const violations: string[] = [];
  const { program, end } = await serve(round, violations, servesWithinMs, ["prlimit", "--core=0"]);
  let next = 0;
  const guests = letIn(round.site, 4, () => round.passes[next++ % round.passes.length]?.text ?? "");
  await msUntil(() => guests.shown.length >= 10, 5_000);
  const { exit, afterMs } = await end(signal);
  await guests.leave();
  round.shown.push(...guests.shown);
  const isOrderly = signal === "SIGTERM" || signal === "SIGINT";
  if (isOrderly && exit !== 0) violations.push(`${signal}: ended with ${exit}: ${program.said().slice(-300)}`);
  if (isOrderly && afterMs > orderlyWithinMs) violations.push(`${signal}: it took ${Math.round(afterMs)} ms to end`);
  return violations;
}

async function secondInstance(round: Round): Promise<readonly string[]> {
  const violations: string[] = [];
  const { program, end } = await serve(round, violations);
  const second = round.site.start();
  const ended = await Promise.race([second.ended, sleep(servesWithinMs, null)]);
  if (ended === null) {
    violations.push("a second agent on the same folder goes on running");
    second.child.kill("SIGKILL");
  } else if (ended.exit === 0 || ended.said.trim() === "") {
    violations.push(`the second agent ended with ${ended.exit} and says nothing of the first`);
  }
  const one = await show(round.site, round.passes[1]?.text ?? "");
  round.shown.push(one);
  if (one.ack === null) violations.push("the first agent does not decide any more after a second one was started");
  violations.push(...deathOf(program));
  await end("SIGTERM");
  return violations;
}

/** Whoever read the log is gone: a write to it fails from now on (SIGPIPE, EPIPE). */
async function nobodyListens(round: Round): Promise<readonly string[]> {
  const violations: string[] = [];
  const { program, end } = await serve(round, violations);
  program.child.stdout?.destroy();
  program.child.stderr?.destroy();
  for (let at = 0; at < 5; at++) {
    const one = await show(round.site, round.passes[at % round.passes.length]?.text ?? "");
    round.shown.push(one);
    if (one.ack === null) violations.push(`decision ${at} after the log's reader went: ${one.status}`);
  }
  violations.push(...deathOf(program));
  await end("SIGTERM");
  return violations;
}

/** Too few descriptors to start: it must end with a word, not hang, and leave everything as it was. */
async function fewDescriptors(round: Round): Promise<readonly string[]> {
  const starved = round.site.start({ wrap: ["prlimit", "--core=0", "--nofile=24"] });
  const ended = await Promise.race([starved.ended, sleep(servesWithinMs, null)]);
  if (ended !== null) {
    return ended.exit === 0 || ended.said.trim() === ""
      ? [`with 24 descriptors it ended with ${ended.exit}, wordless`]
      : [];
  }
  // It runs with what it has; then it must also say how it does, or end when it is told to.
  const { exit, signal } = await endOf(starved, "SIGTERM");
  return exit === null ? [`with 24 descriptors it had to be ended by ${signal}`] : [];
}

async function crashLoop(round: Round): Promise<readonly string[]> {
  const violations: string[] = [];
  for (let at = 0; at < crashes; at++) await (await serve(round, violations)).end("SIGKILL");
  const { end } = await serve(round, violations);
  const { exit } = await end("SIGTERM");
  if (exit !== 0) violations.push(`after ${crashes} crashes the next agent ended with ${exit}`);
  return violations;
}

/** A program that never serves must be seen as such. */
async function control(): Promise<ControlResult> {
  await using site = await openSite();
  const round: Round = { site, passes: await site.issue("membership", 1), shown: [], starts: [] };
  const violations: string[] = [];
  const { end } = await serve(round, violations, 1_500, ["sh", "-c", "exec sleep 30", join(site.folder, "never")]);
  await end("SIGKILL");
  return caughtBy(violations);
}
