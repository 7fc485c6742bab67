import { expect, test } from "vitest";
import { soakDrain } from "./drain.ts";

test("a long queue drains whole and once, a new scan does not wait for the end of it, and a scan takes few bytes", async () => {
  const report = await soakDrain(1_500);
  expect(report).toMatchObject({ missing: 0, wholeAudit: true });
  expect(report.arrived).toBe(report.scans + report.fresh);
  expect(report.fresh).toBeGreaterThan(0);
  expect(report.freshMs).toBeLessThan(report.seconds * 1000);
  expect(report.bytesPerScan).toBeLessThanOrEqual(150);
}, 120_000);
