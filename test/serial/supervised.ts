import { systemClock } from "../../agent/clock.ts";
import { openConditions } from "../../agent/conditions.ts";
import { createLog } from "../../agent/log.ts";
import { type SupervisedReader, superviseReader } from "../../agent/supervisor.ts";
import type { ReaderDriver, ReaderSink } from "../../drivers/reader.ts";
import { serialDefaults } from "../config/samples.ts";

/** A driver as the agent runs it: opened again whenever it is lost. */
export interface Supervised extends AsyncDisposable {
  readonly reader: SupervisedReader;
  /** How often it was opened, or tried. */
  runs(): number;
}

export function supervise(driver: ReaderDriver, path: string, sink: ReaderSink): Supervised {
  const abort = new AbortController();
  let runs = 0;
  const counted: ReaderDriver = {
    ...driver,
    run(to, signal) {
      runs += 1;
      return driver.run(to, signal);
    },
  };
  const config = { ...serialDefaults, id: "qr", lane: "gate", path };
  const parts = {
    clock: systemClock(),
    log: createLog(() => undefined, { journal: false, debug: false }),
    conditions: openConditions(
      () => "",
      () => undefined,
    ),
    changed: () => undefined,
  };
  const reader = superviseReader(config, counted, sink, parts, abort.signal);
  return {
    reader,
    runs: () => runs,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await reader.done;
    },
  };
}
