import { setTimeout as sleep } from "node:timers/promises";
import type { Presentation, ReaderDriver, ReaderSink } from "../reader.ts";
import { look, type Sights, stillPresent } from "../serial/repeat.ts";
import { absentFault, type HidDevice, openDevice } from "./device.ts";
import { type HidEvent, type HidStep, hidStart, maxCodeBytes, midCode, takeIdle, takeReports } from "./report.ts";

export interface HidReaderOptions {
  /** `/dev/hidraw…`, or a link to it. */
  readonly path: string;
  /** The same code again within this since it was last seen is the same presentation; default 1500, 0 switches it off. */
  readonly repeatMs?: number;
}

const defaultRepeatMs = 1_500;
/** Reports of one code follow each other within milliseconds. */
const continuationMs = 500;
const model = "HID-POS scanner";

/**
 * A barcode scanner in HID-POS mode (USB usage page 0x8C) on hidraw.
 *
 * `run` throws `ReaderFault` when the device does not open or is lost. Codes that were read whole are presented before it
 * settles; one that was cut off by the loss is presented as `read_interrupted`. While a code is being decided no other is
 * taken, and the kernel keeps what the scanner sends.
 */
export function hidReader({ path, repeatMs = defaultRepeatMs }: HidReaderOptions): ReaderDriver {
  return {
    channel: "hid",
    async run(sink, signal) {
      const device = await openDevice(path, signal);
      if (device === null) return;
      const onAbort = () => void device.close();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        sink.ready(model);
        await serve(device, intakeOf(sink, repeatMs), signal);
      } finally {
        signal.removeEventListener("abort", onAbort);
        await device.close();
      }
      if (!signal.aborted) throw absentFault(path, "was unplugged");
    },
  };
}

/** Feeds the device's bytes, and the pauses between them, to the intake until the device ends or `signal` aborts. */
async function serve(device: HidDevice, intake: Intake, signal: AbortSignal): Promise<void> {
  let state = hidStart;
  let next = device.read();
  while (!signal.aborted) {
    const arrived = await (midCode(state) ? withinPause(next) : next);
    if (signal.aborted || arrived === null) break;
    const step: HidStep = arrived === "pause" ? takeIdle(state) : takeReports(state, arrived);
    if (arrived !== "pause") next = device.read();
    state = step.state;
    for (const event of step.events) await intake.take(event);
    if (midCode(state)) intake.begun();
  }
  if (!signal.aborted) for (const event of takeIdle(state).events) await intake.take(event);
  intake.end();
}

async function withinPause<T>(next: Promise<T>): Promise<T | "pause"> {
  const late = new AbortController();
  try {
    return await Promise.race([next, sleep(continuationMs, "pause" as const, { signal: late.signal })]);
  } finally {
    late.abort();
  }
}

interface Intake {
  /** The first report of a longer code is here. */
  begun(): void;
  /** Resolves when it is answered. */
  take(event: HidEvent): Promise<void>;
  /** No more will come. */
  end(): void;
}

function intakeOf(sink: ReaderSink, repeatMs: number): Intake {
  let sights: Sights = [];
  let announced = false;
  const begun = () => {
    // Most likely the code that lies there, once more: the lane should not flicker.
    if (announced || stillPresent(sights, performance.now(), repeatMs).length > 0) return;
    announced = true;
    sink.started();
  };
  const end = () => {
    if (announced) sink.ended();
    announced = false;
  };
  const isRepeat = (bytes: Uint8Array): boolean => {
    const seen = look(sights, bytes, performance.now(), repeatMs);
    sights = seen.sights;
    return seen.repeat;
  };
  return {
    begun,
    end,
    async take(event) {
      if (event.kind === "code" && isRepeat(event.bytes)) return end();
      if (!announced) sink.started();
      announced = true;
      await sink.presented(presentationOf(event));
      end();
    },
  };
}

function presentationOf(event: HidEvent): Presentation {
  switch (event.kind) {
    case "code": {
      const { bytes, symbology, aim } = event;
      return { outcome: "payload", bytes, protocol: null, symbology, aim, ndef: null };
    }
    case "overflow":
      return unreadable("frame_too_long", `The scanner sent a code of more than ${maxCodeBytes} bytes.`);
    case "damaged":
      return unreadable("reader_fault", "The scanner sent a report that contradicts itself.");
    case "cut":
      return unreadable("read_interrupted", "The scanner did not send the rest of a code.");
  }
}

function unreadable(reason: "frame_too_long" | "reader_fault" | "read_interrupted", detail: string): Presentation {
  return { outcome: "unreadable", reason, detail, protocol: null };
}
