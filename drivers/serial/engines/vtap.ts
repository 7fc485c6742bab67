import type { Protocol } from "../../reader.ts";
import { type FramingState, framer, lineEnds, midFrame } from "../framing.ts";
import type { Engine, EngineEvent } from "./engine.ts";
import { reading } from "./plain.ts";

export interface VtapOptions {
  readonly maxFrameBytes: number;
  /** Each line begins with the pass type character ("Pass type character", VTAP commands). */
  readonly typed: boolean;
}

/** `Q` is what a barcode scanner behind the reader read; all others come over the air. */
const passTypes = "AG0246EXWQ";
const scannerInput = "Q";

/** dotOrigin VTAP over a serial line in active mode: pass payload and postfix, with or without the pass type before it. */
export function vtapEngine(options: VtapOptions): Engine<FramingState> {
  const lines = framer({ maxFrameBytes: options.maxFrameBytes, terminators: lineEnds });
  return {
    initial: lines.initial,
    next(before, input) {
      const { state, events } = lines.next(before, input);
      return { state, events: events.flatMap((event) => passOf(event, options.typed)), replies: [] };
    },
    midFrame,
    reading,
  };
}

function passOf(
  event: { readonly kind: "frame"; readonly bytes: Uint8Array } | { readonly kind: "overflow" },
  typed: boolean,
): readonly EngineEvent[] {
  if (event.kind === "overflow") return [event];
  const type = String.fromCharCode(event.bytes[0] ?? 0);
  const known = typed && passTypes.includes(type);
  const bytes = known ? event.bytes.slice(1) : event.bytes;
  const protocol: Protocol | null = known && type === scannerInput ? null : "vtap";
  // A type with nothing behind it: the pass held nothing.
  return bytes.length === 0 ? [] : [{ kind: "frame", bytes, protocol, symbology: null }];
}
