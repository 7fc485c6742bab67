import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Feedback } from "../../drivers/reader.ts";
import { genericScanner, type ScannerModel } from "../../drivers/serial/index.ts";
import { type ScanOptions, startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { plugReader, recordingSink, said, until } from "./plugged-reader.ts";

/** A scanner whose cable goes when the test ends. */
async function plugScanner(options?: ScanOptions) {
  const scanner = await startVirtualScanner(options);
  return { ...scanner, [Symbol.asyncDispose]: scanner.close };
}

const arrived = async (sink: ReturnType<typeof recordingSink>, count: number) => {
  await until(() => sink.presentations.length >= count && sink.calls.at(-1) === "ended");
};

describe("a scanner on a real pty", () => {
  test.each<{ rule: string; scan: ScanOptions; idleGapMs: number }>([
    { rule: "CR", idleGapMs: 50, scan: { terminator: "cr" } },
    { rule: "LF", idleGapMs: 50, scan: { terminator: "lf" } },
    { rule: "CR LF", idleGapMs: 50, scan: { terminator: "crlf" } },
    { rule: "a pause", idleGapMs: 50, scan: { terminator: "none" } },
    // The gap is wide here and below wherever a busy machine could stretch the scanner's own pauses beyond 50 ms.
    { rule: "CR LF, in pieces", idleGapMs: 1_000, scan: { terminator: "crlf", chunking: { bytes: 1, gapMs: 2 } } },
  ])("a code that ends with $rule is one presentation", async ({ scan, idleGapMs }) => {
    await using scanner = await plugScanner(scan);
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, idleGapMs }, sink);
    await scanner.scan("P1:FIRST CODE");
    await arrived(sink, 1);
    await scanner.scan("P1:SECOND");
    await arrived(sink, 2);
    expect(sink.presentations[0]).toEqual({
      outcome: "payload",
      bytes: new Uint8Array(Buffer.from("P1:FIRST CODE")),
      protocol: null,
      symbology: null,
      aim: null,
      ndef: null,
    });
    const one = ["started", "presented", "ended"];
    expect(sink.calls).toEqual(["ready Virtual Scanner 0001", ...one, ...one]);
    expect(said(sink.presentations)).toEqual(["P1:FIRST CODE", "P1:SECOND"]);
  });

  test("with the idle gap switched off only CR and LF end a code", async () => {
    await using scanner = await plugScanner({ terminator: "none" });
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, idleGapMs: 0 }, sink);
    await scanner.scan("P1:ONE");
    await sleep(200);
    expect(sink.presentations).toEqual([]);
    await scanner.scan(" CODE", { terminator: "lf" });
    await arrived(sink, 1);
    expect(said(sink.presentations)).toEqual(["P1:ONE CODE"]);
  });

  test("every byte but the terminators passes the line unchanged", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path }, sink);
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at).filter((byte) => byte !== 0x0d && byte !== 0x0a);
    await scanner.scan(bytes);
    await arrived(sink, 1);
    expect(sink.presentations).toMatchObject([{ outcome: "payload", bytes }]);
  });

  test("the AIM identifier names the symbology and is no part of the payload", async () => {
    await using scanner = await plugScanner({ aim: "]Q1" });
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:ABC");
    await arrived(sink, 1);
    expect(sink.presentations).toMatchObject([{ aim: "]Q1", symbology: "qr" }]);
    expect(said(sink.presentations)).toEqual(["P1:ABC"]);
  });

  test("a frame of a megabyte is one frame_too_long, and the next code is read", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using reader = await plugReader({ path: scanner.path, idleGapMs: 500 }, sink);
    await scanner.overlong(1_000_000, { terminator: "none" });
    await arrived(sink, 1);
    await sleep(800);
    await scanner.scan("P1:NEXT");
    await arrived(sink, 2);
    expect(said(sink.presentations)).toEqual(["<frame_too_long>", "P1:NEXT"]);
    expect(reader.reader.stats()).toEqual({ frames: 1, repeats: 0, overlong: 1, interrupted: 0, garbled: 0 });
  });

  test("noise between two codes costs neither of them", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:BEFORE");
    await scanner.noise(2_000);
    await scanner.scan("P1:AFTER");
    await until(() => said(sink.presentations).includes("P1:AFTER"));
    expect(said(sink.presentations)[0]).toBe("P1:BEFORE");
  });

  test("two codes glued together are one presentation: nobody guesses where to cut", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path }, sink);
    await scanner.glued("P1:ONE", "P1:TWO");
    await arrived(sink, 1);
    expect(said(sink.presentations)).toEqual(["P1:ONEP1:TWO"]);
  });

  test("a program that could not read in time does not take its own pause for the scanner's", async () => {
    await using scanner = await plugScanner({ terminator: "none" });
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:ONE");
    await until(() => sink.calls.includes("started"));
    await scanner.scan(" CODE");
    for (const end = performance.now() + 120; performance.now() < end; );
    await arrived(sink, 1);
    expect(said(sink.presentations)).toEqual(["P1:ONE CODE"]);
  });
});

