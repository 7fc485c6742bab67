import { describe, expect, test } from "vitest";
import { claims } from "../agent/samples.ts";
import { openGatehouse, said } from "./gatehouse.ts";
import { day, occupancy, pool } from "./pool.ts";

describe("what was shown as unrecorded did not happen", () => {
  test("uses and passages that a failed commit kept are taken back, once", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 2\nreentry = true")}[[rule]]\nuses = 2\nper = "day"\n`);
    await gate.come({ pass: 1, lane: "pool-in", at: day("10:00") });
    const inDoubt = gate.presented({ pass: 2, lane: "pool-in", at: day("10:01") });
    await gate.ask("present", inDoubt);
    expect(said(await gate.come({ pass: 3, lane: "pool-in", at: day("10:02") }))).toBe("over_capacity");
    const unsettled = [{ draft: inDoubt.draft, correctionId: "scan_correction", pass: claims({ index: 2 }) }];
    await gate.ask("settle", unsettled);
    // The answer got lost: the same again.
    await gate.ask("settle", unsettled);
    expect(await occupancy(gate)).toBe(1);
    const again = await gate.come({ pass: 2, lane: "pool-in", at: day("10:03") });
    expect([said(again), again.use.number, again.use.first_at]).toEqual(["accepted", 1, null]);
    expect(said(await gate.come({ pass: 3, lane: "pool-in", at: day("10:04") }))).toBe("over_capacity");
  });

  test("an exit that a failed commit kept: the guest is inside again", async () => {
    await using gate = await openGatehouse(pool("capacity = 1"));
    await gate.come({ pass: 1, lane: "pool-in", at: day("10:00") });
    const inDoubt = gate.presented({ pass: 1, lane: "pool-out", at: day("10:01") });
    await gate.ask("present", inDoubt);
    await gate.ask("settle", [{ draft: inDoubt.draft, correctionId: "scan_correction", pass: claims({ index: 1 }) }]);
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:02") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 1, lane: "pool-out", at: day("10:03") }))).toBe("accepted");
    expect(await occupancy(gate)).toBe(0);
  });

  test("an entry taken back after its guest went out again leaves nobody, not fewer than nobody", async () => {
    await using gate = await openGatehouse(pool("capacity = 1"));
    const inDoubt = gate.presented({ pass: 1, lane: "pool-in", at: day("10:00") });
    await gate.ask("present", inDoubt);
    await gate.come({ pass: 1, lane: "pool-out", at: day("10:01") });
    await gate.ask("settle", [{ draft: inDoubt.draft, correctionId: "scan_correction", pass: claims({ index: 1 }) }]);
    expect(await occupancy(gate)).toBe(0);
  });
});
