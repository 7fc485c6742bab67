import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPtyPair, type ScanOptions, startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { plugReader, recordingSink, said, until } from "../serial/plugged-reader.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanner-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A host that knows nothing: it writes down what the device sends. */
function listen(path: string) {
  const heard: Buffer[] = [];
  const host = createReadStream(path).on("data", (chunk) => heard.push(Buffer.from(chunk)));
  // The end of a pty is an error to a plain file stream.
  host.on("error", () => undefined);
  return { heard: () => Buffer.concat(heard).toString("latin1"), stop: () => host.destroy() };
}

async function hears(expected: string, options: ScanOptions, scan: (s: Scanner) => Promise<void>): Promise<void> {
  const scanner = await startVirtualScanner(options);
  const host = listen(scanner.path);
  try {
    await scan(scanner);
    await until(() => host.heard().length >= expected.length);
    expect(host.heard()).toBe(expected);
  } finally {
    await scanner.close();
    host.stop();
  }
}
type Scanner = Awaited<ReturnType<typeof startVirtualScanner>>;

describe("the virtual scanner", () => {
  test.each<{ rule: string; options: ScanOptions; scan: (s: Scanner) => Promise<void>; sent: string }>([
    { rule: "ends a code with CR", options: {}, scan: (s) => s.scan("A"), sent: "A\r" },
    { rule: "ends a code as it is told to", options: { terminator: "crlf" }, scan: (s) => s.scan("A"), sent: "A\r\n" },
    {
      rule: "may be told differently for one code",
      options: { terminator: "crlf" },
      scan: (s) => s.scan("A", { terminator: "lf" }),
      sent: "A\n",
    },
    { rule: "sends the AIM identifier first", options: { aim: "]Q1" }, scan: (s) => s.scan("A"), sent: "]Q1A\r" },
    { rule: "sends the same code twice", options: {}, scan: (s) => s.doubled("A"), sent: "A\rA\r" },
    { rule: "glues two codes together", options: { aim: "]Q1" }, scan: (s) => s.glued("A", "B"), sent: "]Q1A]Q1B\r" },
    {
      rule: "sends a frame without an end in sight",
      options: {},
      scan: (s) => s.overlong(5_000),
      sent: `${"x".repeat(5_000)}\r`,
    },
    {
      rule: "sends in pieces",
      options: { chunking: { bytes: 2, gapMs: 5 } },
      scan: (s) => s.scan("ABCDE"),
      sent: "ABCDE\r",
    },
    {
      rule: "sends bytes as they are",
      options: {},
      scan: (s) => s.scan(Uint8Array.of(0, 3, 4, 17, 19, 255)),
      sent: "\0\x03\x04\x11\x13\xff\r",
    },
  ])("$rule", async ({ options, scan, sent }) => {
    await hears(sent, options, scan);
  });

  test("makes the same noise for the same seed", async () => {
    const noises: string[] = [];
    for (const seed of [7, 7, 8]) {
      const scanner = await startVirtualScanner({ seed });
      const host = listen(scanner.path);
      await scanner.noise(100);
      await until(() => host.heard().length === 101);
      noises.push(host.heard());
      await scanner.close();
      host.stop();
    }
    expect(noises[0]).toBe(noises[1]);
    expect(noises[0]).not.toBe(noises[2]);
  });

  test("hears what the host sends, once", async () => {
    const scanner = await startVirtualScanner();
    await writeFile(scanner.path, "\x1b7");
    await sleep(50);
    expect(Buffer.from(scanner.hostSent()).toString("latin1")).toBe("\x1b7");
    expect(scanner.hostSent()).toHaveLength(0);
    await scanner.close();
  });
});

