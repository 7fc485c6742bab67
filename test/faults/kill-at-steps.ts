import { join } from "node:path";
import type { Ack } from "./acks.ts";
import { acksOf, letIn, msUntil, show } from "./guests.ts";
import type { IssuedPass, Site } from "./site.ts";
import { traceRunning } from "./tracer.ts";

/** A place on the way of a scan where the agent dies: at its n-th such call from when the tracer has it. */
interface Step {
  readonly between: string;
  readonly call: "pwrite64" | "fsync";
  readonly file: "agent.sqlite-wal" | "agent.sqlite.mark";
  readonly at: number;
}

/** The same calls are made for a decision, for a batch before it is sent, and for its acknowledgement. */
const steps: readonly Step[] = [
  { between: "decide and commit", call: "pwrite64", file: "agent.sqlite-wal", at: 1 },
  { between: "the pages of one commit", call: "pwrite64", file: "agent.sqlite-wal", at: 4 },
  { between: "the last page and its sync", call: "fsync", file: "agent.sqlite-wal", at: 1 },
  { between: "commit and answer", call: "pwrite64", file: "agent.sqlite.mark", at: 1 },
  { between: "one commit and the next", call: "pwrite64", file: "agent.sqlite-wal", at: 9 },
  { between: "the next and its sync", call: "fsync", file: "agent.sqlite-wal", at: 2 },
  { between: "the sync after that", call: "fsync", file: "agent.sqlite-wal", at: 3 },
  { between: "the next and its answer", call: "pwrite64", file: "agent.sqlite.mark", at: 2 },
];

const patienceMs = 4_000;

export interface Steps {
  readonly acks: readonly Ack[];
  /** Agents that died at the chosen step, and how many should have. */
  readonly died: number;
  readonly chosen: number;
}

/** Kills the agent at every step of a decision while it is offline, and at every step of an upload. */
export async function killAtSteps(site: Site, passes: readonly IssuedPass[]): Promise<Steps> {
  const acks: Ack[] = [];
  let died = 0;
  for (const step of steps) {
    for (const phase of ["decision", "upload"] as const) {
      const one = await killAtStep(site, passes, step, phase);
      acks.push(...one.acks);
      died += one.died ? 1 : 0;
    }
  }
  return { acks, died, chosen: 2 * steps.length };
}

async function killAtStep(
  site: Site,
  passes: readonly IssuedPass[],
  { call, file, at }: Step,
  phase: "decision" | "upload",
): Promise<{ readonly acks: readonly Ack[]; readonly died: boolean }> {
  let next = 0;
  const text = (): string => passes[next++ % passes.length]?.text ?? "";
  site.network.cut();
  const program = site.start();
  const hasEnded = (): boolean => program.child.signalCode !== null || program.child.exitCode !== null;
  await site.untilReady();
  const before = phase === "upload" ? [await show(site, text()), await show(site, text())] : [];
  const tracer = await traceRunning(program.child.pid ?? 0, `${call}:signal=KILL:when=${at}`, [
    join(site.stateDir, file),
  ]);
  const guests = letIn(site, phase === "decision" ? 2 : 0, text);
  if (phase === "upload") {
    site.network.restore();
    await site.ask("POST", "/v1/outbox/send");
  }
  const died = (await msUntil(hasEnded, patienceMs)) !== null;
  program.child.kill("SIGKILL");
  await program.ended;
  await guests.leave();
  await tracer[Symbol.asyncDispose]();
  return { acks: acksOf([...before, ...guests.shown]), died };
}
