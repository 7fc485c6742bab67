import { describe, expect, test } from "vitest";
import { openGatehouse, said } from "./gatehouse.ts";
import { day, pool } from "./pool.ts";

describe("a clock that was wrong", () => {
  const daily = '[site]\ntime_zone = "Europe/Berlin"\n[[rule]]\nuses = 1\nper = "day"\n';

  test("a use dated in the future counts as made now, so that it blocks the pass for one day and not for years", async () => {
    await using gate = await openGatehouse(daily);
    expect(said(await gate.come({ pass: 1, at: day("10:00", "2030-01-01"), clock: "held" }))).toBe("accepted");
    const now = await gate.come({ pass: 1, at: day("10:00") });
    expect([said(now), now.use.first_at, now.use.next_at]).toEqual([
      "already_redeemed",
      day("10:00"),
      "2026-05-19T22:00:00.000Z",
    ]);
    expect(said(await gate.come({ pass: 1, at: day("10:00", "2026-05-20") }))).toBe("accepted");
  });

  test("while the clock is not trusted, nothing is corrected by it", async () => {
    await using gate = await openGatehouse(daily);
    await gate.come({ pass: 1, at: day("10:00", "2030-01-01"), clock: "held" });
    expect((await gate.come({ pass: 1, at: day("10:00"), clock: "held" })).use.first_at).toBe(
      day("10:00", "2030-01-01"),
    );
  });

  test("a zone that was entered in the future empties when the day begins", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 1")}[[rule]]\nuses = "unlimited"\n`);
    await gate.come({ pass: 1, lane: "pool-in", at: day("10:00", "2030-01-01"), clock: "held" });
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:00") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:00", "2026-05-20") }))).toBe("accepted");
  });

  test("without a trusted clock a rule that asks for the time is for the policy to decide", async () => {
    await using gate = await openGatehouse(daily);
    const { decision } = await gate.come({ pass: 1, at: day("10:00"), clock: "suspect" });
    expect(decision).toEqual({ outcome: "rejected", by: "policy", reason: "clock_untrusted" });
  });
});
