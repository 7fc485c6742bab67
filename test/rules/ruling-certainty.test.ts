import { describe, expect, test } from "vitest";
import { at, entering, inside, leaving, open, per, place, together, used, wait, zone } from "./ruling-samples.ts";
import { answerOf, type Coming, rulingOn } from "./samples.ts";

describe("what is kept", () => {
  const since = Date.parse("2026-05-18T22:00:00Z");
  test.each<readonly [string, Coming, object | null]>([
    ["a use that is counted", { rules: "" }, { use: { counter: "", persons: 1 }, passage: null }],
    ["nothing where nobody counts", { rules: "", policy: "unlimited" }, null],
    [
      "a use that only the waiting time asks for",
      { rules: wait, policy: "unlimited" },
      { use: { counter: "", persons: 1 }, passage: null },
    ],
    [
      "a whole party that has to come together",
      { rules: together, quantity: 3 },
      { use: { counter: "", persons: 4 }, passage: null },
    ],
    [
      "an entry, with the moment at which the zone was last empty",
      { rules: zone('empties = "daily"'), subject: entering },
      {
        use: { counter: "", persons: 1 },
        passage: { zone: "pool", sinceMs: since, way: "entry", inside: 1, outside: 0 },
      },
    ],
    [
      "a return, without a use",
      { rules: zone("reentry = true"), subject: entering, memory: { ...used(1), outside: 1 } },
      { use: null, passage: { zone: "pool", sinceMs: null, way: "entry", inside: 1, outside: -1 } },
    ],
    [
      "an entry of who must have left unseen: one in, one out",
      { rules: zone("passback_min = 5"), subject: entering, policy: "unlimited", memory: inside },
      { use: null, passage: { zone: "pool", sinceMs: null, way: "entry", inside: 0, outside: 1 } },
    ],
    [
      "an exit",
      { rules: zone(""), subject: leaving, memory: inside },
      { use: null, passage: { zone: "pool", sinceMs: null, way: "exit", inside: -1, outside: 1 } },
    ],
    ["nothing for who leaves and was not known to be inside", { rules: zone(""), subject: leaving }, null],
  ])("%s", (_, coming, keeps) => {
    const ruling = rulingOn({ at, ...coming });
    expect(ruling.outcome === "refused" ? "refused" : ruling.keeps).toEqual(keeps);
  });
});

describe("without a clock that can be trusted", () => {
  test.each<readonly [string, Coming, string]>([
    ["a lifetime count is as certain as ever", { rules: "" }, "admitted"],
    ["also when it refuses", { rules: "", memory: used(1) }, "already_redeemed"],
    ["so is a wrong place", { rules: place, subject: { lane: "staff" } }, "wrong_place"],
    [
      "and a zone that never empties",
      { rules: zone("capacity = 1"), subject: entering, memory: { occupancy: 1 } },
      "over_capacity",
    ],
    ["hours cannot be told", { rules: open }, "unsure"],
    ["nor whether it is outside of them", { rules: open, at: "2026-05-23T10:00:00Z" }, "unsure"],
    ["nor a period", { rules: per("day"), memory: used(1) }, "unsure"],
    ["nor a waiting time", { rules: wait, policy: "unlimited", memory: used(1) }, "unsure"],
    ["but a pass never used has none to wait for", { rules: wait, policy: "unlimited" }, "admitted"],
    [
      "nor who is inside a zone that empties daily",
      { rules: zone('empties = "daily"'), subject: entering, memory: inside },
      "unsure",
    ],
    ["what is certain is looked at all the same", { rules: `${open}uses = 1\n`, memory: used(1) }, "already_redeemed"],
    ["leaving asks no clock", { rules: zone('empties = "daily"'), subject: leaving, memory: inside }, "admitted"],
  ])("%s", (_, coming, answer) => {
    const ruling = rulingOn({ at, ...coming, clockSound: false });
    expect(answerOf(ruling)).toBe(answer);
    if (ruling.outcome === "unsure") expect(ruling.use.certainty).toBe("assumed");
  });
});
