import { existsSync } from "node:fs";
import { join } from "node:path";
import { childPath, startChild } from "./acks.ts";
import { judgeCareless } from "./careless.ts";
import { type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { judgeFolder } from "./judge.ts";
import { faultFolder } from "./sandbox-folder.ts";
import { makeTemplate, type Template } from "./template.ts";

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

/** A run that is not done by then has met a disk that fails at every opening: it stays closed, and ends there. */
const patienceMs = 3_500;

async function run(size: Size): Promise<FaultResult> {
  if (!existsSync("/usr/bin/strace")) return { outcome: "skipped", reason: "strace is not installed" };
  using template = await makeTemplate(20);
  const refusals = refusalsFor(size);
  const violations: string[] = [];
  const counts = { runs: refusals.length, "came back": 0, "stayed closed": 0, "not recorded, and said so": 0 };
  for (const refusal of refusals) {
    const result = await play(refusal, template);
    counts[result.cameBack ? "came back" : "stayed closed"] += 1;
    counts["not recorded, and said so"] += result.unrecorded;
    const { call, error, at } = refusal;
    violations.push(...result.violations.map((said) => `${error} on ${call} ${at}: ${said}`));
  }
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

async function play(
  refusal: Refusal,
  template: Template,
): Promise<{ readonly violations: readonly string[]; readonly cameBack: boolean; readonly unrecorded: number }> {
  using folder = faultFolder();
  template.copyTo(folder.path);
  const child = startChild([
    ...injecting(refusal, folder.path),
    process.execPath,
    childPath("supervised.ts"),
    folder.path,
    "x",
    "30",
    "20",
    "0",
    String(patienceMs),
  ]);
  const { acks, unrecorded, lines } = await child.ended;
  const cameBack = lines.includes("done");
  const judged = judgeFolder(folder.path, [...template.acks, ...acks]);
  const crashed = lines.filter((line) => line.startsWith("stderr:"));
  return { violations: [...judged, ...crashed], cameBack, unrecorded: unrecorded.length };
}

/** Only calls to the store's own files are counted and refused: a program has to be loaded before it can fail. */
function injecting({ call, error, at }: Refusal, folder: string): readonly string[] {
  const file = join(folder, "agent.sqlite");
  const paths = ["", "-wal", "-journal", ".mark", ".lock", ".fresh"].flatMap((suffix) => ["-P", file + suffix]);
  const inject = `inject=${call}:error=${error}:when=${at}`;
  const tracer = ["strace", "-f", "-qq", "-o", "/dev/null", ...paths];
  return [...tracer, "-e", `trace=${call}`, "-e", inject];
}

/** A sync that does nothing and says that it did all: what it loses must be seen. */
async function control(): Promise<ControlResult> {
  if (!existsSync("/usr/bin/strace")) return { outcome: "skipped", reason: "strace is not installed" };
  using folder = faultFolder();
  const file = join(folder.path, "careless.sqlite-wal");
  const tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", file, "-e", "trace=pwrite64"];
  // The disk says that it wrote a page, and did not. The first write is the log's header, then come a frame's header and
  // its page, by turns.
  const lying = ["-e", "inject=pwrite64:retval=4096:when=31+2"];
  const command = [process.execPath, childPath("careless.ts"), folder.path, "x", "30"];
  const { acks } = await startChild([...tracer, ...lying, ...command]).ended;
  return caughtBy(judgeCareless(folder.path, acks));
}
