import { expect, test } from "vitest";
import { soakFraming } from "./framing.ts";
import { complaints, soakReplug } from "./replug.ts";

/** The soaks, small; the long runs are commands of their own. */

test("codes cut at random places come out as they were sent", () => {
  const report = soakFraming(20_000, 7);
  expect(report.wrong).toBe(null);
  expect(report.pieces).toBeGreaterThan(report.frames);
});

test("a scanner that is pulled and plugged in again and again loses no code that had arrived, and leaves nothing open", async () => {
  const report = await soakReplug(10);
  expect(complaints(report)).toEqual([]);
  expect(report.received).toBe(250);
}, 60_000);
