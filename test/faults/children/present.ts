import { openStore, StoreFault } from "../../../agent/store/index.ts";
import { presented, writerOptions } from "../../store/harness.ts";
import { dice } from "../dice.ts";

/**
 * A child program for the faults: several lanes present single-use passes, each pass more than once, and every answer is
 * told as a line. Arguments: folder, prefix of the scan ids, lanes, how many presentations in all, number of passes.
 */
const [folder = "", prefix = "", lanes = "1", count = "0", passes = "50"] = process.argv.slice(2);
const store = await openStore(writerOptions(folder));
process.stdout.write("open\n");
const drawn = dice([...prefix].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7));
let serial = 0;

async function lane(): Promise<void> {
  while (serial < Number(count)) {
    const pass = drawn.below(Number(passes));
    const id = `scan_${prefix}_${serial++}_p${pass}`;
    try {
      const answer = await store.ask("present", presented(id, pass));
      if (answer.outcome === "recorded") process.stdout.write(`A ${id} ${answer.record.decision.outcome}\n`);
    } catch (cause) {
      if (!(cause instanceof StoreFault)) throw cause;
      process.stdout.write(`U ${id} ${cause.code}\n`);
      return;
    }
  }
}

await Promise.all(Array.from({ length: Number(lanes) }, lane));
await store.close();
process.stdout.write("done\n");
