import type { EngineEvent, RunningEngine } from "../../drivers/serial/engines/engine.ts";
import type { FramingInput } from "../../drivers/serial/framing.ts";
import { recordings } from "../serial/recording.ts";

/** Byte streams with pauses in them, for the codecs of serial scanners. */

/** Stands for a pause in a fuzzer's input. */
export const pauseMark = Buffer.of(0xfe, 0xfe);

/** The stream that an input stands for. */
export function streamOf(input: Uint8Array): readonly FramingInput[] {
  const bytes = Buffer.from(input);
  const inputs: FramingInput[] = [];
  let from = 0;
  for (let at = bytes.indexOf(pauseMark); at >= 0; at = bytes.indexOf(pauseMark, from)) {
    inputs.push({ kind: "bytes", bytes: bytes.subarray(from, at) }, { kind: "idle" });
    from = at + pauseMark.length;
  }
  return [...inputs, { kind: "bytes", bytes: bytes.subarray(from) }];
}

/** The streams of the recordings in fixtures/ of some families, as inputs. */
export function recordedStreams(models: readonly string[]): readonly Uint8Array[] {
  return recordings()
    .filter(({ model }) => models.includes(model))
    .map(({ steps }) => Buffer.concat(steps.map(({ input }) => (input.kind === "idle" ? pauseMark : input.bytes))));
}

/** The same stream in pieces of `size` bytes. */
export function piecesOf(stream: readonly FramingInput[], size: number): readonly FramingInput[] {
  const inputs: FramingInput[] = [];
  for (const input of stream) {
    if (input.kind === "idle") inputs.push(input);
    else for (let at = 0; at < input.bytes.length; at += size) inputs.push(piece(input.bytes, at, size));
  }
  return inputs;
}

function piece(bytes: Uint8Array, at: number, size: number): FramingInput {
  return { kind: "bytes", bytes: bytes.subarray(at, at + size) };
}

/** What an engine says to a stream, one line for each event, then one for each reply. Throws when a frame is outside 1 to `cap` bytes. */
export function heardFrom(engine: RunningEngine, stream: readonly FramingInput[], cap: number): readonly string[] {
  const outputs = stream.map((input) => engine.take(input));
  return [
    ...outputs.flatMap(({ events }) => events.map((event) => shown(event, cap))),
    ...outputs.flatMap(({ replies }) => replies.map((reply) => `reply ${Buffer.from(reply).toString("hex")}`)),
  ];
}

function shown(event: EngineEvent, cap: number): string {
  switch (event.kind) {
    case "frame":
      if (event.bytes.length === 0 || event.bytes.length > cap) throw new Error("a frame outside 1 to the cap");
      return `frame ${event.symbology} ${Buffer.from(event.bytes).toString("hex")}`;
    case "answer":
      return `answer ${event.good} ${Buffer.from(event.bytes).toString("hex")}`;
    case "overflow":
    case "cut":
    case "garbled":
      return event.kind;
  }
}

/** The sorts of lines there are, as the outcome of a run. */
export function sortsOf(heard: readonly string[]): string {
  const sorts = new Set(heard.map((line) => line.split(" ")[0]));
  return [...sorts].toSorted().join(" ") || "nothing";
}
