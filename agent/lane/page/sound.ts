import type { LaneState } from "../../views.ts";

/** One tone: start and length in seconds, pitch in hertz at start and end. */
interface Tone {
  readonly at: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly wave: OscillatorType;
}

/** Five rhythms that differ without their pitch too (ecosystem.md 1.12); the other states are silent. */
const rhythms: Readonly<Record<LaneState, readonly Tone[]>> = {
  idle: [],
  checking: [],
  asking: [],
  reading: [{ at: 0, length: 0.04, from: 1_250, to: 1_250, wave: "sine" }],
  accepted: [
    { at: 0, length: 0.1, from: 659, to: 659, wave: "sine" },
    { at: 0.12, length: 0.28, from: 988, to: 988, wave: "sine" },
  ],
  rejected: [
    { at: 0, length: 0.24, from: 196, to: 185, wave: "sawtooth" },
    { at: 0.36, length: 0.34, from: 165, to: 147, wave: "sawtooth" },
  ],
  attention: [
    { at: 0, length: 0.09, from: 523, to: 523, wave: "triangle" },
    { at: 0.16, length: 0.09, from: 523, to: 523, wave: "triangle" },
    { at: 0.32, length: 0.09, from: 523, to: 523, wave: "triangle" },
  ],
  out_of_order: [{ at: 0, length: 0.7, from: 330, to: 110, wave: "triangle" }],
};

const loudness = 0.35;
/** A tone that starts or stops at once clicks. */
const fadeS = 0.012;

export interface Speaker {
  /** Plays the rhythm of a state; nothing while the browser blocks sound. */
  play(state: LaneState): void;
}

/**
 * Sound by synthesis. A browser may block it until somebody touches the page.
 *
 * @param muted is told whenever that changes
 */
export function createSpeaker(root: Document, muted: (blocked: boolean) => void): Speaker {
  const context = openAudio();
  if (context === null) {
    muted(true);
    return { play: () => undefined };
  }
  const report = (): void => muted(context.state !== "running");
  const unlock = (): void => {
    if (context.state !== "running") void context.resume();
  };
  context.addEventListener("statechange", report);
  root.addEventListener("pointerdown", unlock);
  root.addEventListener("keydown", unlock);
  // A context that may play needs a moment to start; before that it looks blocked.
  setTimeout(report, 1_000);
  return {
    play: (state) => {
      if (context.state !== "running") return;
      const from = context.currentTime;
      for (const tone of rhythms[state]) playTone(context, tone, from);
    },
  };
}

/** Null on a machine without sound: the lane works on without it. */
function openAudio(): AudioContext | null {
  try {
    return new AudioContext();
  } catch (cause) {
    if (cause instanceof DOMException) return null;
    throw cause;
  }
}

/** @param from one beginning for all tones of a rhythm: the clock runs on between two calls */
function playTone(context: AudioContext, tone: Tone, from: number): void {
  const start = from + tone.at;
  const end = start + tone.length;
  const oscillator = new OscillatorNode(context, { type: tone.wave, frequency: tone.from });
  oscillator.frequency.linearRampToValueAtTime(tone.to, end);
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loudness, start + fadeS);
  gain.gain.setValueAtTime(loudness, end - fadeS);
  gain.gain.linearRampToValueAtTime(0, end);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(end);
}
