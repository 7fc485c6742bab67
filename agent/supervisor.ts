import {
  type ReaderDriver,
  ReaderFault,
  type ReaderFaultCode,
  type ReaderNoticeCode,
  type ReaderSink,
  readerNoticeCodes,
} from "../drivers/reader.ts";
import type { Clock } from "./clock.ts";
import type { Conditions } from "./conditions.ts";
import type { ReaderConfig } from "./config/config.ts";
import type { Log } from "./log.ts";
import type { ReaderView } from "./views.ts";

/** A reader as the agent sees it. */
export interface SupervisedReader {
  view(): ReaderView;
  /** Why it does not read now; null while it does or is being opened for the first time. */
  fault(): ReaderFaultCode | null;
  /** Whether it should look for passes; without effect on a device that cannot be told. */
  arm(on: boolean): void;
}

export interface SupervisorParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly conditions: Conditions;
  /** The reader's state or fault changed. */
  readonly changed: () => void;
}

/** Waits between tries, milliseconds; the last repeats. A device that comes back is served within a second. */
const backOffMs = [100, 250, 500, 1_000] as const;
/** For a driver that notices its device coming: then nothing is tried for so long without cause. */
const absentWaitMs = 2_000;

/**
 * Opens a reader and reopens it whenever it is lost, until `signal` aborts. A device that is absent is a condition, not
 * an end. A fault is logged when it begins and when it changes, not at every try.
 */
export function superviseReader(
  config: ReaderConfig,
  driver: ReaderDriver,
  sink: ReaderSink,
  parts: SupervisorParts,
  signal: AbortSignal,
): SupervisedReader & { readonly done: Promise<void> } {
  let state: ReaderView["state"] = "opening";
  let model: string | null = null;
  let fault: ReaderFault | null = null;
  /** Of the present run of the driver. */
  const noticed = new Set<ReaderNoticeCode>();

  const clear = (): void => {
    if (fault !== null) parts.conditions.clear(fault.code, config.id);
    fault = null;
  };
  const watched: ReaderSink = {
    ...sink,
    noticed(notice) {
      if (!parts.conditions.has(notice.code, config.id)) {
        parts.log.warn("reader_noticed", { reader: config.id, code: notice.code, detail: notice.detail });
      }
      noticed.add(notice.code);
      parts.conditions.raise({ ...notice, subject: config.id, severity: "warning" });
    },
    ready(name) {
      clear();
      for (const code of readerNoticeCodes) if (!noticed.has(code)) parts.conditions.clear(code, config.id);
      state = "ready";
      model = name;
      parts.log.info("reader_ready", { reader: config.id, model: name });
      sink.ready(name);
      parts.changed();
    },
  };
  const lost = (cause: ReaderFault): void => {
    if (fault?.code !== cause.code) {
      clear();
      parts.log.warn("reader_lost", {
        reader: config.id,
        code: cause.code,
        number: cause.number,
        detail: cause.message,
      });
    }
    fault = cause;
    state = "waiting";
    parts.conditions.raise({
      code: cause.code,
      subject: config.id,
      severity: "error",
      detail: cause.message,
      remedy: cause.remedy,
    });
    parts.changed();
  };
  const serve = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      noticed.clear();
      try {
        await driver.run(watched, signal);
      } catch (cause) {
        if (!(cause instanceof ReaderFault)) throw cause;
        if (state === "ready") attempt = 0;
        lost(cause);
      }
      const waited = parts.clock.sleep(backOffMs[Math.min(attempt, backOffMs.length - 1)] ?? 0, signal);
      // Both: a node that is there and cannot be opened would else be tried without end.
      if (fault?.code === "reader_absent") await driver.appears?.(absentWaitMs, signal);
      await waited;
    }
    state = "stopped";
  };
  return {
    done: serve(),
    fault: () => fault?.code ?? null,
    arm: (on) => driver.arm?.(on),
    view: () => ({
      id: config.id,
      lane: config.lane,
      kind: config.kind,
      driver: driverName(config),
      state,
      model,
    }),
  };
}

/** What stands between us and the device. */
function driverName(config: ReaderConfig): string {
  switch (config.kind) {
    case "nfc":
      return config.driver;
    case "serial":
      return "serialport";
    case "hid":
      return "hidraw";
    case "camera":
      return config.decoder;
  }
}
