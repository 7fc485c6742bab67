import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hidReader } from "../../drivers/hid/index.ts";
import type { Feedback } from "../../drivers/reader.ts";
import { ReaderFault } from "../../drivers/reader.ts";
import { openPtyPair } from "../../fixtures/scanner/index.ts";
import { recordingSink, said, until } from "../serial/plugged-reader.ts";
import { recordedReports, report, reportsOf } from "./reports.ts";

let folder = "";
let path = "";
/** The scanner's end. A fifo keeps whole reports whole, as hidraw does. */
let scanner: FileHandle;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-hid-"));
  path = join(folder, "hidraw0");
  execFileSync("mkfifo", [path]);
  // Both ways, or the first opening would wait for the second.
  scanner = await open(path, "r+");
});
afterEach(async () => {
  await scanner.close();
  rmSync(folder, { recursive: true });
});

interface Running extends AsyncDisposable {
  readonly sink: ReturnType<typeof recordingSink>;
  /** Null after an orderly end. */
  readonly ended: Promise<ReaderFault | null>;
  stop(): Promise<ReaderFault | null>;
}

async function plug(
  options: { readonly path?: string; readonly repeatMs?: number; readonly answer?: () => Promise<Feedback> } = {},
): Promise<Running> {
  const { answer, ...rest } = options;
  const sink = recordingSink(answer);
  const abort = new AbortController();
  const ended = hidReader({ path, ...rest })
    .run(sink, abort.signal)
    .then(() => null, faultOf);
  const stop = () => {
    abort.abort();
    return ended;
  };
  await Promise.race([ended, until(() => sink.calls.length > 0)]);
  return { sink, ended, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

function faultOf(error: unknown): ReaderFault {
  if (error instanceof ReaderFault) return error;
  throw error;
}

/** Reading processes that this test process has started. */
function readers(): readonly string[] {
  const children = readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "latin1").trim().split(" "),
  );
  const names = children.filter((pid) => pid !== "").map((pid) => readFileSync(`/proc/${pid}/comm`, "latin1").trim());
  return names.filter((name) => name === "dd" || name === "setpriv");
}

const one = ["started", "presented", "ended"];

describe("a HID-POS scanner", () => {
  test("presents each code with its symbology, a code over three reports as one", async () => {
    const long = "P1:".padEnd(150, "0123456789");
    await using reader = await plug();
    await scanner.write(reportsOf("P1:FIRST"));
    await until(() => reader.sink.presentations.length === 1);
    await scanner.write(reportsOf(long));
    await until(() => reader.sink.calls.length === 7);
    expect(reader.sink.calls).toEqual(["ready HID-POS scanner", ...one, ...one]);
    expect(said(reader.sink.presentations)).toEqual(["P1:FIRST", long]);
    expect(reader.sink.presentations[0]).toEqual({
      outcome: "payload",
      bytes: new Uint8Array(Buffer.from("P1:FIRST")),
      protocol: null,
      symbology: "qr",
      aim: "]Q1",
      ndef: null,
    });
  });

  test("plays the reports of the manual", async () => {
    await using reader = await plug();
    await scanner.write(recordedReports("access-is-lsr118"));
    await until(() => reader.sink.presentations.length === 1);
    expect(reader.sink.presentations).toMatchObject([{ aim: "]Q0", symbology: "qr" }]);
  });

  test("that never sends the rest of a code gives read_interrupted, and reads on", async () => {
    await using reader = await plug();
    await scanner.write(reportsOf("x".repeat(100)).subarray(0, 64));
    await until(() => reader.sink.presentations.length === 1);
    await scanner.write(reportsOf("P1:NEXT"));
    await until(() => reader.sink.presentations.length === 2);
    expect(said(reader.sink.presentations)).toEqual(["<read_interrupted>", "P1:NEXT"]);
  });

  test("that contradicts itself gives reader_fault; one without end gives frame_too_long once; both read on", async () => {
    await using reader = await plug();
    await scanner.write(report({ data: "x", count: 57 }));
    for (let count = 0; count < 100; count += 1) await scanner.write(report({ data: "x".repeat(56), more: true }));
    await scanner.write(Buffer.concat([report({ data: "" }), reportsOf("P1:NEXT")]));
    await until(() => reader.sink.presentations.length === 3);
    expect(said(reader.sink.presentations)).toEqual(["<reader_fault>", "<frame_too_long>", "P1:NEXT"]);
  });

  test("says a code that lies before it over and over only once, unless that is switched off", async () => {
    for (const [repeatMs, expected] of [
      [undefined, ["P1:A", "P1:B"]],
      [0, ["P1:A", "P1:A", "P1:A", "P1:B"]],
    ] as const) {
      await using reader = await plug(repeatMs === undefined ? {} : { repeatMs });
      await scanner.write(Buffer.concat(["P1:A", "P1:A", "P1:A", "P1:B"].map((code) => reportsOf(code))));
      await until(() => reader.sink.presentations.length === expected.length && reader.sink.calls.at(-1) === "ended");
      expect(said(reader.sink.presentations)).toEqual(expected);
    }
  });

  test("waits while a code is being decided, and nothing it sent is lost", async () => {
    const codes = Array.from({ length: 300 }, (_, at) => `P1:${at}`);
    await using reader = await plug({
      answer: async () => {
        if (reader.sink.presentations.length < 20) await sleep(5);
        return "accepted";
      },
    });
    for (const code of codes) await scanner.write(reportsOf(code));
    await until(() => reader.sink.presentations.length === codes.length);
    expect(said(reader.sink.presentations)).toEqual(codes);
  });
});

