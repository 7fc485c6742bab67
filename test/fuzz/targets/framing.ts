import { type FramingEvent, type FramingInput, type FramingState, framer } from "../../../drivers/serial/framing.ts";

/** The first byte sets the cap, the second how the rest is cut; a cut before a 0xFE byte is an idle gap too. */
const idleMark = 0xfe;

export const target = {
  name: "framing",
  async seeds(): Promise<readonly Uint8Array[]> {
    const streams = [
      "P1:ABC\r",
      "P1:ABC\r\nP1:DEF\r\n",
      "\n\n\r ]Q1 x \r",
      "a".repeat(300),
      "one\xfetwo\xfe",
      "\0\x02x\x03\r",
    ];
    return streams.map((stream) => Buffer.from(`\x20\x03${stream}`, "latin1"));
  },
  /** Throws when a cut changes the frames, or the cap does not hold. */
  run(input: Uint8Array): string {
    const cap = 1 + (input[0] ?? 0);
    const pieceBytes = 1 + (input[1] ?? 0);
    const inputs = streamOf(input.subarray(2));
    const whole = frame(inputs, cap);
    const cut = frame(
      inputs.flatMap((piece) => pieces(piece, pieceBytes)),
      cap,
    );
    if (JSON.stringify(whole) !== JSON.stringify(cut)) throw new Error("a cut changed the frames");
    const frames = whole.filter((said) => said !== "overflow").length;
    return `${Math.min(frames, 5)} frames, ${Math.min(whole.length - frames, 3)} overflows`;
  },
};

function streamOf(bytes: Uint8Array): readonly FramingInput[] {
  const inputs: FramingInput[] = [];
  let from = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== idleMark) continue;
    inputs.push({ kind: "bytes", bytes: bytes.subarray(from, at) });
    if (at < bytes.length) inputs.push({ kind: "idle" });
    from = at + 1;
  }
  return inputs;
}

function pieces(input: FramingInput, size: number): readonly FramingInput[] {
  if (input.kind === "idle") return [input];
  const count = Math.ceil(input.bytes.length / size);
  return Array.from({ length: count }, (_, at) => ({
    kind: "bytes",
    bytes: input.bytes.subarray(at * size, (at + 1) * size),
  }));
}

function frame(inputs: readonly FramingInput[], maxFrameBytes: number): readonly string[] {
  const { initial, next } = framer({ maxFrameBytes });
  let state: FramingState = initial;
  const said: string[] = [];
  for (const input of inputs) {
    const step = next(state, input);
    state = step.state;
    if (state.kind === "collecting" && state.held.length > maxFrameBytes) throw new Error("more held than the cap");
    said.push(...step.events.map((event) => say(event, maxFrameBytes)));
  }
  return said;
}

function say(event: FramingEvent, cap: number): string {
  if (event.kind === "overflow") return "overflow";
  if (event.bytes.length === 0 || event.bytes.length > cap) throw new Error("a frame outside 1 to the cap");
  return Buffer.from(event.bytes).toString("hex");
}
