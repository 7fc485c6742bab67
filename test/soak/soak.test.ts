import { expect, test } from "vitest";
import { obstacle } from "../nfc/virtual.ts";
import { soakFraming } from "./framing.ts";
import { insertionComplaints, soakInsertions } from "./nfc-insertions.ts";
import { sessionComplaints, soakSessions } from "./nfc-sessions.ts";
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

const missing = await obstacle("pcscd", "soak.test.ts");

test.skipIf(missing !== null)(
  "ten thousand readings of one card, its power cut in between, are ten thousand records, and nothing grows",
  async () => {
    expect(sessionComplaints(await soakSessions(10_000))).toEqual([]);
  },
  60_000,
);

test.skipIf(missing !== null)(
  "fifty insertions on two real pcscds, swapped as fast as they see them, are fifty records",
  async () => {
    const report = await soakInsertions({ insertions: 50, readers: 2, played: false });
    expect(insertionComplaints(report)).toEqual([]);
    expect(report.records).toBe(50);
  },
  60_000,
);

test("a thousand insertions on a pcscd in play are a thousand records, and nothing grows", async () => {
  const report = await soakInsertions({ insertions: 1_000, readers: 2, played: true });
  expect(insertionComplaints(report)).toEqual([]);
  expect(report.records).toBe(1_000);
}, 60_000);
