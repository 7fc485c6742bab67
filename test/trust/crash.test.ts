import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { must } from "../agent/samples.ts";
import { temporaryFolder } from "../store/harness.ts";
import { stateBreaks, stateIn } from "./update-state.ts";

const program = fileURLToPath(new URL("./update-loop.ts", import.meta.url));
const kills = 40;
/** Some ten updates happen in this time. */
const longestMs = 150;

/** Two terminals at a time: a start takes longer than everything else here. */
const terminals = 2;

test("kill -9 at any point of an update leaves the old or the new state, whole", async () => {
  const ends = await Promise.allSettled(Array.from({ length: terminals }, (_, at) => killAgainAndAgain(at)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}, 150_000);

async function killAgainAndAgain(terminal: number): Promise<void> {
  using folder = temporaryFolder();
  let stored = 0;
  for (let kill = 0; kill < kills / terminals; kill++) {
    const afterMs = randomInt(longestMs);
    const acknowledged = await runAndKill(folder.path, afterMs);
    const found = await stateIn(folder.path);
    const where = `terminal ${terminal}, kill ${kill} after ${afterMs} ms`;
    expect(stateBreaks(found, Math.max(stored, acknowledged)), where).toEqual([]);
    stored = found.head;
  }
  // Enough updates went through for the kills to have met some; how many depends on the machine.
  expect(stored).toBeGreaterThan(kills / terminals / 4);
}

/** Kills the child so long after it opened the database; answers the last number it had printed, or 0. */
async function runAndKill(folder: string, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
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
  return Number(lines.filter((line) => /^[0-9]+$/.test(line)).at(-1) ?? 0);
}
