import { setTimeout as sleep } from "node:timers/promises";
import { type Feedback, type Presentation, ReaderFault, type ReaderSink } from "../../drivers/reader.ts";
import { type SerialReader, type SerialReaderOptions, serialReader } from "../../drivers/serial/index.ts";

/** A sink that writes down what it is told, in order, and answers as it is told to. */
export interface RecordingSink extends ReaderSink {
  /** `ready NAME`, `started`, `presented`, `ended`. */
  readonly calls: readonly string[];
  readonly presentations: readonly Presentation[];
}

export function recordingSink(answer: () => Feedback | Promise<Feedback> = () => "accepted"): RecordingSink {
  const calls: string[] = [];
  const presentations: Presentation[] = [];
  return {
    calls,
    presentations,
    ready: (model) => void calls.push(`ready ${model}`),
    started: () => void calls.push("started"),
    guidance: (hint) => void calls.push(`guidance ${hint}`),
    async presented(presentation) {
      calls.push("presented");
      presentations.push(presentation);
      return answer();
    },
    ended: () => void calls.push("ended"),
  };
}

/** Payloads as Latin-1 text, unreadables as `<reason>`. */
export function said(presentations: readonly Presentation[]): readonly string[] {
  return presentations.map((presentation) =>
    presentation.outcome === "payload"
      ? Buffer.from(presentation.bytes).toString("latin1")
      : `<${presentation.reason}>`,
  );
}

export interface PluggedReader extends AsyncDisposable {
  readonly reader: SerialReader;
  /** The fault `run` ended with, null after an orderly end; anything else it throws is thrown on. */
  readonly ended: Promise<ReaderFault | null>;
  stop(): Promise<ReaderFault | null>;
}

export const settings = { baudRate: 115_200, idleGapMs: 50, maxFrameBytes: 4_096, aim: "auto" } as const;

/** Runs a reader and waits until it is ready (or has failed). */
export async function plugReader(
  options: Pick<SerialReaderOptions, "path"> & Partial<SerialReaderOptions>,
  sink: RecordingSink,
  given?: AbortSignal,
): Promise<PluggedReader> {
  const reader = serialReader({ ...settings, ...options });
  const abort = new AbortController();
  let over = false;
  const ended = reader
    .run(sink, given ?? abort.signal)
    .then(() => null, faultOf)
    .finally(() => {
      over = true;
    });
  const before = sink.calls.length;
  await until(() => over || sink.calls.length > before);
  const stop = () => {
    abort.abort();
    return ended;
  };
  return {
    reader,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

function faultOf(error: unknown): ReaderFault {
  if (error instanceof ReaderFault) return error;
  throw error;
}

/** Waits for something that must happen soon; at most 10 s. */
export async function until(happened: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !happened(); await sleep(2)) {
    if (performance.now() > end) throw new Error("it did not happen within 10 s");
  }
}
