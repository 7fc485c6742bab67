import { describe, expect, test } from "vitest";
import type { StoreOps, UseCursor } from "../../agent/store/index.ts";
import { sampleTenant } from "../agent/samples.ts";
import { openGatehouse } from "./gatehouse.ts";
import { day } from "./pool.ts";

describe("accepted passes that are revoked afterwards", () => {
  const pass = (index: number) => ({ tenant: sampleTenant, environment: "sandbox", list: 1, index }) as const;
  const sinceMs = Date.parse(day("09:00"));

  test("are found by their entry in the list, in the time that is asked for, and reported once", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 5\n");
    const early = await gate.come({ pass: 1, at: day("08:00") });
    const late = await gate.come({ pass: 1, at: day("10:00") });
    await gate.come({ pass: 2, at: day("10:00") });
    const asked = { passes: [pass(1), pass(3)], sinceMs } as const;
    const found = await gate.ask("usesOf", asked);
    expect(found).toEqual([{ pass: pass(1), scan: late.id }]);

    const report = found.map((use) => ({
      ...use,
      correctionId: "scan_late",
      trustAgeS: 3,
      listVersion: 9,
      atMs: sinceMs,
    }));
    const [record] = await gate.ask("reportRevoked", report);
    expect(record).toMatchObject({
      id: "scan_late",
      supersedes: late.id,
      scanned_at: late.scanned_at,
      lane: late.lane,
      verification: { result: "invalid", reason: "revoked", trust_age_s: 3, list_version: 9 },
      decision: { outcome: "rejected", by: "agent", reason: "revoked" },
      use: late.use,
    });
    expect(record?.sequence).toBe(4);
    expect(await gate.ask("usesOf", asked)).toEqual([]);
    expect(
      await gate.ask(
        "reportRevoked",
        report.map((one) => ({ ...one, correctionId: "scan_again" })),
      ),
    ).toEqual([]);
    const all = await gate.ask("usesOf", { ...asked, sinceMs: 0 });
    expect(all.map(({ scan }) => scan)).toEqual([early.id]);
  });

  test("are found page by page when nobody knows what is new, and every use is seen", async () => {
    await using gate = await openGatehouse("[[rule]]\nuses = 5\n");
    const visits = Array.from({ length: 6_000 }, (_, i) => ({
      pass: i % 3_000,
      at: day(i % 2 === 0 ? "08:00" : "10:00"),
    }));
    await Promise.all(visits.map((visit) => gate.come(visit)));
    const seen: string[] = [];
    let pages = 0;
    for (let after: UseCursor | null = null; pages === 0 || after !== null; pages++) {
      const page: StoreOps["usesAfter"]["answer"] = await gate.ask("usesAfter", { after, sinceMs });
      seen.push(...page.uses.map(({ scan }) => scan));
      after = page.next;
    }
    expect(pages).toBeGreaterThan(10);
    expect([seen.length, new Set(seen).size]).toEqual([3_000, 3_000]);
  });
});
