import type { Feedback, Presentation, ReaderSink } from "../reader.ts";
import {
  type CutEvent,
  type EngineEvent,
  type EngineOutput,
  type FrameEvent,
  idle,
  type OverflowEvent,
  type RunningEngine,
} from "./engines/engine.ts";
import { look, type Sights, stillPresent } from "./repeat.ts";
import { type AimMode, takeAim } from "./symbology.ts";

/** Whole frames waiting while one is being decided; beyond it the port is paused, so nothing that was read is lost. */
const maxWaiting = 16;
/** A timer this much too late proves that nobody could read in time: the gap it measured is ours, not the scanner's. */
const latenessMs = 10;
/** So often a late idle timer is set anew; a program that is late for ever must still end its frames. */
const maxRetimings = 5;

export interface IntakeOptions {
  readonly idleGapMs: number;
  readonly maxFrameBytes: number;
  readonly aim: AimMode;
  readonly repeatMs: number;
}

/** What the intake does to the line. */
export interface IntakeLine {
  pause(): void;
  resume(): void;
  /** What the protocol owes the scanner, at once. */
  reply(bytes: Uint8Array): void;
  /** What became of a code; `ignored` for a repeat. */
  answer(feedback: Feedback): void;
  /** All codes read so far were answered. */
  rested(): void;
}

/** Counted since the reader was made. */
export interface SerialStats {
  /** Presented with a payload. */
  readonly frames: number;
  /** Swallowed, because the same code lay before the scanner. */
  readonly repeats: number;
  readonly overlong: number;
  /** Cut off by the loss of the scanner, or by a pause within its envelope. */
  readonly interrupted: number;
  /** Damaged packets; where the protocol allows it they were asked for again. */
  readonly garbled: number;
}
export type Count = (what: keyof SerialStats) => void;

type Arrival = FrameEvent | OverflowEvent | CutEvent | { readonly kind: "lost" };
interface Waiting {
  readonly arrival: Arrival;
  /** `started` was already said, at its first byte. */
  readonly announced: boolean;
}

export interface Intake {
  accept(bytes: Uint8Array): void;
  /** A code is under way, waits or is being decided. */
  busy(): boolean;
  /** Rejects if the sink breaks its promise never to reject; never resolves. */
  readonly broken: Promise<never>;
  /** No more bytes: presents what is whole, then resolves. `lost`: a frame under way was cut off and is presented as such. */
  finish(end: "stopped" | "lost"): Promise<void>;
}

/** From bytes to presentations: frames them, leaves repeats out, and presents one at a time, in order. */
export function startIntake(
  sink: ReaderSink,
  engine: RunningEngine,
  line: IntakeLine,
  options: IntakeOptions,
  count: Count,
): Intake {
  const broken = Promise.withResolvers<never>();
  const waiting: Waiting[] = [];
  let sights: Sights = [];
  let announced = false;
  let paused = false;
  let idleTimer: NodeJS.Timeout | null = null;
  let presenting: Promise<void> | null = null;

  const enqueue = (arrival: Arrival) => {
    waiting.push({ arrival, announced });
    announced = false;
    if (!paused && waiting.length >= maxWaiting) {
      paused = true;
      stopIdle();
      line.pause();
    }
    // Never at once: `presenting` must be set before the first call to the sink can fail.
    presenting ??= Promise.resolve().then(presentAll).catch(broken.reject);
  };

  const presentAll = async () => {
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await presentOne(next);
    } finally {
      presenting = null;
    }
    announce();
    line.rested();
  };

  const presentOne = async (next: Waiting) => {
    if (!next.announced) sink.started();
    const feedback = await sink.presented(toPresentation(next.arrival, options));
    line.answer(feedback);
    sink.ended();
    if (!paused || waiting.length >= maxWaiting) return;
    paused = false;
    // Bytes may have piled up meanwhile: the gap is measured anew.
    startIdle();
    line.resume();
  };

  /** Says `started` at the first byte, unless an earlier frame is still being answered or this may be a repeat. */
  const announce = () => {
    if (announced || presenting !== null || !engine.reading()) return;
    if (stillPresent(sights, performance.now(), options.repeatMs).length > 0) return;
    announced = true;
    sink.started();
  };

  const settle = ({ events, replies }: EngineOutput) => {
    for (const reply of replies) line.reply(reply);
    for (const event of events) settleOne(event);
  };

  const answerRepeat = () => {
    line.answer("ignored");
    if (presenting === null) line.rested();
  };

  const settleOne = (event: EngineEvent) => {
    switch (event.kind) {
      case "frame": {
        const seen = look(sights, event.bytes, performance.now(), options.repeatMs);
        sights = seen.sights;
        count(seen.repeat ? "repeats" : "frames");
        if (seen.repeat) answerRepeat();
        else enqueue(event);
        return;
      }
      case "overflow":
        count("overlong");
        enqueue(event);
        return;
      case "cut":
        count("interrupted");
        enqueue(event);
        return;
      case "garbled":
        count("garbled");
        return;
      case "answer":
        // Tone and trigger are best effort: an answer to them changes nothing for the code.
        return;
    }
  };

  const stopIdle = () => {
    if (idleTimer !== null) clearTimeout(idleTimer);
    idleTimer = null;
  };
  const startIdle = (retimings = 0) => {
    stopIdle();
    if (options.idleGapMs === 0 || paused || !engine.midFrame()) return;
    const due = performance.now() + options.idleGapMs;
    idleTimer = setTimeout(() => {
      idleTimer = null;
      if (performance.now() - due > latenessMs && retimings < maxRetimings) startIdle(retimings + 1);
      else feedIdle();
    }, options.idleGapMs);
  };
  const feedIdle = () => {
    settle(engine.take(idle));
    // A message of several packets outlives a pause, but not for ever.
    startIdle();
  };

  return {
    broken: broken.promise,
    busy: () => presenting !== null || waiting.length > 0 || engine.reading(),
    accept(bytes) {
      settle(engine.take({ kind: "bytes", bytes }));
      announce();
      startIdle();
    },
    async finish(end) {
      stopIdle();
      if (end === "lost" && engine.reading()) {
        count("interrupted");
        enqueue({ kind: "lost" });
      }
      while (presenting !== null) await presenting;
      if (announced) sink.ended();
      announced = false;
    },
  };
}

function toPresentation(arrival: Arrival, options: IntakeOptions): Presentation {
  switch (arrival.kind) {
    case "frame": {
      const { aim, symbology, bytes } = takeAim(arrival.bytes, options.aim);
      const { protocol } = arrival;
      return { outcome: "payload", bytes, protocol, symbology: symbology ?? arrival.symbology, aim, ndef: null };
    }
    case "overflow":
      return {
        outcome: "unreadable",
        reason: "frame_too_long",
        detail: `The scanner sent more than ${options.maxFrameBytes} bytes without an end of line.`,
        protocol: null,
      };
    case "cut":
      return {
        outcome: "unreadable",
        reason: "read_interrupted",
        detail: "The scanner stopped in the middle of a code.",
        protocol: null,
      };
    case "lost":
      return {
        outcome: "unreadable",
        reason: "read_interrupted",
        detail: "The scanner went away in the middle of a code.",
        protocol: null,
      };
  }
}