describe("the pty", () => {
  test("is gone from its place while it is unplugged, and back under the same name", async () => {
    const pty = await openPtyPair();
    await pty.unplug();
    expect(existsSync(pty.path)).toBe(false);
    await expect(pty.write(Buffer.from("A"))).rejects.toMatchObject({ code: "unplugged" });
    await pty.replug();
    await pty.write(Buffer.from("A"));
    expect(await readlink(pty.path)).toMatch(/^\/dev\/pts\/\d+$/);
    await pty.close();
    expect(existsSync(dirname(dirname(pty.path)))).toBe(false);
  });

  test("stays away once it was closed, even if it was just being plugged in", async () => {
    const pty = await openPtyPair({ link: join(folder, "closed") });
    await pty.unplug();
    const replugging = pty.replug();
    await pty.close();
    await replugging;
    expect(existsSync(pty.path)).toBe(false);
    await expect(pty.replug()).rejects.toMatchObject({ code: "unplugged" });
  });

  test("takes a place of one's own, colons and all, and leaves the folder alone", async () => {
    const link = join(folder, "by-path", "pci-0000:00:14.0-usb-0:1:1.0");
    const pty = await openPtyPair({ link });
    expect(await readlink(link)).toMatch(/^\/dev\/pts\/\d+$/);
    await pty.close();
    expect(existsSync(link)).toBe(false);
    expect(existsSync(dirname(link))).toBe(true);
  });

  test.each([
    { why: "the place is taken by something else", link: () => join(folder, "taken") },
    { why: "the path could be read as an option", link: () => join(folder, "a,b") },
    { why: "the path is relative", link: () => "scanner" },
  ])("does not start when $why", async ({ link }) => {
    await mkdir(join(folder, "taken"), { recursive: true });
    await expect(openPtyPair({ link: link() })).rejects.toMatchObject({ code: "start_failed" });
    expect(existsSync(join(folder, "taken"))).toBe(true);
  });

  test("ends with the program that opened it, however that ends", async () => {
    const link = join(folder, "orphan");
    const program = `
      import { openPtyPair } from ${JSON.stringify(join(import.meta.dirname, "../../fixtures/scanner/index.ts"))};
      await openPtyPair({ link: process.argv[1] });
      console.log("open");
    `;
    const args = ["--input-type=module", "--eval", program, link];
    const owner = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(owner.stdout, "data");
    expect(existsSync(link)).toBe(true);
    owner.kill("SIGKILL");
    await until(() => !existsSync(link));
  });
});

describe("the command", () => {
  const main = join(import.meta.dirname, "../../fixtures/scanner/main.ts");
  const started: ChildProcess[] = [];
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } });
    started.push(child);
    return child;
  };
  afterEach(() => {
    for (const child of started.splice(0)) child.kill("SIGKILL");
  });
  const status = async (child: ChildProcess) => (await once(child, "exit"))[0];

  test("scans each line of its input, and the reader reads it", async () => {
    const link = join(folder, "by-id", "usb-Acme_Scan-1_42-if00");
    const child = start(["--link", link, "--terminator", "crlf", "--aim", "]Q1"]);
    expect(String(await once(child.stdout, "data"))).toBe(`plugged in at ${link}\n`);
    const sink = recordingSink();
    await using reader = await plugReader({ path: link }, sink);
    child.stdin.write("P1:ONE\nP1:");
    child.stdin.write("TWO\n");
    await until(() => sink.presentations.length === 2);
    child.stdin.end("P1:LAST");
    expect(await status(child)).toBe(0);
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
    expect(said(sink.presentations)).toEqual(["P1:ONE", "P1:TWO", "P1:LAST"]);
    expect(sink.calls[0]).toBe("ready Acme Scan-1 42");
    expect(existsSync(link)).toBe(false);
  });

  test.each([
    { fault: "doubled", read: ["P1:A"] },
    { fault: "glued", read: ["P1:AP1:A"] },
    { fault: "overlong", read: ["<frame_too_long>", "P1:A"] },
    { fault: "unplug", read: ["<read_interrupted>"] },
  ])("plays the fault $fault", async ({ fault, read }) => {
    const link = join(folder, `fault-${fault}`);
    const child = start(["--link", link, "--fault", fault]);
    await once(child.stdout, "data");
    const sink = recordingSink();
    await using _reader = await plugReader({ path: link, idleGapMs: 0 }, sink);
    child.stdin.write("P1:A\n");
    await until(() => sink.presentations.length === read.length);
    child.kill("SIGTERM");
    expect(await status(child)).toBe(0);
    expect(said(sink.presentations)).toEqual(read);
    expect(existsSync(link)).toBe(false);
  });

  test.each([
    { args: ["--fault", "fire"], says: "--fault fire: one of none" },
    { args: ["--terminator", "nul"], says: "--terminator nul: one of cr" },
    { args: ["--chunk", "0"], says: "--chunk 0: a whole number from 1" },
    { args: ["--speed", "9600"], says: "--speed" },
  ])("refuses $args and says why", async ({ args, says }) => {
    const child = start(args);
    const [code, said] = await Promise.all([status(child), text(child.stderr)]);
    expect(code).toBe(2);
    expect(said).toContain(says);
    expect(said).toContain("usage: ");
  });

  test("says what to install when socat is missing", async () => {
    const child = start(["--link", join(folder, "never")], { PATH: folder });
    const [code, said] = await Promise.all([status(child), text(child.stderr)]);
    expect(code).toBe(1);
    expect(said).toBe("socat is not installed: sudo apt-get install socat\n");
  });
});
