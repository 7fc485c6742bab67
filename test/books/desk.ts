import { openBookDesk } from "../../agent/books/desk.ts";
import type { BookDesk } from "../../agent/books/views.ts";
import { systemClock } from "../../agent/clock.ts";
import { type Config, readConfig } from "../../agent/config/index.ts";
import type { ClockState, ScanRecord } from "../../agent/record.ts";
import { openStore, type Store } from "../../agent/store/index.ts";
import { ulidMaker } from "../../agent/ulid.ts";
import { draft } from "../agent/samples.ts";
import { configOf } from "../config/samples.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";

export interface Desk {
  readonly store: Store;
  readonly desk: BookDesk;
  readonly config: Config;
  /** The time that the terminal believes in. */
  now: { ms: number; clock: ClockState };
  present(index: number, part?: Parameters<typeof draft>[1]): Promise<ScanRecord>;
}

export const site = `environment = "sandbox"
[cloud]
url = "https://cloud.example"
[site]
time_zone = "Europe/Berlin"
[[lane]]
id = "gate-1"
[[reader]]
id = "nfc"
lane = "gate-1"
kind = "nfc"
`;

/** Books on a real store, with a time of the test's own. */
export async function withDesk(use: (desk: Desk) => Promise<void>, config = site): Promise<void> {
  using folder = temporaryFolder();
  const store = await openStore(writerOptions(folder.path));
  const clock = systemClock();
  const newId = ulidMaker(clock.wallMs);
  const read = configOf(readConfig(config, "/etc/agent.toml"));
  const desk: Desk = {
    store,
    config: read,
    now: { ms: Date.parse("2026-05-20T06:00:00Z"), clock: "trusted" },
    desk: openBookDesk({
      config: read,
      store,
      clock,
      newId,
      time: () => desk.now,
      online: () => true,
      corrected: () => {},
      retried: () => {},
    }),
    async present(index, part = {}) {
      const id = `scan_${newId()}`;
      const answer = await store.ask("present", {
        ...presented(id, index),
        draft: draft(id, { simulated: false, ...part }),
      });
      if (answer.outcome !== "recorded") throw new Error("expected a record");
      return answer.record;
    },
  };
  try {
    await use(desk);
  } finally {
    await store.close();
  }
}

export const noon = "2026-05-19T10:00:00.000Z";
export const sale = (cents: number, currency = "EUR") => ({ amount_cents: cents, currency });
