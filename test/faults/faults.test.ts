import { describe, expect, test } from "vitest";
import { catalogue } from "./catalogue.ts";
import { play } from "./play.ts";

/** Longest time of one fault at its demo size, on a machine that does other things too. */
const patienceMs = 300_000;

describe("faults", () => {
  for (const fault of catalogue) {
    test(`${fault.id}: ${fault.title}`, { timeout: patienceMs }, async (context) => {
      const { result, control } = await play(fault, "demo");
      for (const part of [result, control]) {
        if (part.outcome !== "skipped") continue;
        console.log(`! skipped: ${fault.id}: ${part.reason}`);
        return context.skip(part.reason);
      }
      expect(control, "the judge must find what is known to be wrong").toMatchObject({ outcome: "caught" });
      expect(result).toMatchObject({ outcome: "played", violations: [] });
    });
  }

  test("every fault has an id of its own, in the order of the catalogue", () => {
    const ids = catalogue.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
  });
});
