import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigFault, loadConfig } from "../../agent/config/index.ts";
import { configOf, smallest } from "./samples.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const file = () => join(folder, "agent.toml");

async function faultOf(path: string): Promise<ConfigFault> {
  const outcome = await loadConfig(path).catch((error: unknown) => error);
  if (outcome instanceof ConfigFault) return outcome;
  throw new Error("expected a ConfigFault", { cause: outcome });
}

test("a file is read, and paths in it are relative to its folder", async () => {
  writeFileSync(file(), `\uFEFFstate_dir = "state"\n${smallest}`, { mode: 0o640 });
  expect(configOf(await loadConfig(file())).stateDir).toBe(join(folder, "state"));
});

test("mistakes come back as values", async () => {
  writeFileSync(file(), "environment = 1\n");
  const reading = await loadConfig(file());
  expect("mistakes" in reading && reading.mistakes.map((mistake) => mistake.path)).toEqual([
    "environment",
    "cloud.url",
    "lane",
    "reader",
  ]);
});

test("a file that everyone may write is refused, with its mode", async () => {
  writeFileSync(file(), smallest);
  chmodSync(file(), 0o666);
  const fault = await faultOf(file());
  expect(fault).toMatchObject({
    code: "config_world_writable",
    message: `Everyone may change the configuration ${file()} (mode 0666)`,
    remedy: `Look through it, then run: chmod o-w ${file()}`,
  });
});

test.each<readonly [string, string, (path: string) => void]>([
  ["no file", "config_missing", () => undefined],
  ["a dangling link", "config_missing", (path) => symlinkSync("nowhere", path)],
  ["a folder", "config_not_a_file", (path) => mkdirSync(path)],
  ["a named pipe, without waiting for a writer", "config_not_a_file", (path) => execFileSync("mkfifo", [path])],
  ["a device", "config_not_a_file", (path) => symlinkSync("/dev/zero", path)],
  ["bytes that are no text", "config_not_text", (path) => writeFileSync(path, Buffer.from([0x23, 0xff, 0xfe]))],
  ["more than 256 KiB", "config_too_large", (path) => writeFileSync(path, "#".repeat(256 * 1024 + 1))],
])("%s is the fault %s", async (_, code, make) => {
  make(file());
  const fault = await faultOf(file());
  expect(fault.code).toBe(code);
  expect(fault.message).toContain(file());
  expect(fault.remedy).not.toBe("");
});

/** Unprivileged for the length of one call: root may read everything. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

test("a file this user may not read is the fault config_forbidden", async () => {
  writeFileSync(file(), smallest, { mode: 0o000 });
  expect((await asNobody(() => faultOf(file()))).code).toBe("config_forbidden");
});
