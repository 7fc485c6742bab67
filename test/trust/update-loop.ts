import { openStore } from "../../agent/store/index.ts";
import { writerOptions } from "../store/harness.ts";
import { heldClock, openKeeper } from "./terminal.ts";
import { publication } from "./updates.ts";

/**
 * A child program for the tests: takes one publication after the other, from the one after that in force on, and prints
 * the number of each once it is stored. Arguments: the folder of the database, and after how many to end (never without it).
 */
const [folder = "", last = "Infinity"] = process.argv.slice(2);
const store = await openStore(writerOptions(folder));
const keeper = await openKeeper(store, heldClock());
process.stdout.write("open\n");
for (let n = (keeper.now().trust.head?.n ?? 0) + 1; n <= Number(last); n++) {
  const { changed, faults } = await keeper.offer(publication(n), "live");
  if (!changed) throw new Error(`publication ${n} was not taken: ${JSON.stringify(faults)}`);
  process.stdout.write(`${n}\n`);
}
await store.close();
