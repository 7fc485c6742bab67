import { systemClock } from "../../agent/clock.ts";
import { openConditions } from "../../agent/conditions.ts";
import { createLog } from "../../agent/log.ts";
import { superviseReader } from "../../agent/supervisor.ts";
import type { Condition, ReaderView } from "../../agent/views.ts";
import { nfcReader } from "../../drivers/nfc/index.ts";
import type { Presentation } from "../../drivers/reader.ts";
import { nfcDefaults } from "../config/samples.ts";

/** An NFC reader as the agent runs it: opened again whenever it is lost. */
export interface SupervisedNfc extends AsyncDisposable {
  state(): ReaderView["state"];
  conditions(): readonly Condition[];
  /** Presentations that held something so far. */
  payloads(): number;
  unreadable(): number;
}

export interface SupervisedNfcOptions {
  readonly driver: "pcscd" | "nfc-pcsc";
  readonly socket: string;
  readonly match?: RegExp;
  readonly presented?: (presentation: Presentation) => Promise<void>;
}

export function superviseNfc({ driver, socket, match = /./, presented }: SupervisedNfcOptions): SupervisedNfc {
  const stopping = new AbortController();
  const counts = { payloads: 0, unreadable: 0 };
  const conditions = openConditions(
    () => "",
    () => undefined,
  );
  const reader = superviseReader(
    { ...nfcDefaults, id: "nfc", lane: "gate", driver },
    nfcReader({ driver, socket, match }),
    {
      ready() {},
      started() {},
      guidance() {},
      ended() {},
      async presented(presentation) {
        await presented?.(presentation);
        counts[presentation.outcome === "payload" ? "payloads" : "unreadable"] += 1;
        return "accepted";
      },
    },
    {
      clock: systemClock(),
      log: createLog(() => undefined, { journal: false, debug: false }),
      conditions,
      changed: () => undefined,
    },
    stopping.signal,
  );
  return {
    state: () => reader.view().state,
    conditions: () => conditions.list(),
    payloads: () => counts.payloads,
    unreadable: () => counts.unreadable,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await reader.done;
    },
  };
}
