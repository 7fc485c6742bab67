import { type Ack, childPath } from "./acks.ts";
import { judgeCareless } from "./careless.ts";
import { CrashDisk, crashKinds } from "./crash-disk.ts";
import { canRecord, type DiskEvent, recordDisk, recordingFolder } from "./crash-log.ts";
import { dice } from "./dice.ts";
import {
  bySize,
  type ControlResult,
  caughtBy,
  type Fault,
  type FaultResult,
  mostViolations,
  type Size,
} from "./fault.ts";
import { judgeFolder } from "./judge.ts";
import { faultFolder } from "./sandbox-folder.ts";

export const crashStates: Fault = {
  id: "F-03",
  title:
    "every state that a disk may be in after a power cut, from a log of all writes: everything acknowledged is there",
  run,
  control,
};

/** Enough presentations for the log to be copied into the database and begun again. */
const presentations = 160;

async function run(size: Size): Promise<FaultResult> {
  if (!canRecord()) return { outcome: "skipped", reason: "strace is not installed" };
  const states = bySize(size, { demo: 2_000, small: 20_000, large: 500_000 });
  const events = record([childPath("present.ts")], ["x", "2", String(presentations), "60"]);
  const explored = explore(events, states, judgeFolder);
  const points = events.filter(({ kind }) => kind !== "told").length;
  return {
    outcome: "played",
    counts: { states: explored.states, "disk calls": points },
    violations: explored.violations,
  };
}

/** The library's own default must be seen to lose what it acknowledged. */
async function control(): Promise<ControlResult> {
  if (!canRecord()) return { outcome: "skipped", reason: "strace is not installed" };
  const events = record([childPath("careless.ts")], ["x", "20"]);
  return caughtBy(explore(events, 200, judgeCareless).violations);
}

function record(command: readonly string[], args: readonly string[]): readonly DiskEvent[] {
  using folder = recordingFolder();
  return recordDisk([process.execPath, ...command, folder.path, ...args], folder.path);
}

/** Plays the log up to points spread evenly over it, and crashes there in every way. */
function explore(
  events: readonly DiskEvent[],
  wanted: number,
  judge: (folder: string, acks: readonly Ack[]) => readonly string[],
): { readonly states: number; readonly violations: readonly string[] } {
  const disk = new CrashDisk();
  const drawn = dice(wanted);
  const acks: Ack[] = [];
  const violations: string[] = [];
  let states = 0;
  for (const [at, event] of events.entries()) {
    disk.apply(event);
    if (event.kind === "told") acks.push(...ackOf(event.line));
    const due = Math.floor((wanted * (at + 1)) / events.length);
    for (; states < due && violations.length < mostViolations; states++) {
      const kind = crashKinds[states % crashKinds.length] ?? "nothing";
      using folder = faultFolder("memory");
      disk.crashInto(folder.path, kind, drawn);
      violations.push(...judge(folder.path, acks).map((said) => `after call ${at} (${event.kind}), ${kind}: ${said}`));
    }
  }
  return { states, violations };
}

function ackOf(line: string): readonly Ack[] {
  return line.split("\n").flatMap((one) => {
    const [kind, id = "", outcome] = one.split(" ");
    return kind === "A" ? [{ id, outcome: outcome === "accepted" ? "accepted" : "rejected" }] : [];
  });
}
