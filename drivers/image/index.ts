import type { ImageEngine } from "./engines.ts";
import { type DecoderHost, startHost } from "./host-link.ts";
import {
  type ImageReading,
  type ImageSymbology,
  imageSymbologies,
  type Picture,
  type Refusal,
  refusal,
  tooManyPixels,
} from "./picture.ts";
import { isJpeg, isPng } from "./signatures.ts";
import type { DecodeRequest } from "./wire.ts";

export { type ImageEngine, imageEngines } from "./engines.ts";
export {
  type DecodedCode,
  type ImageReading,
  type ImageSymbology,
  imageSymbologies,
  type Picture,
  type Point,
  type RefusalReason,
  refusalReasons,
} from "./picture.ts";

export interface ImageLimits {
  /** Of a PNG or JPEG as it came; 10 MiB by default. */
  readonly maxBytes: number;
  /** Width times height; 16 Mi by default, a photo of a phone has 12. */
  readonly maxPixels: number;
  /** For one picture, from the moment its bytes are sent to the decoding process; 2 s by default. */
  readonly timeMs: number;
}

export interface ImageDecoderOptions {
  readonly engine: ImageEngine;
  readonly limits?: Partial<ImageLimits>;
  /** Closes the decoder. */
  readonly signal: AbortSignal;
}

/** Finds codes in pictures, in a process of its own. Never throws for a picture. */
export interface ImageDecoder {
  /**
   * One picture after the other; at most 8 wait, the next is refused as `engine_failed`.
   *
   * @param options `symbologies`: those to look for, all five by default
   */
  decode(picture: Picture, options?: { readonly symbologies?: readonly ImageSymbology[] }): Promise<ImageReading>;
  /** Resolves when the process is gone; pictures under way are refused as `engine_failed`. */
  close(): Promise<void>;
}

/** Why there is no decoder. */
export class ImageDecoderFault extends Error {
  override readonly name = "ImageDecoderFault";
  readonly code = "engine_absent";
  readonly remedy = "Install the package again: the program or the files of the decoder are missing.";
}

const defaultLimits: ImageLimits = { maxBytes: 10 << 20, maxPixels: 16 << 20, timeMs: 2_000 };
const mostWaiting = 8;

/** Tells by its first bytes what kind of picture a file is; null for everything that is not decoded (SVG among it). */
export function sniffPicture(bytes: Uint8Array): Picture | null {
  if (isPng(bytes)) return { kind: "png", bytes };
  return isJpeg(bytes) ? { kind: "jpeg", bytes } : null;
}

/**
 * Starts a decoding process. After a crash or a time limit it is replaced by itself.
 *
 * @throws ImageDecoderFault when no such process can be started
 */
export async function openImageDecoder(options: ImageDecoderOptions): Promise<ImageDecoder> {
  const { signal } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const { engine, maxPixels } = { engine: options.engine, maxPixels: limits.maxPixels };
  const start = () => startHost({ engine, maxPixels, maxBodyBytes: Math.max(limits.maxBytes, maxPixels) });
  let starting: Promise<DecoderHost | null> = start();
  let queue: Promise<unknown> = starting;
  let waiting = 0;
  let closed = false;

  const close = async () => {
    closed = true;
    signal.removeEventListener("abort", onAbort);
    await (await starting)?.end();
  };
  const onAbort = () => void close();
  if ((await starting) === null) throw new ImageDecoderFault(`The image decoder ${engine} does not start.`);
  if (signal.aborted) await close();
  else signal.addEventListener("abort", onAbort, { once: true });

  /** The process that runs, or a new one where it has died. */
  const host = async (): Promise<DecoderHost | null> => {
    const running = await starting;
    if (running?.alive() === true || closed) return running;
    starting = start();
    return starting;
  };
  const decodeNow = async (picture: Picture, symbologies: readonly ImageSymbology[]): Promise<ImageReading> => {
    const running = await host();
    if (closed) return closedRefusal;
    if (running === null) return refusal("engine_failed", "The decoding process could not be started.");
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void running.end();
    }, limits.timeMs);
    const { request, body } = requestOf(picture, symbologies);
    const reading = await running.ask(request, body);
    clearTimeout(timer);
    if (reading !== null) return reading;
    if (closed) return closedRefusal;
    // At once, not at the next picture: that one should not wait for it.
    starting = start();
    return late
      ? refusal("timeout", `The picture was not decoded within ${limits.timeMs} ms.`)
      : refusal("engine_failed", "The decoding process died over this picture.");
  };

  return {
    close,
    async decode(picture, { symbologies = imageSymbologies } = {}) {
      const refused = refuseUnseen(picture, limits);
      if (refused !== null) return refused;
      if (closed) return closedRefusal;
      if (waiting >= mostWaiting) return refusal("engine_failed", `${mostWaiting} pictures are waiting already.`);
      waiting += 1;
      const turn = queue.then(() => decodeNow(picture, symbologies));
      queue = turn;
      try {
        return await turn;
      } finally {
        waiting -= 1;
      }
    },
  };
}

const closedRefusal = refusal("engine_failed", "The decoder is closed.");

/** What needs no look into the picture. */
function refuseUnseen(picture: Picture, { maxBytes, maxPixels }: ImageLimits): Refusal | null {
  if (picture.kind === "grey") {
    const { width, height, pixels } = picture;
    const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
    if (whole && width * height > maxPixels) return tooManyPixels(width, height, maxPixels);
    const fits = whole && pixels.length === width * height;
    return fits ? null : refusal("damaged_image", "The frame does not have the pixels that its size announces.");
  }
  return picture.bytes.length > maxBytes
    ? refusal("too_large", `The picture has ${picture.bytes.length} bytes; at most ${maxBytes} are looked at.`)
    : null;
}

function requestOf(
  picture: Picture,
  symbologies: readonly ImageSymbology[],
): { readonly request: DecodeRequest; readonly body: Uint8Array } {
  if (picture.kind !== "grey") {
    return { request: { kind: picture.kind, width: 0, height: 0, symbologies }, body: picture.bytes };
  }
  const { kind, width, height, pixels } = picture;
  return { request: { kind, width, height, symbologies }, body: pixels };
}
