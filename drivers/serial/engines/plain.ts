import { type FramingState, framer, midFrame } from "../framing.ts";
import { type Engine, type EngineEvent, plainFrame } from "./engine.ts";

export interface PlainOptions {
  readonly maxFrameBytes: number;
  readonly terminators: readonly number[];
  /** Lines that say "nothing was read", as Latin-1: no presentation. */
  readonly ignored: readonly string[];
}

/** Scanners that send what they read and a terminator, and expect nothing back. */
export function plainEngine(options: PlainOptions): Engine<FramingState> {
  const framing = framer(options);
  return {
    initial: framing.initial,
    next(before, input) {
      const { state, events } = framing.next(before, input);
      return { state, events: events.flatMap((event) => translated(event, options.ignored)), replies: [] };
    },
    midFrame,
    reading,
  };
}

/** True while a frame is being collected. */
export function reading(state: FramingState): boolean {
  return state.kind === "collecting" && midFrame(state);
}

type LineEvent = { readonly kind: "frame"; readonly bytes: Uint8Array } | { readonly kind: "overflow" };

/** One event of the framer as the engines say it; nothing for an ignored line. */
export function translated(event: LineEvent, ignored: readonly string[]): readonly EngineEvent[] {
  if (event.kind === "overflow") return [event];
  return isIgnored(event.bytes, ignored) ? [] : [plainFrame(event.bytes)];
}

function isIgnored(bytes: Uint8Array, ignored: readonly string[]): boolean {
  return ignored.some((line) => line.length === bytes.length && line === Buffer.from(bytes).toString("latin1"));
}
