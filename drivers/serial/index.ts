import { basename, dirname } from "node:path";
import type { Feedback, ReaderDriver } from "../reader.ts";
import { type SerialStats, startIntake } from "./intake.ts";
import { genericScanner, type ScannerModel } from "./models.ts";
import { openPort } from "./port.ts";
import type { AimMode } from "./symbology.ts";

export { type Holder, lockHolders, openHolders } from "./holders.ts";
export type { SerialStats } from "./intake.ts";
export { genericScanner, type ScannerModel } from "./models.ts";
export { type AimMode, takeAim } from "./symbology.ts";

export interface SerialReaderOptions {
  /** Device node or, better, its link under `/dev/serial/by-id`. */
  readonly path: string;
  readonly baudRate: number;
  /** A pause this long ends a frame; 0: only CR and LF do. */
  readonly idleGapMs: number;
  /** Longest frame without its terminator. */
  readonly maxFrameBytes: number;
  readonly aim: AimMode;
  /** The same code again within this since it was last seen is the same presentation; default 1500, 0 switches it off. */
  readonly repeatMs?: number;
  /** Default: `genericScanner`. */
  readonly model?: ScannerModel;
}

export interface SerialReader extends ReaderDriver {
  readonly channel: "serial";
  stats(): SerialStats;
}

const defaultRepeatMs = 1_500;

/**
 * A barcode scanner on a serial line (RS-232, CDC-ACM): whatever ends with CR, LF, CR LF or a pause is one presentation.
 *
 * `run` throws `ReaderFault` (`reader_absent`, `reader_busy`, `permission_denied`, `reader_unsupported`, `reader_failure`)
 * when the port does not open or is lost. Frames that were read whole are presented before it settles, so it settles
 * after the sink's last answer; a frame cut off by the loss is presented as `read_interrupted`.
 */
export function serialReader(options: SerialReaderOptions): SerialReader {
  const model = options.model ?? genericScanner;
  const intakeOptions = { ...options, repeatMs: options.repeatMs ?? defaultRepeatMs };
  const counts = { frames: 0, repeats: 0, overlong: 0, interrupted: 0 };
  const count = (what: keyof SerialStats) => {
    counts[what] += 1;
  };

  return {
    channel: "serial",
    stats: () => ({ ...counts }),
    async run(sink, signal) {
      const port = await openPort(options.path, options.baudRate, signal);
      if (port === null) return;
      const answer = (feedback: Feedback) => {
        const bytes = answerBytes(model, feedback);
        if (bytes !== null) port.send(bytes);
      };
      const intake = startIntake(sink, { pause: port.pause, resume: port.resume, answer }, intakeOptions, count);
      const stop = () => void port.close();
      signal.addEventListener("abort", stop, { once: true });
      try {
        if (signal.aborted) stop();
        sink.ready(deviceName(options.path) ?? model.name);
        port.listen(intake.accept);
        const lost = await Promise.race([port.closed, intake.broken]);
        await Promise.race([intake.finish(lost === null ? "stopped" : "lost"), intake.broken]);
        if (lost !== null) throw lost;
      } finally {
        signal.removeEventListener("abort", stop);
        await port.close();
      }
    },
  };
}

function answerBytes(model: ScannerModel, feedback: Feedback): Uint8Array | null {
  switch (feedback) {
    case "accepted":
      return model.good;
    case "rejected":
    case "attention":
      return model.bad;
    case "ignored":
      return null;
  }
}

/** udev names the links under `by-id` after what the device calls itself: `usb-VENDOR_PRODUCT_SERIAL-if00`. */
function deviceName(path: string): string | null {
  const name = basename(path).match(/^usb-(.+?)(-if\d+)?(-port\d+)?$/)?.[1];
  return basename(dirname(path)) === "by-id" && name !== undefined ? name.replaceAll("_", " ") : null;
}
