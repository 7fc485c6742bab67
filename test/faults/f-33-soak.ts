import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { unitEnvironment, unitFlags } from "../packaging/unit-flags.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { acksOf, deathOf, letIn, msUntil } from "./guests.ts";
import { judgeSite } from "./judge-site.ts";
import { openSite } from "./site.ts";

export const soak: Fault = {
  id: "F-33",
  title: "scans without a pause while the network comes and goes: memory, descriptors and the log stay bounded",
  run,
  control,
};

/** As systemd/pass-agent.service starts it: without a bound the heap takes what the machine has. */
const nodeOptions = [...unitFlags(), "--trace-gc"];
const sampleEveryMs = 250;
const mostLogBytes = 8 * 1024 * 1024;
/**
 * Between the middle and the last third of the time: what lives after a collection. Resident memory says little, because
 * the engine keeps the room that it once took for short-lived objects.
 */
const mostGrowthBytes = 4 * 1024 * 1024;
const mostMoreDescriptors = 12;

interface Sample {
  /** What lived after the newest full collection of each thread. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly descriptors: number;
  readonly logBytes: number;
}

async function run(size: Size): Promise<FaultResult> {
  const seconds = bySize(size, { demo: 6, small: 180, large: 2_700 });
  await using site = await openSite();
  const passes = [...(await site.issue("membership", 8)), ...(await site.issue("event_ticket", 40))];
  const program = site.start({ node: nodeOptions, wrap: ["env", ...unitEnvironment()] });
  const pid = program.child.pid ?? 0;
  const heap = watchHeap(program.child.stdout);
  const samples: Sample[] = [];
  const violations: string[] = [];
  let next = 0;
  let cuts = 0;
  try {
    if (!(await site.untilReady())) throw new Error("the agent did not get ready");
    const writtenBefore = writtenBytes(pid);
    const guests = letIn(site, 4, () => passes[next++ % passes.length]?.text ?? "");
    const until = performance.now() + seconds * 1_000;
    for (let at = 0; performance.now() < until; at++) {
      samples.push(sampleOf(pid, join(site.stateDir, "agent.sqlite-wal"), heap()));
      if (at % 12 === 4) {
        site.network.cut();
        cuts += 1;
      }
      if (at % 12 === 8) site.network.restore();
      await sleep(sampleEveryMs);
    }
    await guests.leave();
    const acks = acksOf(guests.shown);
    const written = writtenBytes(pid) - writtenBefore;
    violations.push(...deathOf(program), ...growth(samples));
    program.child.kill("SIGTERM");
    await program.ended;
    violations.push(...judgeSite(site, acks));
    return { outcome: "played", counts: figures(samples, { scans: acks.length, cuts, written }), violations };
  } finally {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

function figures(
  samples: readonly Sample[],
  { scans, cuts, written }: { readonly scans: number; readonly cuts: number; readonly written: number },
): Readonly<Record<string, number>> {
  const [middle, last] = thirds(samples);
  return {
    scans,
    "network cuts": cuts,
    "bytes written a scan": Math.round(written / Math.max(1, scans)),
    "longest log, KiB": Math.round(Math.max(...samples.map(({ logBytes }) => logBytes)) / 1024),
    "heap at the end, MiB": Math.round(last.heapBytes / 2 ** 20),
    "its growth, KiB": Math.round((last.heapBytes - middle.heapBytes) / 2 ** 10),
    "resident, MiB": Math.round(last.residentBytes / 2 ** 20),
    descriptors: last.descriptors,
  };
}

function growth(samples: readonly Sample[]): readonly string[] {
  const [middle, last] = thirds(samples);
  const more = last.heapBytes - middle.heapBytes;
  const log = Math.max(...samples.map(({ logBytes }) => logBytes));
  return [
    ...(more > mostGrowthBytes ? [`memory grew by ${Math.round(more / 2 ** 20)} MiB`] : []),
    ...(last.descriptors - middle.descriptors > mostMoreDescriptors
      ? [`${last.descriptors} descriptors at the end, ${middle.descriptors} before`]
      : []),
    ...(log > mostLogBytes ? [`the database's log grew to ${Math.round(log / 2 ** 20)} MiB`] : []),
  ];
}

/** Medians of the middle and of the last third of the time; the first is for warming up. */
function thirds(samples: readonly Sample[]): readonly [Sample, Sample] {
  const third = Math.floor(samples.length / 3);
  const median = (part: readonly Sample[], of: (sample: Sample) => number): number =>
    part.map(of).toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  const middleOf = (part: readonly Sample[]): Sample => ({
    heapBytes: median(part, (one) => one.heapBytes),
    residentBytes: median(part, (one) => one.residentBytes),
    descriptors: median(part, (one) => one.descriptors),
    logBytes: median(part, (one) => one.logBytes),
  });
  return [middleOf(samples.slice(third, 2 * third)), middleOf(samples.slice(2 * third))];
}

/** Reads the lines of --trace-gc: `[pid:isolate] … Mark-Compact 55.3 (155.5) -> 16.9 (153.4) MB`. */
function watchHeap(stdout: Readable | null): () => number {
  const alive = new Map<string, number>();
  stdout?.on("data", (part: Buffer) => {
    for (const [, isolate = "", megabytes] of part.toString().matchAll(collection)) {
      alive.set(isolate, Number(megabytes) * 2 ** 20);
    }
  });
  return () => [...alive.values()].reduce((sum, bytes) => sum + bytes, 0);
}

const collection = /\[\d+:(\w+)\][^\n]*Mark-Compact[^\n]* -> ([\d.]+) /g;

function sampleOf(pid: number, log: string, heapBytes: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    heapBytes,
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    logBytes: existsSync(log) ? statSync(log).size : 0,
  };
}

/** Sent to the disk by the program so far (proc_pid_io(5)). */
function writtenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
}

/** A program that keeps what it should let go of. */
async function control(): Promise<ControlResult> {
  const leak =
    'const fs = require("node:fs"); globalThis.kept = []; console.log("open");' +
    'setInterval(() => { kept.push(Array(2e5).fill(0.5), fs.openSync("/dev/null")); gc(); }, 20);';
  const child = spawn(process.execPath, ["--trace-gc", "--expose-gc", "-e", leak], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const heap = watchHeap(child.stdout);
  await msUntil(() => heap() > 0, 10_000);
  const samples: Sample[] = [];
  for (let at = 0; at < 12; at++) {
    samples.push(sampleOf(child.pid ?? 0, "", heap()));
    await sleep(60);
  }
  child.kill("SIGKILL");
  await ended;
  return caughtBy(growth(samples));
}
