import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, expect, type TestContext, test } from "vitest";
import { buildNotifyAddon } from "../../scripts/build/addon.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const arrivalLimitMs = 5000;

let folder = "";
let leftOut: string | null = null;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-notify-"));
  const entryPoints = [join(root, "agent", "notify.ts")];
  for (const name of ["with", "without", "damaged"]) {
    mkdirSync(join(folder, name));
    const outfile = join(folder, name, "notify.mjs");
    await build({ entryPoints, outfile, bundle: true, format: "esm", platform: "node", logLevel: "silent" });
  }
  writeFileSync(join(folder, "damaged", "notify.node"), "not a shared object");
  const result = buildNotifyAddon(root, join(folder, "with", "notify.node"));
  if (result.outcome === "failed") throw new Error(result.output);
  if (result.outcome === "left_out") leftOut = result.reason;
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `calls` on a notifier in a Node of its own: what it logged and what the calls said. */
async function notify(place: "with" | "without" | "damaged", env: Readonly<Record<string, string>>, calls: string) {
  const program = `
    import { systemdNotifier } from ${JSON.stringify(pathToFileURL(join(folder, place, "notify.mjs")).href)};
    const logged = [];
    const level = (name) => (event, fields) => logged.push({ level: name, event, ...fields });
    const log = { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
    const notifier = systemdNotifier(${JSON.stringify(env)}, log);
    ${calls}
    console.log(JSON.stringify({ logged, watchdogMs: notifier.watchdogMs }));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 10_000,
  });
  const chunks: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  const answer: { readonly logged: readonly Record<string, string>[]; readonly watchdogMs: number | null } = JSON.parse(
    chunks.join(""),
  );
  return answer;
}

/** A real datagram socket, as systemd has one. What it receives is put end to end. */
async function receive(
  context: TestContext,
  kind: string,
  name: string,
): Promise<{ child: ChildProcess; text(): string }> {
  if (leftOut !== null) skip(context, leftOut);
  const child = spawn("socat", ["-u", `${kind}:${name}`, "STDOUT"], { stdio: ["ignore", "pipe", "inherit"] });
  const failure = await Promise.race([once(child, "error"), once(child, "spawn")]);
  if (failure.length > 0) skip(context, "socat is not here (as root: apt-get install -y socat)");
  children.push(child);
  const chunks: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  // The kernel's list of Unix sockets shows both kinds.
  await until(() => readFileSync("/proc/net/unix", "utf8").includes(name));
  return { child, text: () => chunks.join("") };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition() && waitedMs < arrivalLimitMs; waitedMs += 20) await delay(20);
}

function skip(context: TestContext, reason: string): never {
  console.log(`! skipped: ${context.task.name}: ${reason}`);
  return context.skip(reason);
}

test.for([
  { where: "a path", kind: "UNIX-RECV", prefix: "" },
  { where: "an abstract name", kind: "ABSTRACT-RECV", prefix: "@" },
])("systemd is told of readiness, state, life and end at $where", async ({ kind, prefix }, context) => {
  const name = prefix === "" ? join(folder, "notify.sock") : `pass-agent-test-${process.pid}`;
  const receiver = await receive(context, kind, name);
  const env = { NOTIFY_SOCKET: `${prefix}${name}`, WATCHDOG_USEC: "30000000" };
  const calls = 'notifier.ready(); notifier.status("2 lanes"); notifier.watchdog(); notifier.stopping();';
  expect(await notify("with", env, calls)).toEqual({ logged: [], watchdogMs: 30_000 });
  const said = "READY=1STATUS=2 lanesWATCHDOG=1STOPPING=1";
  await until(() => receiver.text().length >= said.length);
  expect(receiver.text()).toBe(said);
});

test("a status stays one line of 200 characters, whatever is in it", async (context) => {
  const path = join(folder, "status.sock");
  const receiver = await receive(context, "UNIX-RECV", path);
  await notify("with", { NOTIFY_SOCKET: path }, 'notifier.status("a\\nSTOPPING=1\\0" + "x".repeat(5000));');
  const said = `STATUS=${`a STOPPING=1 ${"x".repeat(5000)}`.slice(0, 200)}`;
  await until(() => receiver.text().length >= said.length);
  expect(receiver.text()).toBe(said);
});

test("without systemd nothing is sent, said or pinged", async () => {
  const calls = 'notifier.ready(); notifier.status("x"); notifier.watchdog(); notifier.stopping();';
  expect(await notify("without", { WATCHDOG_USEC: "30000000" }, calls)).toEqual({ logged: [], watchdogMs: null });
});

test.each(["without", "damaged"] as const)("a notifier %s its addon says so once and carries on", async (place) => {
  const calls = "notifier.ready(); notifier.watchdog(); notifier.watchdog();";
  const { logged, watchdogMs } = await notify(place, { NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: "30000000" }, calls);
  expect(logged).toMatchObject([{ level: "error", event: "systemd_notify_addon_missing" }]);
  expect(watchdogMs).toBeNull();
});

test.for([
  ["nobody listens", "/nowhere/at/all"],
  ["the name is no socket's name", "relative"],
  ["the name is too long for a socket", `/${"x".repeat(300)}`],
])("when %s, that is logged once and nothing is thrown", async ([, socket], context) => {
  if (leftOut !== null) skip(context, leftOut);
  const { logged } = await notify("with", { NOTIFY_SOCKET: socket ?? "" }, "notifier.ready(); notifier.watchdog();");
  expect(logged).toMatchObject([{ level: "warn", event: "systemd_notify_not_delivered", state: "READY" }]);
});

test("a receiver that reads nothing never holds the agent up", async (context) => {
  const path = join(folder, "full.sock");
  const { child } = await receive(context, "UNIX-RECV", path);
  child.kill("SIGSTOP");
  const { logged } = await notify(
    "with",
    { NOTIFY_SOCKET: path },
    "for (let n = 0; n < 10_000; n += 1) notifier.watchdog();",
  );
  expect(logged).toMatchObject([{ level: "warn", event: "systemd_notify_not_delivered", state: "WATCHDOG" }]);
});

test.for([
  ["2000000", 2000],
  ["1000", 1],
  ["", null],
  ["0", null],
  ["-30000000", null],
  ["30s", null],
  ["99999999999999999999", null],
] as const)("a watchdog of %j microseconds is %j milliseconds", async ([text, watchdogMs], context) => {
  if (leftOut !== null) skip(context, leftOut);
  expect((await notify("with", { NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: text }, "")).watchdogMs).toBe(watchdogMs);
});
