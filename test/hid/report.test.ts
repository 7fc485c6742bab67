import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type HidEvent,
  type HidState,
  hidStart,
  maxCodeBytes,
  midCode,
  takeIdle,
  takeReports,
} from "../../drivers/hid/report.ts";
import { recordedReports, report, reportsOf } from "./reports.ts";

function read(bytes: Uint8Array, before: HidState = hidStart): { state: HidState; events: readonly HidEvent[] } {
  return takeReports(before, bytes);
}

/** `symbology aim content` of a code, the kind of anything else. */
function said(events: readonly HidEvent[]): readonly string[] {
  return events.map((event) =>
    event.kind === "code"
      ? `${event.symbology} ${event.aim} ${Buffer.from(event.bytes).toString("latin1")}`
      : event.kind,
  );
}

describe("one report", () => {
  test.each<readonly [string, Buffer, readonly string[]]>([
    ["with an AIM identifier", report({ data: "P1:X" }), ["qr ]Q1 P1:X"]],
    ["with the identifier a byte later", report({ data: "P1:X", aimAt: 3 }), ["qr ]Q1 P1:X"]],
    ["without an identifier", report({ data: "P1:X", aim: null }), ["null null P1:X"]],
    ["of a symbology outside the table", report({ data: "P1:X", aim: "]X0" }), ["null ]X0 P1:X"]],
    ["full, 56 bytes", report({ data: "x".repeat(56) }), [`qr ]Q1 ${"x".repeat(56)}`]],
    ["full and a byte later", report({ data: "x".repeat(56), aimAt: 3 }), [`qr ]Q1 ${"x".repeat(56)}`]],
    ["with content that looks like an identifier", report({ data: "]Q3P1:X" }), ["qr ]Q1 ]Q3P1:X"]],
    ["with ECI escapes that its identifier announces", report({ aim: "]Q2", data: "\\000026P1:X" }), ["qr ]Q2 P1:X"]],
    ["with what looks like ECI and is not", report({ data: "\\000026P1:X" }), ["qr ]Q1 \\000026P1:X"]],
    ["with a CR at its end", report({ data: "P1:X\r" }), ["qr ]Q1 P1:X"]],
    ["with a CR LF at its end", report({ data: "P1:X\r\n" }), ["qr ]Q1 P1:X"]],
    ["with one line end of its own before that of the scanner", report({ data: "P1:X\r\r" }), ["qr ]Q1 P1:X\r"]],
    ["with spaces around", report({ data: " P1:X " }), ["qr ]Q1  P1:X "]],
    ["without data", report({ data: "" }), []],
    ["with a line end only", report({ data: "\r\n" }), []],
    ["with 57 bytes announced", report({ data: "x", count: 57 }), ["damaged"]],
    ["with 255 bytes announced", report({ data: "x", count: 255 }), ["damaged"]],
    ["of another id", report({ id: 3, data: "P1:X" }), []],
  ])("%s", (_, bytes, expected) => {
    expect(said(read(bytes).events)).toEqual(expected);
  });

  test("passes every byte but the line end", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at).filter((byte) => byte !== 0x0d && byte !== 0x0a);
    const [event] = read(reportsOf(bytes)).events;
    expect(event).toMatchObject({ kind: "code", bytes });
  });
});

describe("a code over several reports", () => {
  const long = "P1:".padEnd(150, "0123456789");

  test("is put together from three, and another id between them changes nothing", () => {
    const bytes = reportsOf(long);
    expect(bytes).toHaveLength(3 * 64);
    expect(said(read(bytes).events)).toEqual([`qr ]Q1 ${long}`]);
    const mixed = Buffer.concat([bytes.subarray(0, 64), report({ id: 9, data: "status" }), bytes.subarray(64)]);
    expect(said(read(mixed).events)).toEqual([`qr ]Q1 ${long}`]);
  });

  test("is under way until its last report", () => {
    const bytes = reportsOf(long);
    let state = hidStart;
    for (const [at, under] of [true, true, false].entries()) {
      state = read(bytes.subarray(at * 64, (at + 1) * 64), state).state;
      expect(midCode(state)).toBe(under);
    }
  });

  test("whose rest does not come is cut, once, and the next code is whole", () => {
    const { state } = read(reportsOf(long).subarray(0, 64));
    const idle = takeIdle(state);
    expect(said(idle.events)).toEqual(["cut"]);
    expect(said(read(reportsOf("P1:NEXT"), idle.state).events)).toEqual(["qr ]Q1 P1:NEXT"]);
    expect(takeIdle(idle.state)).toEqual({ state: hidStart, events: [] });
  });

  test("is lost with a report that contradicts itself, and the next code is whole", () => {
    const stream = Buffer.concat([
      reportsOf(long).subarray(0, 64),
      report({ data: "x", count: 60, more: true }),
      reportsOf("P1:NEXT"),
    ]);
    expect(said(read(stream).events)).toEqual(["damaged", "qr ]Q1 P1:NEXT"]);
  });

  test("that never ends is too long once, holds no memory, and the next code is whole", () => {
    const endless = report({ data: "x".repeat(56), more: true });
    let state = hidStart;
    const events: HidEvent[] = [];
    for (let count = 0; count < 1_000; count += 1) {
      const step = read(endless, state);
      state = step.state;
      events.push(...step.events);
      expect(state.code?.content?.length ?? 0).toBeLessThanOrEqual(maxCodeBytes);
    }
    expect(said(events)).toEqual(["overflow"]);
    expect(takeIdle(state).events).toEqual([]);
    const end = read(Buffer.concat([report({ data: "end" }), reportsOf("P1:NEXT")]), state);
    expect(said(end.events)).toEqual(["qr ]Q1 P1:NEXT"]);
  });

  test("of exactly the longest length passes", () => {
    const content = "x".repeat(maxCodeBytes);
    expect(said(read(reportsOf(content)).events)).toEqual([`qr ]Q1 ${content}`]);
    expect(said(read(reportsOf(`${content}x`)).events)).toEqual(["overflow"]);
  });
});

test.each([
  ["access-is-lsr118", ["qr ]Q0 M1GATHERGOOD/MICHAEL  YABCDEF LHRDURAK 3542 052Y003D23   100"]],
  ["newland-fm430", ["null null P1.EXAMPLE"]],
])("the reports of %s give its code", (name, expected) => {
  expect(said(read(recordedReports(name)).events)).toEqual(expected);
});

test("every cut and every merge of a stream of reports gives the same codes", () => {
  const parts = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((content) => reportsOf(content)),
    fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 100 }).map((content) => reportsOf(content, null)),
  );
  fc.assert(
    fc.property(
      fc.array(parts, { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 150 })),
      (sent, cuts) => {
        const stream = Buffer.concat(sent);
        const whole = read(stream);
        let state = hidStart;
        const events: HidEvent[] = [];
        for (let at = 0; at < stream.length; ) {
          const length = cuts.next().value ?? 1;
          const step = read(stream.subarray(at, at + length), state);
          state = step.state;
          events.push(...step.events);
          expect(state.partial.length).toBeLessThan(64);
          at += length;
        }
        expect(events).toEqual(whole.events);
        expect(state).toEqual(whole.state);
      },
    ),
    { numRuns: 500 },
  );
});
