/**
 * Cuts a scanner's byte stream into frames. Pure: time enters only as the input `idle`, so every cut of the same bytes
 * gives the same frames.
 *
 * Rules (formats of real scanners differ only here): a frame ends at CR, LF, CR LF (or what the scanner's row names instead)
 * or an idle gap. Everything else, spaces and control bytes included, is content and kept as it came. Empty frames do not
 * exist. A frame longer than the cap is reported once and then dropped up to its end.
 */

const nothing = new Uint8Array(0);

/** CR and LF: what ends a frame of nearly every scanner. Raw binary codes hold NUL and ETX, so those are a row's choice. */
export const lineEnds: readonly number[] = [0x0d, 0x0a];

export interface FramingOptions {
  /** Longest frame without its terminator, bytes; at least 1. A frame of exactly this length passes. */
  readonly maxFrameBytes: number;
  /** Bytes that end a frame; `lineEnds` without. */
  readonly terminators?: readonly number[];
}

/** Between two inputs: a frame under way (`held` empty: none, never longer than the cap) or the rest of one too long. */
export type FramingState = { readonly kind: "collecting"; readonly held: Uint8Array } | { readonly kind: "dropping" };

/** What arrived: bytes, or a pause long enough to end a frame. */
export type FramingInput = { readonly kind: "bytes"; readonly bytes: Uint8Array } | { readonly kind: "idle" };

/** A whole frame (own copy of its bytes, 1 to the cap), or the one report of a frame that passed the cap. */
export type FramingEvent = { readonly kind: "frame"; readonly bytes: Uint8Array } | { readonly kind: "overflow" };

export interface FramingStep {
  readonly state: FramingState;
  /** In the order of the stream; at most one per input byte. */
  readonly events: readonly FramingEvent[];
}

export interface Framer {
  readonly initial: FramingState;
  next(state: FramingState, input: FramingInput): FramingStep;
}

/**
 * The framing of one stream. Holds no state itself: the caller keeps what `next` returns.
 *
 * @param options `maxFrameBytes` bounds the memory held between two inputs.
 * @returns the initial state and the transition; neither throws.
 */
export function framer(options: FramingOptions): Framer {
  const { maxFrameBytes, terminators = lineEnds } = options;
  return {
    initial: { kind: "collecting", held: nothing },
    next(state, input) {
      return input.kind === "idle" ? endFrame(state) : takeBytes(state, input.bytes, terminators, maxFrameBytes);
    },
  };
}

/** True while a frame is under way or being dropped: only then does an idle gap mean anything. */
export function midFrame(state: FramingState): boolean {
  return state.kind === "dropping" || state.held.length > 0;
}

function endFrame(state: FramingState): FramingStep {
  const events: FramingEvent[] =
    state.kind === "collecting" && state.held.length > 0 ? [{ kind: "frame", bytes: state.held }] : [];
  return { state: { kind: "collecting", held: nothing }, events };
}

function takeBytes(before: FramingState, bytes: Uint8Array, ends: readonly number[], cap: number): FramingStep {
  const events: FramingEvent[] = [];
  let state = before;
  let from = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte !== undefined && !ends.includes(byte)) continue;
    if (state.kind === "collecting") {
      if (state.held.length + at - from > cap) {
        events.push({ kind: "overflow" });
        state = { kind: "dropping" };
      } else if (at > from) {
        state = { kind: "collecting", held: joined(state.held, bytes.subarray(from, at)) };
      }
    }
    if (byte === undefined) break;
    const ended = endFrame(state);
    events.push(...ended.events);
    state = ended.state;
    from = at + 1;
  }
  return { state, events };
}

/** Always a fresh copy: a frame must not keep a whole read buffer alive. */
export function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}
