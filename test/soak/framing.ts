import { parseArgs } from "node:util";
import { type FramingEvent, type FramingInput, framer } from "../../drivers/serial/framing.ts";
import { Dice } from "../fuzz/mutate.ts";

/** `node test/soak/framing.ts --frames 1000000 [--seed 1]`: exits 1 at the first frame that is not what was sent. */

export interface FramingReport {
  readonly frames: number;
  readonly bytes: number;
  /** Pieces that the stream was cut into. */
  readonly pieces: number;
  /** What the first wrong frame was; null when all were right. */
  readonly wrong: string | null;
}

const cap = 4_096;
const terminators = ["\r", "\n", "\r\n", "\n\r", "\r\r"];
/** So many frames are sent before the frames that came out are looked at. */
const batchFrames = 1_000;

/** Sends frames of all lengths and contents, cut at random places, and compares what comes out one by one. */
export function soakFraming(frames: number, seed: number): FramingReport {
  const dice = new Dice(seed);
  const { initial, next } = framer({ maxFrameBytes: cap });
  let state = initial;
  let bytes = 0;
  let pieces = 0;
  for (let sent = 0; sent < frames; sent += batchFrames) {
    const batch = Array.from({ length: Math.min(batchFrames, frames - sent) }, () => frameOf(dice));
    const came: FramingEvent[] = [];
    for (const input of batch.flatMap(({ content, end }) => [content, end]).flatMap((piece) => cut(piece, dice))) {
      const step = next(state, input);
      state = step.state;
      came.push(...step.events);
      pieces += 1;
      bytes += input.kind === "bytes" ? input.bytes.length : 0;
    }
    const wrong = firstWrong(batch, came);
    if (wrong !== null) return { frames: sent, bytes, pieces, wrong };
  }
  return { frames, bytes, pieces, wrong: null };
}

interface SentFrame {
  readonly content: Uint8Array;
  readonly end: Uint8Array | "idle";
}

function frameOf(dice: Dice): SentFrame {
  const kind = dice.roll(1_000);
  const length = kind === 0 ? cap + 1 + dice.roll(200) : kind < 20 ? 1 + dice.roll(cap) : 1 + dice.roll(120);
  const content = Uint8Array.from({ length }, () => contentByte(dice));
  return { content, end: dice.roll(10) === 0 ? "idle" : Buffer.from(dice.pick(terminators), "latin1") };
}

/** Any byte but those that end a frame. */
function contentByte(dice: Dice): number {
  const byte = dice.roll(256);
  return byte === 0x0d || byte === 0x0a ? 0x20 : byte;
}

/** Pieces of 1 to 64 bytes: a slow line gives single bytes, USB up to 64. */
function cut(piece: Uint8Array | "idle", dice: Dice): readonly FramingInput[] {
  if (piece === "idle") return [{ kind: "idle" }];
  const inputs: FramingInput[] = [];
  for (let at = 0; at < piece.length; ) {
    const to = at + 1 + dice.roll(64);
    inputs.push({ kind: "bytes", bytes: piece.subarray(at, to) });
    at = to;
  }
  return inputs;
}

function firstWrong(sent: readonly SentFrame[], came: readonly FramingEvent[]): string | null {
  for (const [at, { content }] of sent.entries()) {
    const event = came[at];
    if (content.length > cap ? event?.kind === "overflow" : isFrame(event, content)) continue;
    const shown = event?.kind === "frame" ? Buffer.from(event.bytes).toString("hex") : (event?.kind ?? "nothing");
    return `sent ${Buffer.from(content).toString("hex")}, got ${shown}`;
  }
  return came.length === sent.length ? null : `${came.length - sent.length} frames too many`;
}

function isFrame(event: FramingEvent | undefined, content: Uint8Array): boolean {
  return event?.kind === "frame" && Buffer.compare(event.bytes, content) === 0;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { frames: { type: "string" }, seed: { type: "string" } } });
  const started = performance.now();
  const report = soakFraming(Number(values.frames ?? 1_000_000), Number(values.seed ?? 1));
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `${report.frames} frames, ${report.bytes} bytes in ${report.pieces} pieces, ${seconds.toFixed(1)} s: ` +
      (report.wrong === null ? "every frame as it was sent" : `WRONG: ${report.wrong}`),
  );
  process.exitCode = report.wrong === null ? 0 : 1;
}
