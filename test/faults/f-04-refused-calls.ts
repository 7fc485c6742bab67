import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childPath, startChild } from "./acks.ts";
import { judgeCareless } from "./careless.ts";
import { type ControlResult, caughtBy, type Fault, type FaultResult, mostViolations, type Size } from "./fault.ts";
import { inParallel } from "./in-parallel.ts";
import { judgeFolder } from "./judge.ts";
import { faultFolder } from "./sandbox-folder.ts";
import { makeTemplate, type Template } from "./template.ts";
import { dismissTracer, storeFiles, tracerMissing, tracing } from "./tracer.ts";

export const refusedCalls: Fault = {
  id: "F-04",
  title:
    "the n-th write, sync or open fails, for many n and errors: nothing is shown that is not kept, and it comes back by itself",
  run,
  control,
};

interface Refusal {
  readonly call: "fsync" | "pwrite64" | "openat" | "unlink" | "ftruncate";
  readonly error: "EIO" | "ENOSPC" | "EROFS" | "EINTR";
  /** The how-many-th call of a thread fails; a store that is opened again counts anew, so the disk fails again and again. */
  readonly at: number;
}

/** How long the disk stays bad: a store that is opened again meets the same refusal. */
const badMs = 1_500;
/** From then on it must be back within this time. */
const backWithinMs = 10_000;
/** Runs at a time: they mostly wait. */
const width = 3;

async function run(size: Size): Promise<FaultResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  using template = await makeTemplate(20);
  const refusals = refusalsFor(size);
  const runs = await inParallel(refusals, width, (refusal) => play(refusal, template));
  const violations = runs.flatMap((run) => run.violations).slice(0, mostViolations);
  const unrecorded = runs.reduce((sum, run) => sum + run.unrecorded, 0);
  const lost = runs.filter((run) => run.losses > 0).length;
  const counts = { runs: runs.length, "lost the store": lost, "scans not recorded, and said so": unrecorded };
  return { outcome: "played", counts, violations };
}

function refusalsFor(size: Size): readonly Refusal[] {
  const range = (last: number, step: number): readonly number[] =>
    Array.from({ length: Math.ceil(last / step) }, (_, at) => 1 + at * step);
  if (size === "demo") {
    return [
      ...[2, 6, 9, 14].map((at) => ({ call: "fsync", error: "EIO", at }) as const),
      ...[20, 33, 60].map((at) => ({ call: "pwrite64", error: "ENOSPC", at }) as const),
      { call: "pwrite64", error: "EIO", at: 47 },
      { call: "openat", error: "EROFS", at: 3 },
    ];
  }
  const step = size === "small" ? 4 : 1;
  const lasts = { fsync: 40, pwrite64: 60, openat: 8, unlink: 2, ftruncate: 2 } as const;
  return (["EIO", "ENOSPC", "EROFS", "EINTR"] as const).flatMap((error) =>
    (["fsync", "pwrite64", "openat", "unlink", "ftruncate"] as const).flatMap((call) =>
      range(lasts[call], lasts[call] > 10 ? step : 1).map((at) => ({ call, error, at })),
    ),
  );
}

interface Run {
  readonly violations: readonly string[];
  readonly losses: number;
  readonly unrecorded: number;
}

async function play({ call, error, at }: Refusal, template: Template): Promise<Run> {
  using folder = faultFolder();
  template.copyTo(folder.path);
  const child = startChild([
    ...tracing(`${call}:error=${error}:when=${at}`, storeFiles(join(folder.path, "agent.sqlite"))),
    process.execPath,
    childPath("supervised.ts"),
    ...[folder.path, "x", "30", "20", "0", String(badMs + backWithinMs)],
  ]);
  await Promise.race([child.ended, sleep(badMs)]);
  await dismissTracer(child.pid);
  const { acks, unrecorded, lines } = await child.ended;
  const found = [
    ...judgeFolder(folder.path, [...template.acks, ...acks]),
    ...lines.filter((line) => line.startsWith("stderr:")),
    ...(lines.includes("done") ? [] : [`not back ${backWithinMs} ms after the disk was good again`]),
  ];
  return {
    violations: found.map((said) => `${error} on ${call} ${at}: ${said}`),
    losses: lines.filter((line) => line.startsWith("lost ")).length,
    unrecorded: unrecorded.length,
  };
}

/** A disk that says that it wrote a page, and did not: what it loses must be seen. */
async function control(): Promise<ControlResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  using folder = faultFolder();
  // The first write is the log's header, then come a frame's header and its page, by turns.
  const lying = tracing("pwrite64:retval=4096:when=31+2", [join(folder.path, "careless.sqlite-wal")]);
  const command = [process.execPath, childPath("careless.ts"), folder.path, "x", "30"];
  const { acks } = await startChild([...lying, ...command]).ended;
  return caughtBy(judgeCareless(folder.path, acks));
}
