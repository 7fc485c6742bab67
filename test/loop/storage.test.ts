import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startGate, until } from "./gate.ts";
import { smallDisk } from "./small-disk.ts";

describe("a disk that is full", () => {
  test("nothing is accepted without a record; lanes say so, open again by themselves, and the record is written then", async (context) => {
    using disk = smallDisk();
    if (disk === null) return context.skip();
    await using gate = await startGate({}, join(disk.path, "state"));
    const used = await gate.issue("event_ticket");
    const shown = await gate.issue("event_ticket");
    expect((await gate.present(used.text)).decision.outcome).toBe("accepted");
    const states = new Set<string>();
    gate.agent.facade.watchLane("gate-1", (view) => states.add(`${view.state} ${view.reason}`));
    const filler = join(disk.path, "filler");
    const full = spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"], { encoding: "utf8" });
    expect(full.stderr).toMatch(/No space left/);

    // The database has room inside its own files for some more commits: go on until it has none.
    const kept: string[] = [];
    let unrecorded = 0;
    const member = await gate.issue("membership");
    for (let tries = 0; tries < 500 && unrecorded === 0; tries++) {
      await gate.present(member.text).then(
        (record) => kept.push(record.id),
        () => {
          unrecorded += 1;
        },
      );
    }
    expect(unrecorded).toBe(1);
    expect(states.has("attention unrecorded")).toBe(true);
    await until(() => states.has("out_of_order storage_failed"), "the lane to be out of order");
    await expect(gate.present(shown.text)).rejects.toMatchObject({ code: "scan_timeout" });
    unrecorded += 1;

    rmSync(filler);
    await until(
      () => !gate.agent.facade.conditions().some(({ code }) => code === "storage_failed"),
      "storage to be back",
    );
    const records = await gate.agent.facade.events({ limit: 1000, afterSequence: 0, passId: null });
    const ids = new Set(records.map((record) => record.id));
    expect(kept.filter((id) => !ids.has(id))).toEqual([]);
    expect(records.filter((record) => record.decision.reason === "unrecorded")).toHaveLength(unrecorded);
    expect((await gate.present(shown.text)).decision.outcome).toBe("accepted");
    expect((await gate.present(used.e1j)).decision.reason).toBe("already_redeemed");
  });
});
