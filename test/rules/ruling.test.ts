import { describe, expect, test } from "vitest";
import { answerOf, type Coming, earlier, rulingOn } from "./samples.ts";

const site = '[site]\ntime_zone = "Europe/Berlin"\n';
const at = "2026-05-19T10:00:00.000Z";
const used = (persons: number) => ({
  used: persons,
  first: earlier("2026-05-19T09:00:00Z"),
  last: earlier("2026-05-19T09:30:00Z"),
});

type Row = readonly [string, Coming, string, object];

const place =
  '[[rule]]\nlanes = ["staff"]\nadmit = false\n[[rule]]\nlanes = ["staff"]\nkinds = ["membership"]\nadmit = true\n';
const places: readonly Row[] = [
  [
    "a lane not for this kind",
    { rules: place, subject: { lane: "staff" } },
    "wrong_place",
    { next_at: null, number: 0 },
  ],
  ["the kind it is for", { rules: place, subject: { lane: "staff", kind: "membership" } }, "admitted", {}],
  ["another lane", { rules: place }, "admitted", {}],
];

const open = `${site}[[rule]]\nhours = ["mon-fri 09:00-18:00"]\nexcept = ["2026-05-20 closed"]\n`;
const hours: readonly Row[] = [
  ["within the hours", { rules: open, at: "2026-05-19T07:00:00Z" }, "admitted", {}],
  [
    "outside them, with the next opening, over a closed date",
    { rules: open, at: "2026-05-19T16:00:00Z" },
    "outside_hours",
    { next_at: "2026-05-21T07:00:00.000Z" },
  ],
];

const counts: readonly Row[] = [
  [
    "once: the first time",
    { rules: "", memory: {} },
    "admitted",
    { kind: "single", number: 1, of: 1, certainty: "confirmed", scope: "site" },
  ],
  [
    "once: the second time, with the first time and lane",
    { rules: "", memory: used(1) },
    "already_redeemed",
    { kind: "single", number: 1, of: 1, first_at: "2026-05-19T09:00:00.000Z", first_lane: "gate-1", next_at: null },
  ],
  ["once, and two come", { rules: "", quantity: 2 }, "uses_exhausted", { number: 0, of: 1, quantity: 2 }],
  [
    "any number",
    { rules: "", policy: "unlimited", memory: {} },
    "admitted",
    { kind: "none", number: null, of: null, certainty: "assumed" },
  ],
  [
    "ten: the tenth",
    { rules: "[[rule]]\nuses = 10\n", memory: used(9) },
    "admitted",
    { kind: "count", number: 10, of: 10 },
  ],
  [
    "ten: the eleventh",
    { rules: "[[rule]]\nuses = 10\n", memory: used(10) },
    "uses_exhausted",
    { kind: "count", number: 10, of: 10, first_at: "2026-05-19T09:00:00.000Z", next_at: null },
  ],
  [
    "ten: two of the last three",
    { rules: "[[rule]]\nuses = 10\n", memory: used(7), quantity: 2 },
    "admitted",
    { number: 9, quantity: 2 },
  ],
  [
    "ten: three of the last two",
    { rules: "[[rule]]\nuses = 10\n", memory: used(8), quantity: 3 },
    "uses_exhausted",
    { number: 8, of: 10 },
  ],
];

const party = "[[rule]]\nuses = 1\nparty_size = 4\n";
const together = `${party}party = "together"\n`;
const parties: readonly Row[] = [
  ["two of four", { rules: party, quantity: 2 }, "admitted", { kind: "single", number: 2, of: 4, quantity: 2 }],
  ["the rest of an open party", { rules: party, memory: used(2), quantity: 2 }, "admitted", { number: 4, of: 4 }],
  ["one too many", { rules: party, memory: used(2), quantity: 3 }, "uses_exhausted", { number: 2, of: 4, quantity: 3 }],
  ["a party that came whole", { rules: party, memory: used(4) }, "uses_exhausted", { number: 4, of: 4 }],
  [
    "a party that has to come together is used up by those who come",
    { rules: together, quantity: 2 },
    "admitted",
    { number: 4, of: 4 },
  ],
  ["the rest of it", { rules: together, memory: used(4), quantity: 2 }, "uses_exhausted", { number: 4, of: 4 }],
  [
    "a party pass issued for one use admits the party once",
    { rules: party, subject: { singleUse: true }, memory: used(4) },
    "uses_exhausted",
    { kind: "single", of: 4 },
  ],
];