describe("repeats", () => {
  test("a code that stays before the scanner is presented once", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using reader = await plugReader({ path: scanner.path }, sink);
    await scanner.doubled("P1:ABC");
    await scanner.scan("P1:ABC");
    await scanner.scan("P1:OTHER");
    await arrived(sink, 2);
    expect(said(sink.presentations)).toEqual(["P1:ABC", "P1:OTHER"]);
    const one = ["started", "presented", "ended"];
    expect(sink.calls.slice(1)).toEqual([...one, ...one]);
    expect(reader.reader.stats()).toMatchObject({ frames: 2, repeats: 2 });
  });

  test("a code that was away for long enough is presented again", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, repeatMs: 100 }, sink);
    await scanner.scan("P1:ABC");
    await arrived(sink, 1);
    await sleep(150);
    await scanner.scan("P1:ABC");
    await arrived(sink, 2);
    expect(said(sink.presentations)).toEqual(["P1:ABC", "P1:ABC"]);
  });

  test("switched off, every sight is a presentation", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path, repeatMs: 0 }, sink);
    await scanner.doubled("P1:ABC");
    await arrived(sink, 2);
    expect(said(sink.presentations)).toEqual(["P1:ABC", "P1:ABC"]);
  });
});

describe("one presentation at a time", () => {
  test("a slow decision holds the scanner up and costs no code", async () => {
    await using scanner = await plugScanner();
    const gate = Promise.withResolvers<Feedback>();
    const sink = recordingSink(() => gate.promise);
    await using _reader = await plugReader({ path: scanner.path }, sink);
    const codes = Array.from({ length: 10_000 }, (_, at) => `P1:${String(at).padStart(97, "0")}`);
    let sent = false;
    const sending = scanner.scan(codes.join("\r")).then(() => {
      sent = true;
    });
    await until(() => sink.presentations.length === 1);
    await sleep(500);
    expect(sent).toBe(false);
    expect(sink.calls.slice(1)).toEqual(["started", "presented"]);
    gate.resolve("accepted");
    await sending;
    await arrived(sink, codes.length);
    expect(said(sink.presentations)).toEqual(codes);
    expect(sink.calls.slice(1)).toEqual(codes.flatMap(() => ["started", "presented", "ended"]));
  });

  test("codes read before the end are presented before the reader settles", async () => {
    await using scanner = await plugScanner();
    const gate = Promise.withResolvers<Feedback>();
    const sink = recordingSink(() => gate.promise);
    await using reader = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:ONE\rP1:TWO");
    await until(() => reader.reader.stats().frames === 2);
    const stopped = reader.stop();
    await sleep(50);
    expect(said(sink.presentations)).toEqual(["P1:ONE"]);
    gate.resolve("accepted");
    expect(await stopped).toBe(null);
    expect(said(sink.presentations)).toEqual(["P1:ONE", "P1:TWO"]);
    expect(sink.calls.at(-1)).toBe("ended");
  });

  test("a code under way when the reader is stopped was taken away", async () => {
    await using scanner = await plugScanner({ terminator: "none" });
    const sink = recordingSink();
    await using reader = await plugReader({ path: scanner.path, idleGapMs: 0 }, sink);
    await scanner.scan("P1:HALF");
    await until(() => sink.calls.includes("started"));
    expect(await reader.stop()).toBe(null);
    expect(sink.calls.slice(1)).toEqual(["started", "ended"]);
  });

  test("a sink that fails ends the run instead of blocking it", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink(() => Promise.reject(new Error("broken sink")));
    const { ended } = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:ABC");
    await expect(ended).rejects.toThrow("broken sink");
  });
});

describe("feedback", () => {
  const beeping: ScannerModel = {
    ...genericScanner,
    name: "beeping",
    feedback: { good: Buffer.from("\x1b7"), bad: Buffer.from("\x1b8"), neutral: null, needs: "" },
  };

  test.each<{ feedback: Feedback; sent: string }>([
    { feedback: "accepted", sent: "\x1b7" },
    { feedback: "rejected", sent: "\x1b8" },
    { feedback: "attention", sent: "\x1b8" },
    { feedback: "ignored", sent: "" },
  ])("$feedback is told to a scanner that can say it", async ({ feedback, sent }) => {
    await using scanner = await plugScanner();
    const sink = recordingSink(() => feedback);
    await using reader = await plugReader({ path: scanner.path, model: beeping }, sink);
    await scanner.scan("P1:ABC");
    await arrived(sink, 1);
    await sleep(50);
    expect(Buffer.from(scanner.hostSent()).toString("latin1")).toBe(sent);
    expect(await reader.stop()).toBe(null);
  });

  test("nothing is ever sent to a generic scanner", async () => {
    await using scanner = await plugScanner();
    const sink = recordingSink();
    await using _reader = await plugReader({ path: scanner.path }, sink);
    await scanner.scan("P1:ABC");
    await arrived(sink, 1);
    await sleep(50);
    expect(scanner.hostSent()).toHaveLength(0);
  });
});
