import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FramingEvent, type FramingInput, type FramingState, framer } from "../../drivers/serial/framing.ts";

/** A stream as the scanner meant it: bytes as Latin-1 text, `null` where it paused. */
type Stream = readonly (string | null)[];

const cap = 8;

function input(piece: string | null): FramingInput {
  return piece === null ? { kind: "idle" } : { kind: "bytes", bytes: Buffer.from(piece, "latin1") };
}

function frame(
  stream: Stream,
  maxFrameBytes = cap,
): { readonly said: readonly string[]; readonly state: FramingState } {
  const { initial, next } = framer({ maxFrameBytes });
  let state = initial;
  const said: string[] = [];
  for (const piece of stream) {
    const step = next(state, input(piece));
    state = step.state;
    said.push(...step.events.map(say));
  }
  return { said, state };
}

function say(event: FramingEvent): string {
  return event.kind === "overflow" ? "<overflow>" : Buffer.from(event.bytes).toString("latin1");
}

/** What the rules say, told once more over the whole stream at a time. */
function expected(stream: Stream): readonly string[] {
  const pause = "\u{10000}";
  const runs = stream
    .map((piece) => piece ?? pause)
    .join("")
    .split(/[\r\n]|\u{10000}/u);
  const last = runs.pop() ?? "";
  const said = runs.filter((run) => run !== "").map((run) => (run.length > cap ? "<overflow>" : run));
  return last.length > cap ? [...said, "<overflow>"] : said;
}

/** Few different bytes, so that terminators, empty frames and frames around the cap are common. */
const bytes = fc.string({ unit: fc.constantFrom("a", " ", "\0", "\xff", "]", "\r", "\n", "\r\n"), maxLength: 40 });
const streams = fc.array(fc.option(bytes, { freq: 5 }), { maxLength: 8 });

function cutAnywhere(stream: Stream, places: readonly number[]): Stream {
  return stream.flatMap((piece, which) => {
    if (piece === null) return [null];
    const cuts = places.map((place) => (place + which) % (piece.length + 1)).sort((a, b) => a - b);
    return [0, ...cuts].map((cut, at) => piece.slice(cut, [...cuts, piece.length][at]));
  });
}

describe("framing", () => {
  test.each<{ rule: string; stream: Stream; frames: readonly string[] }>([
    { rule: "CR ends a frame", stream: ["one\rtwo\r"], frames: ["one", "two"] },
    { rule: "LF ends a frame", stream: ["one\ntwo\n"], frames: ["one", "two"] },
    { rule: "CR LF ends a frame once", stream: ["one\r\ntwo\r\n"], frames: ["one", "two"] },
    { rule: "CR and LF in separate chunks end a frame once", stream: ["one\r", "\ntwo"], frames: ["one"] },
    { rule: "CR and LF with a pause between them end a frame once", stream: ["one\r", null, "\n"], frames: ["one"] },
    { rule: "an idle gap ends a frame", stream: ["one", null, "two", null], frames: ["one", "two"] },
    { rule: "an idle gap without a frame ends nothing", stream: [null, null, "\r", null], frames: [] },
    { rule: "empty frames do not exist", stream: ["\r\r\n\n\rone\r\r"], frames: ["one"] },
    { rule: "spaces and control bytes are content", stream: [" \t\0\x02a\x03 \r"], frames: [" \t\0\x02a\x03 "] },
    { rule: "a frame as long as the cap passes", stream: ["12345678\r"], frames: ["12345678"] },
    { rule: "one byte more is too long", stream: ["123456789\r", "ok\r"], frames: ["<overflow>", "ok"] },
    { rule: "a frame too long is reported before it ends", stream: ["123456789"], frames: ["<overflow>"] },
    {
      rule: "a frame too long is reported once, and its rest is dropped up to the terminator",
      stream: ["123456789", "123456789", "rest\rok\r"],
      frames: ["<overflow>", "ok"],
    },
    { rule: "an idle gap ends the dropping too", stream: ["123456789", null, "ok\r"], frames: ["<overflow>", "ok"] },
    { rule: "a frame without its end is held back", stream: ["one"], frames: [] },
  ])("$rule", ({ stream, frames }) => {
    expect(frame(stream).said).toEqual(frames);
  });

  test("every stream gives the frames that the rules name", () => {
    fc.assert(
      fc.property(streams, (stream) => {
        expect(frame(stream).said).toEqual(expected(stream));
      }),
      { numRuns: 5_000 },
    );
  });

  test("every cut of a stream gives the same frames", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(40), { maxLength: 12 }), (stream, places) => {
        expect(frame(cutAnywhere(stream, places)).said).toEqual(frame(stream).said);
      }),
      { numRuns: 5_000 },
    );
  });

  test("byte by byte and all at once give the same frames, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (array) => {
        const text = Buffer.from(array).toString("latin1");
        expect(frame([...text], 64).said).toEqual(frame([text], 64).said);
      }),
      { numRuns: 1_000 },
    );
  });

  test("never more than the cap is held, even of a stream without an end", () => {
    const { initial, next } = framer({ maxFrameBytes: 4_096 });
    const chunk = new Uint8Array(1_000).fill(0x41);
    let state = initial;
    let overflows = 0;
    for (let kilobytes = 0; kilobytes < 50_000; kilobytes += 1) {
      const step = next(state, { kind: "bytes", bytes: chunk });
      state = step.state;
      overflows += step.events.length;
      if (state.kind === "collecting") expect(state.held.length).toBeLessThanOrEqual(4_096);
    }
    expect(state).toEqual({ kind: "dropping" });
    expect(overflows).toBe(1);
  });

  test("a frame keeps only its own bytes alive, not the buffer they were read into", () => {
    const { initial, next } = framer({ maxFrameBytes: cap });
    const read = Buffer.from("noise\rone\r");
    for (const event of next(initial, { kind: "bytes", bytes: read }).events) {
      if (event.kind === "overflow") throw new Error("no frame here is too long");
      expect(event.bytes.buffer.byteLength).toBe(event.bytes.length);
    }
  });
});
