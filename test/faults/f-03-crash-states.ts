import { type Ack, childPath } from "./acks.ts";
import { judgeCareless } from "./careless.ts";
import { explore, recordProgram } from "./explore.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { judgeFolder } from "./judge.ts";
import { tracerMissing } from "./tracer.ts";

export const crashStates: Fault = {
  id: "F-03",
  title:
    "every state that a disk may be in after a power cut, from a log of all writes: everything acknowledged is there",
  run,
  control,
};

/** From small on enough for the log to be copied into the database and begun again; closing copies it in any case. */
const presentations = { demo: 30, small: 160, large: 160 } as const;

async function run(size: Size): Promise<FaultResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  const states = bySize(size, { demo: 2_000, small: 20_000, large: 500_000 });
  const events = recordProgram(childPath("present.ts"), ["x", "2", String(bySize(size, presentations)), "60"]);
  const explored = await explore(events, states, (folder, told) => judgeFolder(folder, acksIn(told)));
  const points = events.filter(({ kind }) => kind !== "told").length;
  return {
    outcome: "played",
    counts: { states: explored.states, "disk calls": points },
    violations: explored.violations,
  };
}

/** The library's own default must be seen to lose what it acknowledged. */
async function control(): Promise<ControlResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  const events = recordProgram(childPath("careless.ts"), ["x", "20"]);
  const explored = await explore(events, 200, (folder, told) => judgeCareless(folder, acksIn(told)));
  return caughtBy(explored.violations);
}

function acksIn(told: readonly string[]): readonly Ack[] {
  return told.flatMap((line) => {
    const [kind, id = "", outcome] = line.split(" ");
    return kind === "A" ? [{ id, outcome: outcome === "accepted" ? "accepted" : "rejected" }] : [];
  });
}
