import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { askProgram, buildProgram, startProgram } from "../faults/program.ts";
import type { Gate } from "../loop/gate.ts";
import { unitEnvironment, unitFlags } from "../packaging/unit-flags.ts";
import { temporaryFolder } from "../store/harness.ts";
import { type Figure, printFigures } from "./figures.ts";
import { type LargeSite, largeSite } from "./large-site.ts";
import { median, percentile } from "./table.ts";

const scans = 1_000_000;
const passes = 100_000_000;
const lanes = 16;
const starts = 9;
const decisions = 100_000;
const warmUp = 30_000;
const slowDisk = fileURLToPath(new URL("./slow-disk.ts", import.meta.url));

/** A terminal with a million scans behind it: how long one more takes, how fast it starts, how much memory it needs. */
export async function benchDurable(): Promise<boolean> {
  const slow = timeSlowDisk();
  await using site = await largeSite({ scans, passes });
  const paced = await timePaced(site);
  const program = await timeProgram(site);
  const figures: readonly Figure[] = [
    ...slow,
    ...paced,
    ...program,
    { name: "a scan in the journal", value: site.scanRowBytes, unit: "bytes", most: 810 },
  ];
  return printFigures(
    `Durable decision (${scans.toLocaleString("en")} scans and used passes, a list of ${passes.toLocaleString("en")})`,
    figures,
  );
}

/** Syncs take 0.1 ms longer, as on a quick disk that really syncs, and 5 ms, as on a flash card. */
function timeSlowDisk(): readonly Figure[] {
  if (!existsSync("/usr/bin/strace")) {
    console.log("\n! skipped: a slow disk: strace is not installed");
    return [];
  }
  const quick = onSlowDisk(100);
  const slow = onSlowDisk(5_000);
  return [
    { name: "syncs 0.1 ms longer: one lane, of a bare commit's rate", value: quick.oneLane, unit: "x", least: 0.4 },
    { name: `  ${lanes} lanes, of a bare commit's rate`, value: quick.manyLanes, unit: "x", least: 2 },
    { name: "syncs 5 ms longer: one lane, of a bare commit's rate", value: slow.oneLane, unit: "x", least: 0.85 },
    { name: `  ${lanes} lanes, of a bare commit's rate`, value: slow.manyLanes, unit: "x", least: 11 },
    { name: "  the API meanwhile, p99", value: slow.apiP99Ms, unit: "ms", most: 50 },
  ];
}

interface SlowDisk {
  readonly oneLane: number;
  readonly manyLanes: number;
  readonly apiP99Ms: number;
}

function onSlowDisk(syncDelayUs: number): SlowDisk {
  const inject = ["-e", "trace=fsync,fdatasync", "-e", `inject=fsync,fdatasync:delay_exit=${syncDelayUs}`];
  const strace = ["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", ...inject, process.execPath];
  const run = spawnSync("strace", [...strace, "--import", "tsx", slowDisk], { encoding: "utf8", timeout: 300_000 });
  if (run.status !== 0) throw new Error(`the slow disk: ${run.stderr.slice(-2_000)}`);
  const found: SlowDisk = JSON.parse(run.stdout);
  return found;
}

