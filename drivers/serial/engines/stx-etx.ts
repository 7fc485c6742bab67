import { type FramingInput, type FramingState, framer, joined, midFrame } from "../framing.ts";
import { type Engine, type EngineEvent, type EngineStep, plainFrame } from "./engine.ts";
import { reading, translated } from "./plain.ts";

const STX = 0x02;
const ETX = 0x03;
const nothing = new Uint8Array(0);

/** Outside an envelope the stream is lines, inside it everything up to ETX is content, CR and LF included. */
export type StxEtxState =
  | { readonly kind: "outside"; readonly line: FramingState }
  | { readonly kind: "inside"; readonly held: Uint8Array }
  | { readonly kind: "dropping" };

/**
 * Scanners that may put a code between STX and ETX (Metrologic "STX prefix", "ETX suffix"): an STX at the beginning of a frame
 * opens an envelope. A code that comes without one is a line as any other, so that a scanner set up either way is read. An
 * envelope that a pause ends before its ETX was cut off.
 *
 * @param maxFrameBytes of content, without STX and ETX.
 */
export function stxEtxEngine(maxFrameBytes: number): Engine<StxEtxState> {
  const lines = framer({ maxFrameBytes });
  const outside: StxEtxState = { kind: "outside", line: lines.initial };

  const next = (before: StxEtxState, input: FramingInput): EngineStep<StxEtxState> => {
    if (input.kind === "idle") return pause(before);
    const events: EngineEvent[] = [];
    let state = before;
    let rest = input.bytes;
    while (rest.length > 0) {
      const taken = state.kind === "outside" ? takeLine(state.line, rest) : takeInside(state, rest);
      events.push(...taken.events);
      state = taken.state;
      rest = taken.rest;
    }
    return { state, events, replies: [] };
  };

  const pause = (state: StxEtxState): EngineStep<StxEtxState> => {
    switch (state.kind) {
      case "outside": {
        const step = lines.next(state.line, { kind: "idle" });
        return {
          state: { kind: "outside", line: step.state },
          events: step.events.flatMap((event) => translated(event, [])),
          replies: [],
        };
      }
      case "inside":
        return { state: outside, events: [{ kind: "cut" }], replies: [] };
      case "dropping":
        return { state: outside, events: [], replies: [] };
    }
  };

  interface Taken {
    readonly state: StxEtxState;
    readonly events: readonly EngineEvent[];
    /** Not looked at yet; shorter than before. */
    readonly rest: Uint8Array;
  }

  /** Up to and with the first byte after which an envelope may open: a terminator, or the STX itself. */
  const takeLine = (line: FramingState, bytes: Uint8Array): Taken => {
    if (bytes[0] === STX && !midFrame(line)) {
      return { state: { kind: "inside", held: nothing }, events: [], rest: bytes.subarray(1) };
    }
    const end = bytes.findIndex((byte) => byte === 0x0d || byte === 0x0a);
    const length = end < 0 ? bytes.length : end + 1;
    const step = lines.next(line, { kind: "bytes", bytes: bytes.subarray(0, length) });
    return {
      state: { kind: "outside", line: step.state },
      events: step.events.flatMap((event) => translated(event, [])),
      rest: bytes.subarray(length),
    };
  };

  const takeInside = (state: Exclude<StxEtxState, { kind: "outside" }>, bytes: Uint8Array): Taken => {
    const end = bytes.indexOf(ETX);
    const part = end < 0 ? bytes : bytes.subarray(0, end);
    const rest = bytes.subarray(end < 0 ? bytes.length : end + 1);
    if (state.kind === "dropping") return { state: end < 0 ? state : outside, events: [], rest };
    if (state.held.length + part.length > maxFrameBytes) {
      return { state: end < 0 ? { kind: "dropping" } : outside, events: [{ kind: "overflow" }], rest };
    }
    const held = joined(state.held, part);
    if (end < 0) return { state: { kind: "inside", held }, events: [], rest };
    return { state: outside, events: held.length === 0 ? [] : [plainFrame(held)], rest };
  };

  return {
    initial: outside,
    next,
    midFrame: (state) => state.kind !== "outside" || midFrame(state.line),
    reading: (state) => (state.kind === "outside" ? reading(state.line) : state.kind === "inside"),
  };
}
