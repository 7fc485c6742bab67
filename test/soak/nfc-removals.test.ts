import { describe, expect, test } from "vitest";
import { obstacle } from "../nfc/virtual.ts";
import { soakRemovals } from "./nfc-removals.ts";

/** Phones and tags taken away after each of their commands; the long run on a real pcscd is a command of its own. */

test("a hundred taps on a pcscd in play lose no reader and no completed read", async () => {
  expect(await soakRemovals(100, true)).toEqual({ taps: 100, completed: 17, records: 17, complaints: [] });
}, 60_000);

const missing = await obstacle("pcscd", "nfc-removals.test.ts");
describe.skipIf(missing !== null)("on a real pcscd", () => {
  test("phones taken away after each of their commands lose no reader and no completed read", async () => {
    expect(await soakRemovals(13, false)).toEqual({ taps: 13, completed: 3, records: 3, complaints: [] });
  }, 60_000);
});
