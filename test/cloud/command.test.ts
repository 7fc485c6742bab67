import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { merchantClient } from "../../fixtures/cloud/index.ts";
import { eventually } from "./harness.ts";

let folder: string;
const started = new Set<ChildProcess>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sandbox-command-"));
});
afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, ["fixtures/cloud/main.ts", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  started.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += String(part)));
  const ended = once(child, "exit").then(([code]) => {
    started.delete(child);
    return typeof code === "number" ? code : null;
  });
  return { child, output: () => text, ended };
}

async function legend(sandbox: Run): Promise<{ url: string; secretKey: string }> {
  await eventually(sandbox.output).toContain("Ctrl-C");
  const [, url = "", secretKey = ""] = /sandbox +(\S+)\nsecret key +(\S+)\n/.exec(sandbox.output()) ?? [];
  return { url, secretKey };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "the command prints where it is and how to use it, and %s stops it cleanly",
  async (signal) => {
    const sandbox = run("--port", "0", "--database", join(folder, `${signal}.db`));
    const { url, secretKey } = await legend(sandbox);
    const { id } = await merchantClient({ url, secretKey }).createTemplate({ name: "A", kind: "coupon" });
    expect(id).toMatch(/^tpl_/);
    expect(sandbox.output().match(/^curl /gm)?.length).toBe(2);
    sandbox.child.kill(signal);
    expect(await sandbox.ended).toBe(0);
  },
);

test("what was made is there after kill -9", async () => {
  const file = join(folder, "killed.db");
  const first = run("--port", "0", "--database", file);
  const before = await legend(first);
  const { id } = await merchantClient(before).createTemplate({ name: "A", kind: "coupon" });
  first.child.kill("SIGKILL");
  await first.ended;
  const second = run("--port", "0", "--database", file);
  const after = await legend(second);
  expect(after.secretKey).toBe(before.secretKey);
  expect((await merchantClient(after).request("GET", `/v1/pass_templates/${id}`))["id"]).toBe(id);
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);
});

test("a taken port is an error that names its holder", async () => {
  const first = run("--port", "0", "--database", join(folder, "holder.db"));
  const { url } = await legend(first);
  const port = new URL(url).port;
  const second = run("--port", port, "--database", join(folder, "late.db"));
  expect(await second.ended).toBe(69);
  expect(second.output()).toContain(`port ${port} of 127.0.0.1 is held by process ${first.child.pid} (`);
  expect(second.output()).toContain("[port_taken]");
  first.child.kill("SIGTERM");
  await first.ended;
});

test("a file that is no database is an error that names it", async () => {
  const file = join(folder, "text.db");
  await writeFile(file, "this is certainly not a database\n".repeat(100));
  const sandbox = run("--port", "0", "--database", file);
  expect(await sandbox.ended).toBe(69);
  expect(sandbox.output()).toContain(`cannot use ${file} as the sandbox's database`);
});

test.each([
  [["--port", "x"], "--port takes a number"],
  [["--prot", "1"], "npm run sandbox"],
])("wrong arguments %j are answered with what is right", async (args, said) => {
  const sandbox = run(...args);
  expect(await sandbox.ended).toBe(2);
  expect(sandbox.output()).toContain(said);
});
