import { describe, expect, test } from "vitest";
import { at, open, party, per, place, type Row, together, used, wait } from "./ruling-samples.ts";
import { answerOf, rulingOn } from "./samples.ts";

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

describe.each([
  ["place", places],
  ["hours", hours],
  ["count", counts],
  ["party", parties],
  ["period", periods],
  ["waiting time", waits],
])("%s", (_, rows) => {
  test.each(rows)("%s", (_rule, coming, answer, use) => {
    const ruling = rulingOn({ at, ...coming });
    expect(answerOf(ruling)).toBe(answer);
    expect(ruling.use).toMatchObject(use);
  });
});
