import { describe, expect, test } from "vitest";
import { type Gatehouse, openGatehouse, said } from "./gatehouse.ts";
import { day, numbers, occupancy, pool } from "./pool.ts";

describe("the memory of who is inside", () => {
  test("knows who is inside after a restart", async () => {
    await using gate = await openGatehouse(pool("capacity = 1"));
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("10:00") }))).toBe("accepted");
    await gate.restart();
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("10:01") }))).toBe("passback");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:02") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 1, lane: "pool-out", at: day("10:03") }))).toBe("accepted");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("10:04") }))).toBe("accepted");
  });

  test("a zone is empty when the site's day begins, for the count and for each pass", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 1")}[[rule]]\nuses = "unlimited"\n`);
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("20:00") }))).toBe("accepted");
    // 03:59 in Berlin, then 04:00.
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("01:59", "2026-05-20") }))).toBe("over_capacity");
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: day("02:00", "2026-05-20") }))).toBe("accepted");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: day("02:01", "2026-05-20") }))).toBe("over_capacity");
  });

  test("a scan that was drafted before the zone was emptied and decided after it breaks no total", async () => {
    await using gate = await openGatehouse(`${pool("capacity = 3")}[[rule]]\nuses = "unlimited"\n`);
    const before = "2026-05-20T01:59:59.990Z";
    const after = "2026-05-20T02:00:00.050Z";
    expect(said(await gate.come({ pass: 1, lane: "pool-in", at: after }))).toBe("accepted");
    expect(said(await gate.come({ pass: 2, lane: "pool-in", at: before }))).toBe("accepted");
    for (const pass of [1, 2, 2]) {
      expect(said(await gate.come({ pass, lane: "pool-out", at: "2026-05-20T02:00:01.000Z" }))).toBe("accepted");
    }
    expect(await occupancy(gate)).toBe(0);
  });

  test("passages of days long past go by themselves, the newest stay", async () => {
    await using gate = await openGatehouse(`${pool()}[[rule]]\nuses = "unlimited"\n`);
    for (let date = 1; date <= 28; date++) {
      const at = (hours: string) => day(hours, `2026-05-${String(date).padStart(2, "0")}`);
      for (const pass of [1, 2]) await gate.come({ pass, lane: "pool-in", at: at("10:00") });
    }
    await gate.restart();
    const rows = await countPassages(gate);
    expect(rows).toBeGreaterThanOrEqual(2 * 7);
    expect(rows).toBeLessThanOrEqual(2 * 9);
  });

  test("of a zone that never empties a pass leaves its newest passages", async () => {
    const never = pool().replace('empties = "daily"', "");
    await using gate = await openGatehouse(`${never}[[rule]]\nuses = "unlimited"\n`);
    for (let date = 1; date <= 28; date++) {
      const at = (hours: string) => day(hours, `2026-05-${String(date).padStart(2, "0")}`);
      await gate.come({ pass: 1, lane: "pool-in", at: at("10:00") });
      await gate.come({ pass: 1, lane: "pool-out", at: at("11:00") });
    }
    await gate.come({ pass: 2, lane: "pool-in", at: day("12:00", "2026-01-01") });
    expect(await countPassages(gate)).toBeLessThanOrEqual(2 * 9 + 1);
  });
});

async function countPassages(gate: Gatehouse): Promise<number> {
  return (await numbers(gate, "SELECT count(*) AS n FROM passages"))[0] ?? -1;
}
