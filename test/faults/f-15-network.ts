import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type BadLine, type LineState, startBadLine } from "./bad-line.ts";
import { dice } from "./dice.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, type Shown, show } from "./guests.ts";
import { judgeAll } from "./judge-ledger.ts";
import { openSite, type Site } from "./site.ts";
import { drainedMs, started } from "./uploads.ts";

export const badNetwork: Fault = {
  id: "F-15",
  title:
    "the line is slow, half-open, reset in the middle of answers, gone and back: guests notice nothing, and all arrives",
  run,
  control,
};

/** A guest waits for the disk and for nothing else; generous, because other things run beside. */
const mostDecisionMs = 2_000;
const mostDrainMs = 60_000;
/** Between one guest and the next. */
const everyMs = 10;
const mostMoreDescriptors = 12;

async function run(size: Size): Promise<FaultResult> {
  const rounds = bySize(size, { demo: 1, small: 3, large: 40 });
  const lines: BadLine[] = [];
  await using site = await openSite({ line: (port) => lineInto(lines, port) });
  const passes = [...(await site.issue("event_ticket", 20)), ...(await site.issue("membership", 4))];
  const program = await started(site);
  const drawn = dice(rounds);
  const violations: string[] = [];
  const shown: Shown[] = [];
  let slowestDrainMs = 0;
  let next = 0;
  let isOpen = true;
  try {
    const before = descriptorsOf(program.child.pid);
    for (let round = 0; round < rounds && violations.length === 0; round++) {
      isOpen = true;
      const guests = (async () => {
        for (; isOpen; await sleep(everyMs)) shown.push(await show(site, passes[next++ % passes.length]?.text ?? ""));
      })();
      for (const [state, ms] of statesOf(drawn.below(1_000), size)) {
        lines[0]?.become(state);
        await sleep(ms);
      }
      for (let times = 0; times < 10; times++) {
        site.network.cut();
        await sleep(30);
        site.network.restore();
        await sleep(30);
      }
      lines[0]?.become({ kind: "whole" });
      isOpen = false;
      await guests;
      const tookMs = await drainedMs(site, mostDrainMs);
      slowestDrainMs = Math.max(slowestDrainMs, tookMs ?? mostDrainMs);
      if (tookMs === null) violations.push(`round ${round}: scans still waited after ${mostDrainMs} ms`);
    }
    const after = descriptorsOf(program.child.pid);
    if (after - before > mostMoreDescriptors) violations.push(`${after} descriptors at the end, ${before} before`);
    violations.push(...deathOf(program), ...late(shown));
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...(await judgeAll(site, acksOf(shown))));
    const counts = { rounds, scans: shown.length, "ms, slowest decision": slowestOf(shown) };
    return { outcome: "played", counts: { ...counts, "ms, slowest drain": Math.round(slowestDrainMs) }, violations };
  } finally {
    isOpen = false;
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

async function lineInto(lines: BadLine[], port: number): Promise<BadLine> {
  const line = await startBadLine(port);
  lines.push(line);
  return line;
}

/** Half-open for longer than the agent waits for an answer only where there is time for that. */
function statesOf(chance: number, size: Size): readonly (readonly [LineState, number])[] {
  return [
    [{ kind: "slow", bytesPerS: 2_000 }, 700],
    [{ kind: "resets", afterBytes: chance }, 500],
    [{ kind: "silent" }, size === "demo" ? 800 : 30_000],
    [{ kind: "whole" }, 200],
    [{ kind: "silent" }, 200],
    [{ kind: "resets", afterBytes: 0 }, 300],
  ];
}

function late(shown: readonly Shown[]): readonly string[] {
  const unanswered = shown.filter(({ ack }) => ack === null).length;
  const slowest = slowestOf(shown);
  return [
    ...(unanswered === 0 ? [] : [`${unanswered} guests got no answer`]),
    ...(slowest > mostDecisionMs ? [`a decision took ${slowest} ms`] : []),
  ];
}

function slowestOf(shown: readonly Shown[]): number {
  return Math.round(shown.reduce((slowest, { afterMs }) => Math.max(slowest, afterMs), 0));
}

function descriptorsOf(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A terminal that asks its cloud before it answers a guest. */
async function control(): Promise<ControlResult> {
  const askingTheCloud: Pick<Site, "ask"> = {
    async ask() {
      await sleep(mostDecisionMs + 100);
      return { status: 200, body: { id: "scan_1", decision: { outcome: "accepted" } } };
    },
  };
  return caughtBy(late([await show(askingTheCloud, "any")]));
}
