import { expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import type { StoredBatch } from "../../agent/store/index.ts";
import { must } from "../agent/samples.ts";
import { openModelTerminal } from "../faults/model-terminal.ts";
import { temporaryFolder } from "../store/harness.ts";

test("the batch after the one on its way is stored once, with other scans, and waits for its turn", async () => {
  using folder = temporaryFolder();
  const terminal = await openModelTerminal(folder.path, systemClock(), () => {});
  const { core } = terminal;
  for (let i = 0; i < 250; i++) terminal.present(`scan_${String(i).padStart(3, "0")}`, i);
  const acknowledge = ({ key, ids }: StoredBatch) =>
    core.acknowledge(
      key,
      ids.map((id) => ({ id, status: "created" })),
      null,
    );

  const first = must(await core.nextBatch());
  await core.prepareBatch();
  await core.prepareBatch();
  expect((await core.nextBatch())?.key, "the one on its way is still to be sent").toBe(first.key);
  await acknowledge(first);

  const second = must(await core.nextBatch());
  await core.prepareBatch();
  await acknowledge(second);
  const third = must(await core.nextBatch());
  expect([first, second, third].map(({ ids }) => ids.length)).toEqual([100, 100, 50]);

  // What is decided now goes out in the batch after this one, not in one of its own that is stored already.
  terminal.present("scan_new", 250);
  await core.prepareBatch();
  await acknowledge(third);
  terminal.present("scan_newer", 251);
  expect((await core.nextBatch())?.ids).toEqual(["scan_new", "scan_newer"]);
  expect(new Set([first, second, third].flatMap(({ ids }) => ids)).size).toBe(250);
  terminal.die();
});
