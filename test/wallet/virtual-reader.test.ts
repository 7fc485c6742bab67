import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { smartTapOptions, vasOptions } from "../../drivers/nfc/index.ts";
import { type CardScript, type LogEntry, startVirtualReader, VirtualReaderFault } from "../../fixtures/wallet/index.ts";
import { demoSetup } from "../nfc/smart-tap-vectors.ts";
import { demoPassType } from "../nfc/vas-vectors.ts";
import { obstacle } from "../nfc/virtual.ts";
import { watchReader } from "../nfc/watched-reader.ts";

const program = fileURLToPath(new URL("../../fixtures/wallet/main.ts", import.meta.url));
const tag: CardScript = { kind: "type4", ndef: Uint8Array.of(0xd0, 0, 0) };
const missing = await obstacle("pcscd", "virtual-reader.test.ts");

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** The command line of the virtual phone, its lines and its end. */
function phone(args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(child, "close").then(() => child.exitCode);
  const socket = async () => {
    await expect.poll(() => lines.length, { timeout: 5_000 }).toBeGreaterThan(0);
    return /PCSCLITE_CSOCK_NAME=(.+)$/.exec(lines[0] ?? "")?.[1] ?? "";
  };
  return { child, lines, ended, socket, errors: () => errors };
}

function summary(log: readonly LogEntry[]): readonly string[] {
  return log.map((entry) => {
    if (entry.kind === "power") return `power ${entry.event}`;
    return entry.kind === "removed" ? `removed by ${entry.by}` : entry.kind;
  });
}

describe.skipIf(missing !== null)("the virtual reader", () => {
  test("starts in under two seconds, and leaves no folder", async () => {
    const startMs = performance.now();
    const reader = await startVirtualReader();
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(existsSync(reader.socket)).toBe(true);
    await reader[Symbol.asyncDispose]();
    expect(existsSync(dirname(dirname(reader.socket)))).toBe(false);
    await expect(reader.insert(tag)).rejects.toMatchObject({ name: VirtualReaderFault.name, code: "misuse" });
  });

  test("does not touch the system's pcscd", async () => {
    const before = existsSync("/run/pcscd");
    await using reader = await startVirtualReader();
    expect(reader.socket.startsWith("/run/")).toBe(false);
    expect(existsSync("/run/pcscd")).toBe(before);
  });

  test("writes down what happens to a card, and takes one at a time", async () => {
    await using reader = await startVirtualReader();
    await reader.insert(tag);
    await expect(reader.insert(tag)).rejects.toMatchObject({ code: "misuse" });
    await reader.remove();
    await reader.remove();
    const log = await reader.log();
    expect(summary(log)).toEqual(["inserted", "power on", "removed by owner"]);
    expect(await reader.log(log[1]?.atMs)).toEqual(log.slice(2));
  });

  test("can be stopped, started and killed under a card that lies there", async () => {
    await using reader = await startVirtualReader();
    await reader.stopPcscd();
    await reader.insert(tag);
    await reader.startPcscd();
    const ons = async () =>
      (await reader.log()).filter((entry) => entry.kind === "power" && entry.event === "on").length;
    await expect.poll(ons, { timeout: 3_000 }).toBe(1);
    await reader.killPcscd();
    expect(existsSync(reader.socket)).toBe(true);
    await reader.startPcscd();
    await expect.poll(ons, { timeout: 3_000 }).toBe(2);
    await reader.remove();
    expect(summary(await reader.log()).filter((line) => line.startsWith("removed"))).toEqual(["removed by owner"]);
  });

  test("a name that a reader cannot have is refused", async () => {
    await expect(startVirtualReader({ friendlyName: 'a"\nLIBPATH x' })).rejects.toMatchObject({ code: "misuse" });
  });

  test("dies with its owner, however that dies", async () => {
    const owner = phone(["type4", "--empty"]);
    const folder = dirname(dirname(await owner.socket()));
    expect(existsSync(folder)).toBe(true);
    owner.child.kill("SIGKILL");
    await owner.ended;
    // pcscd inside held the folder's socket; its host removes the folder after pcscd is gone.
    await expect.poll(() => existsSync(folder), { timeout: 3_000 }).toBe(false);
  });
});