describe("a device that is taken away", () => {
  test("in the middle of a code gives read_interrupted, then reader_absent, and its whole codes before that", async () => {
    const device = await openPtyPair();
    const reader = await plug({ path: device.path });
    await device.write(Buffer.concat([reportsOf("P1:WHOLE"), reportsOf("x".repeat(100)).subarray(0, 64)]));
    await until(() => reader.sink.calls.includes("started"));
    await device.unplug();
    expect(await reader.ended).toMatchObject({ code: "reader_absent" });
    expect(said(reader.sink.presentations)).toEqual(["P1:WHOLE", "<read_interrupted>"]);
    expect(reader.sink.calls.at(-1)).toBe("ended");
    await device.replug();
    await using again = await plug({ path: device.path });
    await device.write(reportsOf("P1:AGAIN"));
    await until(() => again.sink.presentations.length === 1);
    expect(said(again.sink.presentations)).toEqual(["P1:AGAIN"]);
    await again.stop();
    await device.close();
  });

  test("between two codes gives reader_absent only", async () => {
    const device = await openPtyPair();
    const reader = await plug({ path: device.path });
    await device.close();
    expect(await reader.ended).toMatchObject({ code: "reader_absent", remedy: expect.stringContaining("hidraw") });
    expect(reader.sink.calls).toEqual(["ready HID-POS scanner"]);
  });
});

describe("a device that cannot be opened is a fault with a remedy", () => {
  test.each<readonly [string, () => void, string, RegExp]>([
    ["absent", () => undefined, "reader_absent", /Plug the scanner in/],
    ["a file", () => writeFileSync(path, "x"), "reader_unsupported", /ls \/dev\/hidraw/],
  ])("%s", async (_, make, code, remedy) => {
    rmSync(path);
    make();
    const reader = await plug();
    expect(await reader.ended).toMatchObject({ code, remedy: expect.stringMatching(remedy) });
    expect(reader.sink.calls).toEqual([]);
  });

  test("forbidden: the udev rule is named", async () => {
    chmodSync(path, 0o000);
    const asRoot = process.geteuid?.() === 0;
    if (asRoot) process.seteuid?.(65_534);
    const reader = await plug();
    const fault = await reader.ended;
    if (asRoot) process.seteuid?.(0);
    expect(fault).toMatchObject({ code: "permission_denied", remedy: expect.stringContaining("60-pass-agent.rules") });
  });
});

test("20 starts and stops leave no process and no descriptor, and a stop waits for nobody", async () => {
  const before = readdirSync("/proc/self/fd").length;
  for (let count = 0; count < 20; count += 1) {
    const reader = await plug();
    expect(readers()).toHaveLength(1);
    if (count % 2 === 0) await scanner.write(reportsOf("x".repeat(100)).subarray(0, 64));
    expect(await reader.stop()).toBeNull();
  }
  expect(readers()).toEqual([]);
  expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
  expect(await hidReader({ path }).run(recordingSink(), AbortSignal.abort())).toBeUndefined();
});
