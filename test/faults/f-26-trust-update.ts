import { fileURLToPath } from "node:url";
import { openStore, timeMemoryName } from "../../agent/store/index.ts";
import { writerOptions } from "../store/harness.ts";
import { heldClock, openKeeper } from "../trust/terminal.ts";
import { stateBreaks, stateIn } from "../trust/update-state.ts";
import { publication } from "../trust/updates.ts";
import { explore, recordProgram } from "./explore.ts";
import { bySize, type ControlResult, caughtBy, type Fault, type FaultResult, type Size } from "./fault.ts";
import { faultFolder } from "./sandbox-folder.ts";
import { tracerMissing } from "./tracer.ts";

/** Old, frozen, emptied, giant and wrongly signed lists: test/trust and test/verifier. Here: the cut while one is stored. */
export const trustUpdate: Fault = {
  id: "F-26",
  title:
    "the power goes while keys, lists and directory are replaced: they are the old ones or the new ones, all of them",
  run,
  control,
};

const updates = 5;

async function run(size: Size): Promise<FaultResult> {
  const missing = tracerMissing();
  if (missing !== null) return { outcome: "skipped", reason: missing };
  const wanted = bySize(size, { demo: 24, small: 600, large: 20_000 });
  const events = recordProgram(fileURLToPath(new URL("../trust/update-loop.ts", import.meta.url)), [String(updates)]);
  const { states, violations } = await explore(events, wanted, async (folder, told) =>
    stateBreaks(await stateIn(folder), newest(told)),
  );
  return { outcome: "played", counts: { states, updates, "disk calls": events.length }, violations };
}

function newest(told: readonly string[]): number {
  return Math.max(0, ...told.map(Number).filter(Number.isInteger));
}

/** One document is taken back to the publication before, as a store that writes them one by one would leave it. */
async function control(): Promise<ControlResult> {
  using folder = faultFolder();
  const store = await openStore(writerOptions(folder.path));
  const keeper = await openKeeper(store, heldClock());
  await keeper.offer(publication(1), "live");
  const { documents } = await store.ask("loadTrust", null);
  await keeper.offer(publication(2), "live");
  const timeMemory = (await store.ask("readMeta", { name: timeMemoryName })) ?? "{}";
  await store.ask("saveTrust", {
    put: new Map([...documents].filter(([name]) => name === "keys.jws")),
    drop: [],
    timeMemory,
  });
  await store.close();
  return caughtBy(stateBreaks(await stateIn(folder.path), 2));
}