/** One presentation after the other with a pause between, beside a bare commit on the same disk with the same pause. */
async function timePaced({ gate, databaseFile }: LargeSite): Promise<readonly Figure[]> {
  await gate.restart();
  await gate.trusted();
  const text = await acceptedPass(gate);
  gate.network.cut();
  const bare = new Database(join(gate.folder, "bare.sqlite"));
  bare.pragma("journal_mode = WAL");
  bare.pragma("synchronous = FULL");
  bare.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
  const insert = bare.prepare("INSERT INTO t (text) VALUES (?)");
  const row = "x".repeat(1_200);
  const bareMs: number[] = [];
  const ownMs: number[] = [];
  const lanesMs: number[] = [];
  const timed = async (times: number[], run: () => unknown): Promise<void> => {
    const startedAt = performance.now();
    await run();
    times.push(performance.now() - startedAt);
  };
  for (let i = 0; i < 1_000; i++) {
    await timed(bareMs, () => insert.run(row));
    await sleep(2);
    await timed(ownMs, () => gate.present(text));
    await sleep(2);
  }
  for (let i = 0; i < 200; i++) {
    await Promise.all(Array.from({ length: lanes }, () => timed(lanesMs, () => gate.present(text))));
    await sleep(5);
  }
  bare.close();
  await gate.agent.stop();
  // The figures are of this store, not of one that was set aside on the way.
  const database = new Database(databaseFile, { readonly: true });
  const rows = database.prepare<[], number>("SELECT count(*) FROM scans").pluck().get() ?? 0;
  database.close();
  if (rows < scans) throw new Error(`the store has ${rows} scans`);
  const [p50, p99] = [percentile(bareMs, 0.5), percentile(bareMs, 0.99)];
  return [
    { name: "a bare commit, p50", value: p50, unit: "ms" },
    { name: "a bare commit, p99", value: p99, unit: "ms" },
    { name: "presentation to durable decision, p50", value: percentile(ownMs, 0.5), unit: "ms" },
    { name: "  of a bare commit's p50", value: percentile(ownMs, 0.5) / p50, unit: "x", most: 3.5 },
    { name: "presentation to durable decision, p99", value: percentile(ownMs, 0.99), unit: "ms", most: 8 },
    { name: "  of a bare commit's p99", value: percentile(ownMs, 0.99) / p99, unit: "x", most: 5 },
    { name: `${lanes} lanes at the same moment, p99`, value: percentile(lanesMs, 0.99), unit: "ms", most: 15 },
  ];
}

/** The bundled program, started as a unit starts it. */
async function timeProgram({ gate }: LargeSite): Promise<readonly Figure[]> {
  using folder = temporaryFolder();
  const entry = await buildProgram(folder.path);
  const configFile = join(gate.folder, "agent.toml");
  const socket = join(gate.folder, "run", "api.sock");
  const readyMs: number[] = [];
  const firstMs: number[] = [];
  const stop = async (program: ReturnType<typeof startProgram>): Promise<void> => {
    program.child.kill("SIGTERM");
    await program.ended;
  };
  const begin = async () => {
    const startedAt = performance.now();
    const as = { node: unitFlags(), wrap: ["env", ...unitEnvironment()] };
    const program = startProgram(entry, ["run", "--config", configFile], as);
    while ((await askProgram(socket, "GET", "/v1/ping", null)) === null) {
      if (program.child.exitCode !== null) throw new Error((await program.ended).said);
      await sleep(2);
    }
    return { program, ms: performance.now() - startedAt };
  };
  for (let i = -1; i < starts; i++) {
    const { program, ms } = await begin();
    const openedAt = performance.now();
    await askProgram(socket, "POST", "/v1/sim/present", { payload: "foreign text" });
    if (i >= 0) {
      readyMs.push(ms);
      firstMs.push(performance.now() - openedAt);
    }
    await stop(program);
  }
  const { program } = await begin();
  const ready = residentBytes(program.child.pid);
  const present = async (count: number): Promise<void> => {
    const lane = async () => {
      for (let i = 0; i < count / lanes; i++) {
        const answer = await askProgram(socket, "POST", "/v1/sim/present", { payload: `foreign text ${i}` });
        if (answer === null || answer.status >= 300) throw new Error(`present answered ${JSON.stringify(answer)}`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
  // The heap has its working size after some ten thousand decisions.
  await present(warmUp);
  const before = residentBytes(program.child.pid);
  await present(decisions);
  const after = residentBytes(program.child.pid);
  await stop(program);
  return [
    { name: "exec to ready, warm", value: median(readyMs), unit: "ms", most: 300 },
    { name: "ready to the first decision", value: median(firstMs), unit: "ms", most: 60 },
    { name: "resident memory when ready", value: ready / 1e6, unit: "MB", most: 130 },
    { name: `  after ${warmUp.toLocaleString("en")} decisions`, value: before / 1e6, unit: "MB" },
    {
      name: `  more after ${decisions.toLocaleString("en")} further ones`,
      value: (after - before) / 1e6,
      unit: "MB",
      most: 5,
    },
  ];
}

/** One in a hundred is revoked from birth here. */
async function acceptedPass(gate: Gate): Promise<string> {
  for (;;) {
    const { text } = await gate.issue("membership");
    if ((await gate.present(text)).decision.outcome === "accepted") return text;
  }
}

/** `VmRSS` of `/proc/<pid>/status` (proc(5)), bytes. */
function residentBytes(pid: number | undefined): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}
