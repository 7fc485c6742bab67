import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openStore } from "../../agent/store/index.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { type FaultPoint, faultPoints } from "./kill-points.ts";

const child = fileURLToPath(new URL("./kill-child.ts", import.meta.url));

/** What may stand in the journal after the restart, by the point of the kill. */
const outcomes: Readonly<Record<FaultPoint, readonly string[]>> = {
  "before reserve": [""],
  "reserve sent": ["rejected: pos_silent", ""],
  reserved: ["rejected: pos_silent"],
  asked: ["rejected: pos_silent"],
  answered: ["rejected: pos_silent"],
  "settle sent": ["accepted: ok", "rejected: pos_silent"],
  settled: ["accepted: ok"],
  announced: ["accepted: ok"],
};

test.each(faultPoints)('kill -9 at "%s" leaves at most one record and exactly one effect', async (point) => {
  using folder = temporaryFolder();
  const run = spawnSync(process.execPath, [child, folder.path, point], { encoding: "utf8", timeout: 20_000 });
  expect([run.signal, run.stderr]).toEqual(["SIGKILL", ""]);
  const store = await openStore(writerOptions(folder.path));
  await store.ask("releaseReservations", null);
  const records = await store.ask("events", { limit: 10, afterSequence: 0, passId: null });
  const stands = records.map(({ decision }) => `${decision.outcome}: ${decision.reason}`);
  expect(outcomes[point]).toContain(stands.join());
  const accepted = stands.includes("accepted: ok");
  // What was announced stands.
  if (run.stdout.includes("announced accepted")) expect(accepted).toBe(true);
  const again = await store.ask("present", presented("scan_again", 7));
  expect(again).toMatchObject({ record: { decision: { reason: accepted ? "already_redeemed" : "ok" } } });
  await store.close();
});

test("without a kill the way ends with the announcement, so every point lies on it", () => {
  using folder = temporaryFolder();
  const run = spawnSync(process.execPath, [child, folder.path, "none"], { encoding: "utf8", timeout: 20_000 });
  expect([run.status, run.stdout]).toEqual([0, "announced accepted\n"]);
});
