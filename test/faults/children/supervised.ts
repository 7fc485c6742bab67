import { systemClock } from "../../../agent/clock.ts";
import { createLog } from "../../../agent/log.ts";
import { StoreFault } from "../../../agent/store/index.ts";
import { superviseStore } from "../../../agent/store/supervised.ts";
import { ulidMaker } from "../../../agent/ulid.ts";
import { presented, writerOptions } from "../../store/harness.ts";
import { dice } from "../dice.ts";

/**
 * A child program for the faults: presents passes one after the other to a store that comes back after a fault, as the agent
 * does. A scan that cannot be recorded is told as `U`, and settled when the store is back. Arguments: folder, prefix of the
 * scan ids, how many presentations, number of passes, milliseconds between two, milliseconds after which it ends at once.
 */
const [folder = "", prefix = "", count = "0", passes = "50", pauseMs = "0", lifeMs = "600000"] = process.argv.slice(2);
setTimeout(() => process.exit(3), Number(lifeMs)).unref();
const clock = systemClock();
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const unsettled: string[] = [];
const never = new AbortController().signal;
const store = await superviseStore(
  writerOptions(folder),
  {
    lost: (fault) => say(`lost ${fault.code} ${Math.round(performance.now())}`),
    back: async (next) => {
      const asks = unsettled.map((id) => {
        const { draft, finding } = presented(id, passOf(id));
        const pass = finding.result === "unreadable" ? null : finding.claims;
        return { draft, correctionId: `${id}_c`, pass };
      });
      if (asks.length > 0) await next.ask("settle", asks);
      unsettled.length = 0;
      say(`back ${Math.round(performance.now())}`);
    },
  },
  { clock, log: createLog(() => {}, { journal: false, debug: false }), newId: ulidMaker(clock.wallMs) },
);
say("open");
const drawn = dice([...prefix].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7));
for (let serial = 0; serial < Number(count); serial++) {
  await store.whenOpen(never);
  const pass = drawn.below(Number(passes));
  const id = `scan_${prefix}_${serial}_p${pass}`;
  try {
    const answer = await store.ask("present", presented(id, pass));
    if (answer.outcome === "recorded") say(`A ${id} ${answer.record.decision.outcome}`);
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
    unsettled.push(id);
    say(`U ${id} ${cause.code}`);
  }
  if (Number(pauseMs) > 0) await clock.sleep(Number(pauseMs), never);
}
await store.whenOpen(never);
try {
  await store.close();
} catch (cause) {
  // The agent ends with an exit code then, and the next start finds all that was acknowledged.
  if (!(cause instanceof StoreFault)) throw cause;
  say(`not closed ${cause.code}`);
}
say("done");

function passOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("_p") + 2));
}
