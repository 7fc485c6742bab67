import { openStore } from "../../agent/store/index.ts";
import { writerOptions } from "./harness.ts";

/** A child program for the tests: opens the store in a folder, says so, and closes it. */
const store = await openStore(writerOptions(process.argv[2] ?? ""));
process.stdout.write("open\n");
await store.close();
