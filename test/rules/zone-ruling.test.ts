import { describe, expect, test } from "vitest";
import { at, entering, inside, leaving, party, type Row, used, zone } from "./ruling-samples.ts";
import { answerOf, rulingOn } from "./samples.ts";

const zones: readonly Row[] = [
  [
    "going in",
    { rules: zone(""), subject: entering },
    "admitted",
    { kind: "entry_exit", number: 1, of: 1, quantity: 1 },
  ],
  [
    "going in while inside, with time and lane of the entry",
    { rules: zone(""), subject: entering, memory: { ...used(1), ...inside } },
    "passback",
    { first_at: "2026-05-19T09:45:00.000Z", first_lane: "pool-in", next_at: null },
  ],
  [
    "also where the pass may be used at will",
    { rules: zone(""), subject: entering, policy: "unlimited", memory: inside },
    "passback",
    { kind: "entry_exit", number: null, of: null },
  ],
  [
    "within the passback window, with its end",
    { rules: zone("passback_min = 30"), subject: entering, policy: "unlimited", memory: inside },
    "passback",
    { next_at: "2026-05-19T10:15:00.000Z" },
  ],
  [
    "after it",
    { rules: zone("passback_min = 15"), subject: entering, policy: "unlimited", memory: inside },
    "admitted",
    {},
  ],
  [
    "where nobody asks",
    { rules: zone("passback_min = 0"), subject: entering, policy: "unlimited", memory: inside },
    "admitted",
    {},
  ],
  [
    "more at once than the pass is for",
    { rules: zone(""), subject: entering, policy: "unlimited", quantity: 2 },
    "uses_exhausted",
    {},
  ],
  [
    "coming back after leaving is no new use where the zone says so",
    { rules: zone("reentry = true"), subject: entering, memory: { ...used(1), outside: 1 } },
    "admitted",
    { number: 1, of: 1 },
  ],
  [
    "also for a pass issued for one use",
    { rules: zone("reentry = true"), subject: { ...entering, singleUse: true }, memory: { ...used(1), outside: 1 } },
    "admitted",
    { number: 1, of: 1 },
  ],
  [
    "and a new use where it does not",
    { rules: zone(""), subject: entering, memory: { ...used(1), outside: 1 } },
    "already_redeemed",
    {},
  ],
  [
    "of a party, one comes back and one is new",
    {
      rules: `${zone("reentry = true")}${party}`,
      subject: entering,
      quantity: 2,
      memory: { ...used(3), inside: 2, outside: 1 },
    },
    "admitted",
    { number: 4, of: 4, quantity: 2 },
  ],
  ["the last place", { rules: zone("capacity = 80"), subject: entering, memory: { occupancy: 79 } }, "admitted", {}],
  [
    "no place",
    { rules: zone("capacity = 80"), subject: entering, memory: { occupancy: 80 } },
    "over_capacity",
    { number: 0, of: 1 },
  ],
  [
    "two for the last place",
    { rules: `${zone("capacity = 80")}${party}`, subject: entering, quantity: 2, memory: { occupancy: 79 } },
    "over_capacity",
    { quantity: 2 },
  ],
  [
    "who left unseen makes room",
    {
      rules: zone("capacity = 80\npassback_min = 5"),
      subject: entering,
      policy: "unlimited",
      memory: { ...inside, occupancy: 80 },
    },
    "admitted",
    {},
  ],
  [
    "going out",
    { rules: zone(""), subject: leaving, memory: { ...used(1), ...inside } },
    "admitted",
    { kind: "entry_exit", quantity: -1, certainty: "confirmed", first_at: "2026-05-19T09:45:00.000Z" },
  ],
  [
    "going out without having come in",
    { rules: zone(""), subject: leaving },
    "admitted",
    { quantity: -1, certainty: "assumed" },
  ],
  [
    "nobody is held back by place, hours or count",
    {
      rules: `${zone("")}[[rule]]\nadmit = false\nhours = []\nuses = 1\n`,
      subject: leaving,
      memory: { ...used(1), ...inside },
    },
    "admitted",
    {},
  ],
];

describe("zone", () => {
  test.each(zones)("%s", (_rule, coming, answer, use) => {
    const ruling = rulingOn({ at, ...coming });
    expect(answerOf(ruling)).toBe(answer);
    expect(ruling.use).toMatchObject(use);
  });
});