const per = (period: string, uses = 1): string => `${site}[[rule]]\nuses = ${uses}\nper = "${period}"\n`;
const periods: readonly Row[] = [
  ["once a day, today's first", { rules: per("day") }, "admitted", { kind: "period", number: 1, of: 1 }],
  [
    "once a day, today's second: again tomorrow",
    { rules: per("day"), memory: used(1) },
    "already_redeemed",
    { kind: "period", next_at: "2026-05-19T22:00:00.000Z", first_at: "2026-05-19T09:00:00.000Z" },
  ],
  [
    "once a week: again on Monday",
    { rules: per("week"), memory: used(1) },
    "already_redeemed",
    { next_at: "2026-05-24T22:00:00.000Z" },
  ],
  [
    "once a month: again on the first",
    { rules: per("month"), memory: used(1) },
    "already_redeemed",
    { next_at: "2026-05-31T22:00:00.000Z" },
  ],
  [
    "once in 24 hours: again 24 hours after the first",
    { rules: per("24h"), memory: used(1) },
    "already_redeemed",
    { next_at: "2026-05-20T09:00:00.000Z" },
  ],
  ["twice a day, used twice", { rules: per("day", 2), memory: used(2) }, "uses_exhausted", { number: 2, of: 2 }],
  [
    "more than a day is good for, whenever they come",
    { rules: per("day"), quantity: 2 },
    "uses_exhausted",
    { next_at: null },
  ],
  [
    "on a day of 23 hours the next begins after 23",
    { rules: per("day"), memory: used(1), at: "2026-03-29T10:00:00Z" },
    "already_redeemed",
    { next_at: "2026-03-29T22:00:00.000Z" },
  ],
];

const wait = "[[rule]]\nwait_s = 3600\n";
const waits: readonly Row[] = [
  ["no earlier use", { rules: wait, policy: "unlimited" }, "admitted", { kind: "count", number: null, of: null }],
  [
    "too soon after the last use",
    { rules: wait, policy: "unlimited", memory: used(5) },
    "already_redeemed",
    { first_at: "2026-05-19T09:30:00.000Z", next_at: "2026-05-19T10:30:00.000Z" },
  ],
  [
    "exactly when the time is over",
    { rules: wait, policy: "unlimited", memory: used(5), at: "2026-05-19T10:30:00Z" },
    "admitted",
    {},
  ],
  [
    "what is used up is used up first",
    { rules: `${wait}uses = 1`, memory: used(1) },
    "already_redeemed",
    { next_at: null },
  ],
];

const zone = (more: string): string =>
  `${site}[[zone]]\nid = "pool"\nentry = ["pool-in"]\nexit = ["pool-out"]\n${more}\n`;
const entering = { lane: "pool-in" } as const;
const leaving = { lane: "pool-out" } as const;
const inside = { inside: 1, entry: earlier("2026-05-19T09:45:00Z", "pool-in") };
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

describe.each([
  ["place", places],
  ["hours", hours],
  ["count", counts],
  ["party", parties],
  ["period", periods],
  ["waiting time", waits],
  ["zone", zones],
])("%s", (_, rows) => {
  test.each(rows)("%s", (_rule, coming, answer, use) => {
    const ruling = rulingOn({ at, ...coming });
    expect(answerOf(ruling)).toBe(answer);
    expect(ruling.use).toMatchObject(use);
  });
});

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
