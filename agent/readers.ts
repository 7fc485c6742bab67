import { hidReader } from "../drivers/hid/index.ts";
import { nfcReader } from "../drivers/nfc/index.ts";
import type { ReaderDriver, ReaderSink } from "../drivers/reader.ts";
import { genericScanner, scannerModel, serialReader } from "../drivers/serial/index.ts";
import type { Clock } from "./clock.ts";
import type { ReaderConfig } from "./config/config.ts";
import { cameraOf } from "./lane-camera.ts";
import type { Lanes } from "./lanes.ts";
import type { Pipeline, Source } from "./pipeline.ts";
import type { ScanRecord } from "./record.ts";
import type { Wallets } from "./wallets.ts";

/** The driver that a configured reader asks for; the wallets are for those that speak with phones. */
export function driverOf(config: ReaderConfig, wallets: Pick<Wallets, "options">): ReaderDriver {
  switch (config.kind) {
    case "nfc":
      return nfcReader({
        driver: config.driver,
        match: new RegExp(config.match),
        socket: config.socket,
        probe: config.probe,
        ...wallets.options(config.id),
        feedback: config.feedback,
        ecp: config.ecp,
      });
    case "hid":
      return hidReader({ path: config.path });
    case "camera":
      return cameraOf(config);
    case "serial":
      return serialReader({
        path: config.path,
        model: scannerModel(config.model) ?? genericScanner,
        trigger: config.trigger,
        feedback: config.feedback,
        ...(config.baudRate === null ? {} : { baudRate: config.baudRate }),
        idleGapMs: config.idleGapMs,
        maxFrameBytes: config.maxFrameBytes,
        ...(config.aim === null ? {} : { aim: config.aim }),
      });
  }
}

/**
 * Leads what a reader says to its lane and its presentations to the pipeline.
 *
 * @param pipeline takes what is read; while this terminal is not enrolled, that is its enrolment
 */
export function readerSink(
  source: Source,
  lanes: Lanes,
  pipeline: () => Pick<Pipeline, "present">,
  wallets: Pick<Wallets, "seen">,
): ReaderSink {
  return {
    ready: () => {},
    started: () => lanes.tell(source.lane, { kind: "started" }),
    guidance: (hint) => lanes.tell(source.lane, { kind: "guidance", hint }),
    presented: async (presentation) => {
      wallets.seen(presentation);
      return (await pipeline().present(source, presentation)).feedback;
    },
    ended: () => lanes.tell(source.lane, { kind: "ended" }),
  };
}

/** People who wait for the next record of one reader, first come first served. */
export interface Waiters {
  tell(record: ScanRecord): void;
  /** Resolves with the next record of that reader, or null after `ms`. */
  next(reader: string, ms: number): Promise<ScanRecord | null>;
}

export function openWaiters(clock: Clock): Waiters {
  const waiting = new Map<string, Set<(record: ScanRecord) => void>>();
  return {
    tell(record) {
      const queue = waiting.get(record.reader);
      const [first] = queue ?? [];
      if (first === undefined) return;
      queue?.delete(first);
      first(record);
    },
    next(reader, ms) {
      const { promise, resolve } = Promise.withResolvers<ScanRecord | null>();
      const queue = waiting.get(reader) ?? new Set();
      waiting.set(reader, queue.add(resolve));
      const cancel = clock.after(ms, () => {
        queue.delete(resolve);
        resolve(null);
      });
      return promise.finally(cancel);
    },
  };
}
