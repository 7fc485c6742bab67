import { openStore } from "../../agent/store/index.ts";
import { presented, writerOptions } from "./harness.ts";

/**
 * A child program for the tests: presents passes one after the other and prints each scan id after its commit.
 * Arguments: folder, prefix of the scan ids, how many, first list index.
 */
const [folder = "", prefix = "", count = "0", firstIndex = "0"] = process.argv.slice(2);
const store = await openStore(writerOptions(folder));
process.stdout.write("open\n");
for (let i = 0; i < Number(count); i++) {
  const answer = await store.ask("present", presented(`scan_${prefix}_${i}`, Number(firstIndex) + i));
  if (answer.outcome === "recorded") process.stdout.write(`${answer.record.id} ${answer.record.decision.reason}\n`);
}
await store.close();
