import { type FramingInput, type FramingState, framer, joined, midFrame } from "../framing.ts";
import { readCinoAnswer } from "./cino.ts";
import type { Engine, EngineEvent, EngineStep } from "./engine.ts";
import { type AnswerReading, readGm65Answer } from "./gm65.ts";
import { reading, translated } from "./plain.ts";

export interface Framed7eOptions {
  readonly maxFrameBytes: number;
  readonly terminators: readonly number[];
  readonly ignored: readonly string[];
  /** Whose answers stand between the codes. */
  readonly answers: "gm65" | "cino";
}

export interface Framed7eState {
  readonly line: FramingState;
  /** What may become an answer; only at the beginning of a frame. At most 1,025 bytes. */
  readonly held: Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * Scanners that send codes as lines and answer `7E` commands in between. An answer is recognised only where a frame begins,
 * and only when it is whole and its checksum holds: everything else is a code, because a lost code is worse than a stray line.
 */
export function framed7eEngine(options: Framed7eOptions): Engine<Framed7eState> {
  const lines = framer(options);
  const readAnswer = options.answers === "gm65" ? readGm65Answer : readCinoAnswer;

  const next = (before: Framed7eState, input: FramingInput): EngineStep<Framed7eState> => {
    const events: EngineEvent[] = [];
    let line = before.line;
    const feed = (piece: FramingInput) => {
      const step = lines.next(line, piece);
      line = step.state;
      events.push(...step.events.flatMap((event) => translated(event, options.ignored)));
    };
    if (input.kind === "idle") {
      if (before.held.length > 0) feed({ kind: "bytes", bytes: before.held });
      feed(input);
      return { state: { line, held: nothing }, events, replies: [] };
    }
    let rest = joined(before.held, input.bytes);
    while (rest.length > 0) {
      const answer: AnswerReading = midFrame(line) ? "none" : readAnswer(rest);
      if (answer === "unfinished") return { state: { line, held: rest.slice() }, events, replies: [] };
      if (answer === "none") {
        const end = rest.findIndex((byte) => options.terminators.includes(byte));
        const length = end < 0 ? rest.length : end + 1;
        feed({ kind: "bytes", bytes: rest.subarray(0, length) });
        rest = rest.subarray(length);
        continue;
      }
      events.push({ kind: "answer", good: answer.good, bytes: answer.bytes });
      rest = rest.subarray(answer.length);
    }
    return { state: { line, held: nothing }, events, replies: [] };
  };

  return {
    initial: { line: lines.initial, held: nothing },
    next,
    midFrame: (state) => state.held.length > 0 || midFrame(state.line),
    reading: (state) => reading(state.line),
  };
}
