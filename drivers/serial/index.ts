import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Feedback, ReaderDriver } from "../reader.ts";
import { feedbackBytes, openCommands } from "./commands.ts";
import { nameInLink } from "./discover.ts";
import { engineGapMs, openEngine } from "./engines/open.ts";
import { type SerialStats, startIntake } from "./intake.ts";
import type { ScannerModel } from "./model.ts";
import { genericScanner } from "./models.ts";
import { openPort } from "./port.ts";
import { deviceAppears } from "./presence.ts";
import type { AimMode } from "./symbology.ts";
import { openTriggering, type Triggering } from "./triggering.ts";

export { type FoundInput, type FoundPort, findScanners } from "./discover.ts";
export { type Holder, openHolders } from "./holders.ts";
export { type Inspection, inspectScan } from "./inspect.ts";
export { type ListenOptions, listenToScan } from "./listen.ts";
export { type Evidence, evidenceOf, type ModelField, modelFields, type ScannerModel, type SetupCode } from "./model.ts";
export { genericScanner, scannerModel, scannerModels } from "./models.ts";
export { type AimMode, takeAim } from "./symbology.ts";

export interface SerialReaderOptions {
  /** Device node or, better, its link under `/dev/serial/by-id`. */
  readonly path: string;
  /** Default: the model's. */
  readonly baudRate?: number;
  /** A pause this long ends a frame; 0: only CR and LF do. */
  readonly idleGapMs: number;
  /** Longest frame without its terminator. */
  readonly maxFrameBytes: number;
  /** Default: the model's. */
  readonly aim?: AimMode;
  /** The same code again within this since it was last seen is the same presentation; default 1500, 0 switches it off. */
  readonly repeatMs?: number;
  /** Default: `genericScanner`. */
  readonly model?: ScannerModel;
  /** `host`: the scanner looks for codes only while it is armed, and is started by us; default `auto`: whenever it likes. */
  readonly trigger?: "auto" | "host";
  /** Whether the scanner says the outcome, where its row knows how; default true. */
  readonly feedback?: boolean;
}

export interface SerialReader extends ReaderDriver {
  readonly channel: "serial";
  stats(): SerialStats;
  arm(on: boolean): void;
  appears(withinMs: number, signal: AbortSignal): Promise<void>;
}

const defaultRepeatMs = 1_500;
/** For the last command to leave before the port is closed, which throws away what has not. */
const lastCommandMs = 50;

/**
 * A barcode scanner, or a wallet reader that speaks like one, on a serial line (RS-232, CDC-ACM). The row `model` says how its
 * codes are framed, what its protocol wants back, and which bytes start it and sound its tones.
 *
 * `run` throws `ReaderFault` (`reader_absent`, `reader_busy`, `permission_denied`, `reader_unsupported`, `reader_failure`)
 * when the port does not open or is lost. Frames that were read whole are presented before it settles, so it settles
 * after the sink's last answer; a frame cut off by the loss is presented as `read_interrupted`.
 */
export function serialReader(options: SerialReaderOptions): SerialReader {
  const model = options.model ?? genericScanner;
  const intakeOptions = {
    maxFrameBytes: options.maxFrameBytes,
    idleGapMs: engineGapMs(model.framing, options.idleGapMs),
    aim: options.aim ?? model.aim,
    repeatMs: options.repeatMs ?? defaultRepeatMs,
  };
  const trigger = options.trigger === "host" ? model.trigger : null;
  const counts = { frames: 0, repeats: 0, overlong: 0, interrupted: 0, garbled: 0 };
  const count = (what: keyof SerialStats) => {
    counts[what] += 1;
  };
  let armed = true;
  let triggering: Triggering | null = null;

  return {
    channel: "serial",
    stats: () => ({ ...counts }),
    arm(on) {
      armed = on;
      triggering?.arm(on);
    },
    appears: (withinMs, signal) => deviceAppears(options.path, withinMs, signal),
    async run(sink, signal) {
      const port = await openPort(options.path, options.baudRate ?? model.line.baudRate, signal);
      if (port === null) return;
      const commands = openCommands(port, model.wake);
      const line = {
        pause: port.pause,
        resume: port.resume,
        reply: port.send,
        answer: (feedback: Feedback) => {
          const bytes = options.feedback === false ? null : feedbackBytes(model, feedback);
          if (bytes !== null) commands.send(bytes);
        },
        rested: () => triggers.rested(),
      };
      const engine = openEngine(model.framing, options.maxFrameBytes);
      const intake = startIntake(sink, engine, line, intakeOptions, count);
      const triggers = openTriggering(trigger, commands.send, intake.busy);
      triggering = triggers;
      const stop = () => void port.close();
      const stopOrderly = () => {
        triggers.stop();
        if (trigger === null) stop();
        else void sleep(lastCommandMs + (model.wake?.waitMs ?? 0)).then(stop);
      };
      signal.addEventListener("abort", stopOrderly, { once: true });
      try {
        if (signal.aborted) stop();
        sink.ready(deviceName(options.path) ?? model.name);
        port.listen((bytes) => {
          commands.heard();
          intake.accept(bytes);
        });
        triggers.arm(armed);
        const lost = await Promise.race([port.closed, intake.broken]);
        await Promise.race([intake.finish(lost === null ? "stopped" : "lost"), intake.broken]);
        if (lost !== null) throw lost;
      } finally {
        signal.removeEventListener("abort", stopOrderly);
        triggering = null;
        triggers.stop();
        commands.stop();
        await port.close();
      }
    },
  };
}

/** What the device calls itself, where its path tells. */
function deviceName(path: string): string | null {
  return basename(dirname(path)) === "by-id" ? nameInLink(basename(path)) : null;
}
