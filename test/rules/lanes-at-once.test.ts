import { describe, expect, test } from "vitest";
import { type Gatehouse, openGatehouse, said, type Visit } from "./gatehouse.ts";
import { day, pool } from "./pool.ts";

describe("lanes at once", () => {
  const together = async (gate: Gatehouse, visits: readonly Visit[]) =>
    (await Promise.all(visits.map((visit) => gate.come(visit)))).map(said);

  test.each([1, 5, 31])("32 lanes show one pass that is good %i times: exactly so many accept it", async (uses) => {
    await using gate = await openGatehouse(`[[rule]]\nuses = ${uses}\n`);
    const lanes = Array.from({ length: 32 }, (_, i) => ({ pass: 1, lane: `lane-${i}`, at: day("10:00") }));
    const answers = await together(gate, lanes);
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(uses);
    expect(await together(gate, lanes)).not.toContain("accepted");
  });

  test("32 lanes show one pass for a party of ten, three at a time: never more than ten come in", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 1\nparty_size = 10\n");
    const visits = Array.from({ length: 32 }, (_, i) => ({
      pass: 1,
      lane: `lane-${i}`,
      at: day("10:00"),
      quantity: 3,
    }));
    expect((await together(gate, visits)).filter((answer) => answer === "accepted")).toHaveLength(3);
    expect(said(await gate.come({ pass: 1, at: day("10:01"), quantity: 2 }))).toBe("uses_exhausted");
    expect(said(await gate.come({ pass: 1, at: day("10:01"), quantity: 1 }))).toBe("accepted");
  });

  test("32 passes at the entry of a zone for ten: exactly ten come in", async () => {
    await using gate = await openGatehouse(pool("capacity = 10"));
    const visits = Array.from({ length: 32 }, (_, pass) => ({ pass, lane: "pool-in", at: day("10:00") }));
    const answers = await together(gate, visits);
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(10);
    expect(answers.filter((answer) => answer === "over_capacity")).toHaveLength(22);
  });
});