describe.skipIf(missing !== null)("the virtual phone's command line", () => {
  test("shows a pass to any PC/SC program", async () => {
    const running = phone(["type4", "--payload", "P1:HELLO", "--name", "Gate 7"]);
    const socket = await running.socket();
    expect(running.lines[0]).toContain('reader "Gate 7 00 00"');
    const watched = await watchReader({ socket }, "pcscd");
    expect(await watched.presentation(0)).toMatchObject({
      outcome: "payload",
      ndef: [{ type: "qairopay.com:pass", payload: Uint8Array.from(Buffer.from("P1:HELLO")) }],
    });
    await expect.poll(() => running.lines.some((line) => line.endsWith("< 9000")), { timeout: 3_000 }).toBe(true);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(await watched.outcome).toMatchObject({ code: "service_absent" });
  });

  const google = smartTapOptions(demoSetup("google"));
  const apple = vasOptions({ passTypes: [demoPassType("passkit")] });
  test.each<readonly [readonly string[], string, string]>([
    [["iphone", "--pass", "HELLO", "--demo-key", "passkit"], "apple_vas", "check mark"],
    [["android", "--value", "HELLO", "--demo-key", "google"], "smart_tap", "pass given"],
  ])("a phone with a wallet is read by a driver: %j", async (args, protocol, screen) => {
    const running = phone(args);
    const watched = await watchReader({ socket: await running.socket() }, "pcscd", {
      wallet: { apple, google, notice: () => undefined },
    });
    expect(await watched.presentation(0)).toMatchObject({
      ...{ outcome: "payload", protocol },
      bytes: expect.toSatisfy((read: Uint8Array) => Buffer.from(read).toString() === "HELLO"),
    });
    await expect
      .poll(() => running.lines.some((line) => line.endsWith(`phone shows: ${screen}`)), { timeout: 3_000 })
      .toBe(true);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    await watched.stop();
  });

  test("inserts as often as it is told, then ends", async () => {
    const running = phone(["type4", "--text", "hi", "--repeat", "2", "--hold", "50"]);
    expect(await running.ended).toBe(0);
    expect(running.lines.filter((line) => line.endsWith("inserted"))).toHaveLength(2);
    expect(running.lines.filter((line) => line.endsWith("removed by owner"))).toHaveLength(2);
  });

  test("takes orders at a socket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "phone-test-"));
    const running = phone(["--socket", join(folder, "orders")]);
    await running.socket();
    const link = connect(join(folder, "orders"));
    const answers = createInterface({ input: link })[Symbol.asyncIterator]();
    const order = async (text: string): Promise<unknown> => {
      link.write(`${text}\n`);
      const answer = await answers.next();
      return answer.done === true ? null : JSON.parse(answer.value);
    };
    expect(await order('{"insert":{"kind":"type4","ndef":"D00000"}}')).toEqual({ ok: true });
    expect(await order('{"insert":{"kind":"type4","ndef":"D00000"}}')).toMatchObject({ ok: false, code: "misuse" });
    expect(await order('{"insert":{"kind":"type4"}}')).toMatchObject({ code: "bad_script", message: "ndef: missing" });
    expect(await order("nonsense")).toMatchObject({ ok: false, code: "bad_script" });
    expect(await order("{}")).toMatchObject({ ok: false, code: "bad_script" });
    expect(await order('{"remove":true}')).toEqual({ ok: true });
    expect(await order('{"log":-1}')).toMatchObject({
      log: [{ kind: "inserted" }, { kind: "power" }, { kind: "removed" }],
    });
    link.destroy();
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
    await rm(folder, { recursive: true });
  });
});

test.each<readonly [string, readonly string[], string]>([
  ["no card", [], "which card?"],
  ["an unknown card", ["type5"], "kind: one of type2, type4"],
  ["an iPhone's pass without a key", ["iphone", "--pass", "x"], "--pass needs --pass-type"],
  ["a card without content", ["type4"], "ndef: missing"],
  ["bytes that are none", ["type4", "--ndef-hex", "xyz"], "ndef: bytes in hex"],
  ["an unknown option", ["type4", "--empty", "--colour"], "--colour"],
  ["half a count", ["type4", "--empty", "--repeat", "1.5"], "--repeat 1.5: a whole number"],
  ["a script that is no JSON", ["type4", "--script", "{"], "--script: a JSON object"],
])("the command line says what is wrong with %s", async (_, args, mistake) => {
  const running = phone(args);
  expect(await running.ended).toBe(2);
  expect(running.errors()).toContain(mistake);
  expect(running.errors()).toContain("usage: npm run phone");
});
