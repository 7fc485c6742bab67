import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore } from "../../agent/store/index.ts";
import { must } from "../agent/samples.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";

const program = fileURLToPath(new URL("./present-loop.ts", import.meta.url));

/** Runs the child under strace and counts the syncs of its files. */
function countSyncs(command: readonly string[]): number {
  const [strace = "", ...rest] = [
    "strace",
    "-f",
    "-qq",
    "-e",
    "trace=fsync,fdatasync",
    "-e",
    "signal=none",
    ...command,
  ];
  const run = spawnSync(strace, rest, { encoding: "utf8", timeout: 60_000 });
  expect(run.status, run.stderr.slice(-2_000)).toBe(0);
  return run.stderr.split("\n").filter((line) => /f(data)?sync\(/.test(line)).length;
}

const normalCommits = `
  const Database = require("better-sqlite3");
  const database = new Database(process.argv[1]);
  database.pragma("journal_mode = WAL");
  database.exec("CREATE TABLE t (a)");
  for (let i = 0; i < Number(process.argv[2]); i++) database.prepare("INSERT INTO t VALUES (?)").run(i);
`;

describe("durable before visible", () => {
  test.skipIf(!existsSync("/usr/bin/strace"))(
    "every commit is synced to the disk: counted, because the pragma lies",
    () => {
      const commits = (count: number): number => {
        using folder = temporaryFolder();
        return countSyncs([process.execPath, program, folder.path, "x", String(count), "0"]);
      };
      expect(commits(60) - commits(10)).toBe(50);
    },
  );

  test.skipIf(!existsSync("/usr/bin/strace"))(
    "control: the library's own default does not sync commits under WAL",
    () => {
      using folder = temporaryFolder();
      const commits = (count: number): number =>
        countSyncs([process.execPath, "-e", normalCommits, `${folder.path}/n${count}.sqlite`, String(count)]);
      expect(commits(60) - commits(10)).toBeLessThan(5);
    },
  );

  test("kill -9 at any moment: nothing acknowledged is lost, no used pass is good again", async () => {
    using folder = temporaryFolder();
    const acknowledged = new Map<string, number>();
    const cycles = 25;
    for (let cycle = 0; cycle < cycles; cycle++) {
      const firstIndex = cycle * 100_000;
      for (const id of await runAndKill(folder.path, `c${cycle}`, firstIndex, 20 + ((cycle * 37) % 120))) {
        acknowledged.set(id, firstIndex + Number(id.split("_").at(-1)));
      }
    }
    expect(acknowledged.size).toBeGreaterThan(cycles);
    const store = await openStore(writerOptions(folder.path));
    const records = await store.ask("events", { limit: 1_000_000, afterSequence: 0, passId: null });
    const stored = new Set(records.map((record) => record.id));
    expect([...acknowledged.keys()].filter((id) => !stored.has(id))).toEqual([]);
    expect(stored.size).toBe(records.length);
    expect(records.every((record, at) => record.prev_hash === (records[at - 1]?.hash ?? record.prev_hash))).toBe(true);
    const sample = [...acknowledged].filter((_, at) => at % 50 === 0);
    for (const [id, index] of sample) {
      const again = await store.ask("present", presented(`scan_again_${id}`, index));
      expect(again.outcome === "recorded" && again.record.decision.reason).toBe("already_redeemed");
    }
    await store.close();
    const database = new Database(writerOptions(folder.path).file);
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    database.close();
  });
});

/** Kills the child `afterMs` after its store is open; answers the scan ids it had acknowledged. */
async function runAndKill(
  folder: string,
  prefix: string,
  firstIndex: number,
  afterMs: number,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, folder, prefix, "100000", String(firstIndex)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  must(child.stdout).on("data", (part: Buffer) => {
    output += part.toString();
    opened.resolve();
  });
  child.on("close", () => {
    opened.resolve();
    closed.resolve();
  });
  await opened.promise;
  setTimeout(() => child.kill("SIGKILL"), afterMs);
  await closed.promise;
  const lines = output.slice(0, output.lastIndexOf("\n")).split("\n");
  return lines.filter((line) => line.endsWith(" ok")).map((line) => line.split(" ")[0] ?? "");
}
