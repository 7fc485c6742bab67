import {
  type DecodedCode,
  type ImageDecoder,
  ImageDecoderFault,
  type ImageEngine,
  openImageDecoder,
  type Picture,
} from "../image/index.ts";
import { type Presentation, type ReaderDriver, ReaderFault, type ReaderSink } from "../reader.ts";
import { look, type Sights } from "../serial/repeat.ts";

/** A grey picture: one byte a pixel, 0 black, row after row from the top left. */
export type GreyPicture = Omit<Extract<Picture, { readonly kind: "grey" }>, "kind">;

export interface CameraOptions {
  readonly engine: ImageEngine;
  /** Most pictures looked at in a second; what comes faster is not decoded. */
  readonly picturesPerS: number;
  /** What to do when no picture comes, for the person beside it. */
  readonly remedy: string;
  /** No picture for this long: nobody shows the camera any more; 10 s by default, milliseconds. */
  readonly silenceMs?: number;
}

/** What became of a picture. Closed. */
export const pictureOutcomes = [
  /** No code is in it. */
  "nothing",
  /** Several different codes: none is chosen. */
  "several",
  /** A code, and its presentation begins. */
  "presented",
  /** The code that was there a moment ago. */
  "repeat",
  /** The reader starts, or its lane cannot decide now. */
  "resting",
  /** It came while another one was in work, or sooner than agreed. */
  "busy",
  /** It could not be decoded. */
  "refused",
] as const;
export type PictureOutcome = (typeof pictureOutcomes)[number];

/** A reader whose pictures somebody else takes: the page of a lane, with the camera of the machine that shows it. */
export interface CameraReader extends ReaderDriver {
  /** One picture; answered when it is decoded, before its pass is decided. Never rejects. */
  take(picture: GreyPicture): Promise<PictureOutcome>;
}

/** Largest picture that is taken, pixels: nobody needs more for a code before a camera. */
export const largestPicture = 1280 * 960;
const decodeMs = 1_000;
/** A code last seen at most this long ago is still being held up: some pictures of it are blurred. */
const repeatMs = 2_500;
const silenceMs = 10_000;
const model = "camera of the lane page";

/**
 * Reads codes from pictures that are handed in, with the decoder in a process of its own while pictures come.
 *
 * `run` throws `ReaderFault`: `reader_absent` when no picture came for `silenceMs`, `reader_unsupported` when there is no
 * decoder.
 */
export function cameraReader(options: CameraOptions): CameraReader {
  const silence = options.silenceMs ?? silenceMs;
  // Timers are not exact: a picture that is a little early is on time.
  const shortestMs = 500 / options.picturesPerS;
  let lastMs = Number.NEGATIVE_INFINITY;
  let armed = true;
  let open: { readonly sink: ReaderSink; readonly decoder: ImageDecoder } | null = null;
  let inWork = false;
  let sights: Sights = [];
  /** The lane says that there are several codes. */
  let hinting = false;
  let arrived = Promise.withResolvers<void>();

  const silentForMs = (): number => performance.now() - lastMs;
  const present = async (sink: ReaderSink, code: DecodedCode): Promise<void> => {
    sink.started();
    await sink.presented(presentationOf(code));
    sink.ended();
    inWork = false;
  };
  const outcomeOf = (codes: readonly DecodedCode[]): PictureOutcome => {
    const [code, ...others] = codes;
    if (code === undefined) return "nothing";
    if (others.some(({ bytes }) => Buffer.compare(bytes, code.bytes) !== 0)) return "several";
    const seen = look(sights, code.bytes, performance.now(), repeatMs);
    sights = seen.sights;
    if (seen.repeat) return "repeat";
    return "presented";
  };
  /** Asks for one code alone, once for as long as there are several. */
  const hint = (sink: ReaderSink, several: boolean): void => {
    if (several === hinting) return;
    hinting = several;
    if (several) {
      sink.started();
      sink.guidance("one_at_a_time");
    } else sink.ended();
  };

  return {
    channel: "camera",
    arm: (on) => {
      armed = on;
    },
    async appears(withinMs, signal) {
      const { promise } = arrived;
      await Promise.race([promise, until(withinMs, signal)]);
    },
    async run(sink, signal) {
      const absent = () =>
        new ReaderFault("reader_absent", "no page sends the pictures of its camera", { remedy: options.remedy });
      if (silentForMs() > silence) throw absent();
      const decoder = await openDecoder(options.engine, signal);
      open = { sink, decoder };
      try {
        sink.ready(model);
        while (!signal.aborted && silentForMs() <= silence) await until(silence - silentForMs() + 1, signal);
      } finally {
        open = null;
        sights = [];
        hinting = false;
        await decoder.close();
      }
      if (!signal.aborted) throw absent();
    },
    async take(picture) {
      const sinceMs = silentForMs();
      lastMs = performance.now();
      arrived.resolve();
      arrived = Promise.withResolvers<void>();
      const now = open;
      if (now === null || !armed) return "resting";
      if (inWork || sinceMs < shortestMs) return "busy";
      inWork = true;
      const reading = await now.decoder.decode({ kind: "grey", ...picture });
      // What is presented is in work until it is decided.
      inWork = false;
      if (reading.outcome === "refused") return "refused";
      if (open !== now || !armed) return "resting";
      const outcome = outcomeOf(reading.codes);
      hint(now.sink, outcome === "several");
      const [code] = reading.codes;
      if (outcome === "presented" && code !== undefined) {
        inWork = true;
        void present(now.sink, code);
      }
      return outcome;
    },
  };
}

async function openDecoder(engine: ImageEngine, signal: AbortSignal): Promise<ImageDecoder> {
  try {
    const limits = { maxBytes: 0, maxPixels: largestPicture, timeMs: decodeMs };
    return await openImageDecoder({ engine, limits, signal });
  } catch (cause) {
    if (!(cause instanceof ImageDecoderFault)) throw cause;
    throw new ReaderFault("reader_unsupported", cause.message, { remedy: cause.remedy, cause });
  }
}

function presentationOf({ bytes, symbology, aim }: DecodedCode): Presentation {
  return { outcome: "payload", bytes, protocol: null, symbology, aim, ndef: null };
}

/** Resolves after `ms`, or at once when `signal` aborts. */
function until(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
