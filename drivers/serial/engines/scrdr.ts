import { type FramingState, framer, lineEnds, midFrame } from "../framing.ts";
import type { Engine, EngineEvent } from "./engine.ts";
import { reading } from "./plain.ts";

/**
 * SpringCard SpringCore in Smart Reader mode over a serial line: one message a line, either `$SCRDR` text or the JSON reader event
 * (SpringCore documentation, "$SCRDR Messages" and "READER EVENT Message").
 *
 * `$SCRDR;<Interface>;<Protocol>;<Template>;<RSSI>;<TagId>;<Move>;<TagData>;<TagDetails>*<Checksum>`
 */
export function scrdrEngine(maxFrameBytes: number): Engine<FramingState> {
  const lines = framer({ maxFrameBytes, terminators: lineEnds });
  return {
    initial: lines.initial,
    next(before, input) {
      const { state, events } = lines.next(before, input);
      return {
        state,
        events: events.flatMap((event) => (event.kind === "overflow" ? [event] : messageOf(event.bytes))),
        replies: [],
      };
    },
    midFrame,
    reading,
  };
}

interface ReaderEvent {
  /** What the reader's template made of the pass. */
  readonly content: string;
  readonly removed: boolean;
}

function messageOf(line: Uint8Array): readonly EngineEvent[] {
  const text = Buffer.from(line).toString("latin1");
  const read = text.startsWith("{") ? fromJson(text) : text.startsWith("$SCRDR") ? fromText(text) : "other";
  // Its name at start-up and the like.
  if (read === "other") return [];
  if (read === "damaged") return [{ kind: "cut" }];
  if (read.removed || read.content === "") return [];
  return [{ kind: "frame", bytes: contentBytes(read.content), protocol: "vtap", symbology: null }];
}

const fields = { tagId: 5, move: 6, tagData: 7 } as const;

function fromText(text: string): ReaderEvent | "damaged" {
  const star = text.lastIndexOf("*");
  const sum = Number.parseInt(text.slice(star + 1), 16);
  const parts = text.slice(0, star).split(";");
  if (star < 0 || !checksums(text.slice(1, star)).includes(sum)) return "damaged";
  const field = (at: number) => parts[at]?.trim() ?? "";
  return { content: field(fields.tagData) || field(fields.tagId), removed: field(fields.move) === "R" };
}

/** The documentation names two: over what stands between `$` and `*`, and over both as well. */
function checksums(between: string): readonly number[] {
  const inner = Buffer.from(between, "latin1").reduce((all, byte) => all ^ byte, 0);
  return [inner, inner ^ 0x24 ^ 0x2a];
}

function fromJson(text: string): ReaderEvent | "damaged" {
  const message = parsed(text);
  if (typeof message !== "object" || message === null || Array.isArray(message)) return "damaged";
  const member = (name: string) => {
    const value: unknown = Object.getOwnPropertyDescriptor(message, name)?.value;
    return typeof value === "string" ? value : "";
  };
  const move = member("Move") || member("State");
  return { content: member("TagData") || member("TagId"), removed: move === "Remove" };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The only thing it throws: not JSON.
    return null;
  }
}

/** "Hex or text, variable length": hexadecimal digits in pairs are bytes, anything else is text. */
function contentBytes(content: string): Uint8Array {
  const hex = content.length % 2 === 0 && /^[0-9A-Fa-f]+$/.test(content);
  return new Uint8Array(Buffer.from(content, hex ? "hex" : "latin1"));
}
