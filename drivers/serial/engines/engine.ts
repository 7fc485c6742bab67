import type { Protocol, Symbology } from "../../reader.ts";
import type { FramingInput } from "../framing.ts";

/**
 * How the bytes of one family of scanners become frames, and which bytes go back. Pure: time enters as the input `idle`,
 * so every cut of a stream gives the same output.
 */
export interface Engine<State> {
  readonly initial: State;
  /** Never throws; what it holds between two calls is bounded by the longest frame, or the longest packet of the protocol. */
  next(state: State, input: FramingInput): EngineStep<State>;
  /** Something is under way: only then does an idle gap mean anything. */
  midFrame(state: State): boolean;
  /** What is under way is a code on its way to us, and not an answer to a command or the rest of what was refused. */
  reading(state: State): boolean;
}

export interface EngineStep<State> extends EngineOutput {
  readonly state: State;
}

export interface EngineOutput {
  /** In the order of the stream. */
  readonly events: readonly EngineEvent[];
  /** To be sent to the scanner at once, in this order. */
  readonly replies: readonly Uint8Array[];
}

/** A whole code, its own copy of the bytes. `protocol` and `symbology` only where the scanner's envelope names them. */
export interface FrameEvent {
  readonly kind: "frame";
  readonly bytes: Uint8Array;
  readonly protocol: Protocol | null;
  readonly symbology: Symbology | null;
}

/** A code longer than the cap; its rest is dropped. */
export interface OverflowEvent {
  readonly kind: "overflow";
}

/** A code that did not arrive whole, and that nobody will send again. */
export interface CutEvent {
  readonly kind: "cut";
}

/** A packet that did not arrive whole; where the protocol allows it, the scanner was asked to send it again. */
export interface GarbledEvent {
  readonly kind: "garbled";
}

/** The scanner's answer to a command: `good` when it obeyed. */
export interface AnswerEvent {
  readonly kind: "answer";
  readonly good: boolean;
  readonly bytes: Uint8Array;
}

export type EngineEvent = FrameEvent | OverflowEvent | CutEvent | GarbledEvent | AnswerEvent;

/** An engine at work on one stream. */
export interface RunningEngine {
  take(input: FramingInput): EngineOutput;
  midFrame(): boolean;
  reading(): boolean;
}

/** Keeps an engine's state, so that engines of different states look alike. */
export function startEngine<State>(engine: Engine<State>): RunningEngine {
  let state = engine.initial;
  return {
    take(input) {
      const step = engine.next(state, input);
      state = step.state;
      return step;
    },
    midFrame: () => engine.midFrame(state),
    reading: () => engine.reading(state),
  };
}

export const idle: FramingInput = { kind: "idle" };

/** A frame without an envelope of its own. */
export function plainFrame(bytes: Uint8Array): FrameEvent {
  return { kind: "frame", bytes, protocol: null, symbology: null };
}
