import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Bench, openBench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

/** A whole program around `runCli`, as main.ts is one, with a command that waits for input and an agent that writes a line every few milliseconds. */
const program = `
const { processIo, runCli } = await import(${JSON.stringify(new URL("../../agent/cli/index.ts", import.meta.url).href)});
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const run = async (config, io) => {
  while (!io.signal.aborted) {
    await io.stdout.write("tick\\n");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await io.stdout.write("bye\\n");
  return 0;
};
const io = processIo(stop.signal, Date.now);
// Stands for any command that waits for input.
const rotateKey = async () => {
  for await (const line of io.stdin) await io.stdout.write("read " + line);
};
process.exitCode = await runCli(process.argv.slice(1), io, { version: "0.1.0", run, rotateKey });
`;

function start(argv: readonly string[], stdout: "pipe" | number = "pipe") {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...argv], {
    env: { ...process.env, PASS_AGENT_CONFIG: bench.config, NO_COLOR: "" },
    stdio: ["pipe", stdout, "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    err += String(chunk);
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
  return { child, ended };
}

test("a signal ends a command in order", async () => {
  const { child, ended } = start(["run"]);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  expect(await ended).toMatchObject({ code: 0, out: expect.stringMatching(/^(tick\n)+bye\n$/), err: "" });
});

test("a signal ends a command that waits for more input", async () => {
  const { child, ended } = start(["key", "rotate"]);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  child.stdin?.write("half a line");
  expect(await ended).toEqual({
    code: 130,
    out: "read half a line",
    err: "pass-agent: interrupted. Nothing was changed. [interrupted]\n",
  });
});

test("a reader that closes the pipe ends the program quietly", async () => {
  const { child, ended } = start(["run"]);
  child.stdout?.once("data", () => child.stdout?.destroy());
  expect(await ended).toMatchObject({ code: 0, err: "" });
});

test("a line from a scanner that types is enough: standard input stays open", async () => {
  const { child, ended } = start(["enroll", "-"]);
  child.stdin?.write("7K2M-9QXU\n");
  expect(await ended).toMatchObject({ code: 2, err: expect.stringContaining('cannot hold "U"') });
});

test("answers go to stdout, faults to stderr, and a pipe gets no colour", async () => {
  expect(await start(["config", "check"]).ended).toEqual({
    code: 0,
    out: `${bench.config}: good. sandbox, 1 lane, 1 reader.\n`,
    err: "",
  });
  expect(await start(["config", "chek"]).ended).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringContaining("[bad_usage]"),
  });
});

test("an answer that a full disk did not keep is a failure", async () => {
  const full = openSync("/dev/full", "w");
  const { ended } = start(["config", "check"], full);
  closeSync(full);
  expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining("[ENOSPC]") });
});
