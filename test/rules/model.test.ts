import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openGatehouse, said, type Visit } from "./gatehouse.ts";
import { type ModelRule, type ModelSite, type ModelVisit, modelToml, openModel } from "./model.ts";

/** Two days before the clocks change, in spring and autumn. */
const starts = {
  "Europe/Berlin": [Date.UTC(2026, 2, 27, 12), Date.UTC(2026, 9, 23, 12)],
  "America/New_York": [Date.UTC(2026, 2, 6, 12), Date.UTC(2026, 9, 30, 12)],
} as const;

const rule: fc.Arbitrary<ModelRule> = fc.record({
  uses: fc.integer({ min: 1, max: 4 }),
  per: fc.constantFrom("day", "week", "month", "5h", null),
  party: fc.constantFrom(1, 1, 1, 3),
  together: fc.boolean(),
  ownLanes: fc.boolean(),
});

const week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const site: fc.Arbitrary<ModelSite> = fc.record({
  timeZone: fc.constantFrom("Europe/Berlin", "America/New_York"),
  dayBegins: fc.constantFrom("00:00", "04:00"),
  closedOn: fc.constantFrom("2026-03-29", "2026-03-08", "2026-10-26", "2026-11-02"),
  hours: fc.option(
    fc.record({
      days: fc.subarray(week, { minLength: 4 }),
      from: fc.constantFrom("00:00", "01:30", "08:00", "22:00"),
      to: fc.constantFrom("02:30", "03:00", "19:00", "23:59"),
    }),
    { freq: 2 },
  ),
  rule: fc.option(rule, { freq: 4 }),
  gate2: fc.option(rule, { freq: 1 }),
  waitS: fc.constantFrom(0, 0, 90, 7_200),
  zone: fc.record({
    capacity: fc.constantFrom(null, 2, 4),
    reentry: fc.boolean(),
    passbackMin: fc.constantFrom(null, null, 0, 30),
    empties: fc.constantFrom("never", "daily"),
  }),
});

/** Seconds until the next visit: the same instant, exactly as long as a rule says, a moment, part of a day, days. */
const pause = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(90, 1_800, 7_200, 18_000) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 4, arbitrary: fc.integer({ min: 300, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 20_000, max: 400_000 }) },
);

const visit = fc.record({
  pass: fc.integer({ min: 0, max: 3 }),
  lane: fc.constantFrom("pool-in", "pool-in", "pool-in", "pool-out", "pool-out", "gate-1", "gate-1", "gate-2", "staff"),
  quantity: fc.constantFrom(1, 1, 1, 2, 3),
  pauseS: pause,
});

/** Passes 0 and 1 are tickets, one of them issued for one use; the others belong to members. */
function modelVisit(
  { pass, lane, quantity }: { pass: number; lane: string; quantity: number },
  atMs: number,
): ModelVisit {
  return { pass, lane, quantity, atMs, kind: pass < 2 ? "event_ticket" : "membership", singleUse: pass === 0 };
}

function toVisit({ pass, kind, singleUse, lane, quantity, atMs }: ModelVisit): Visit {
  return { pass, kind, singleUse, lane, quantity, at: new Date(atMs).toISOString() };
}

/** `RULE_WALKS=500 npx vitest run test/rules/model.test.ts` for a long one, elsewhere each time; without it the same walks. */
const asked = process.env["RULE_WALKS"];
const walks = Number(asked ?? 16);
const sameWalks = asked === undefined ? { seed: 20_260_519 } : {};

test(
  "any walk of passes through any site, over restarts and clock changes, is answered as the plain model answers it",
  async () => {
    const answers = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        site,
        fc.nat(1),
        fc.array(fc.array(visit, { minLength: 20, maxLength: 100, size: "max" }), { minLength: 1, maxLength: 3 }),
        async (wanted, start, days) => {
          const model = openModel(wanted);
          await using gate = await openGatehouse(modelToml(wanted));
          let atMs: number = starts[wanted.timeZone][start] ?? 0;
          for (const walk of days) {
            const visits = walk.map((step) => {
              atMs += step.pauseS * 1_000;
              return modelVisit(step, atMs);
            });
            // Asked for at once, so that they share commits, and answered in their order.
            const records = await Promise.all(visits.map((one) => gate.come(toVisit(one))));
            for (const [at, record] of records.entries()) {
              const one = visits[at];
              if (one === undefined) continue;
              const { use } = record;
              const next = use.next_at === null ? null : Date.parse(use.next_at);
              if (next !== null && record.decision.reason !== "passback") {
                expect(next).toBeGreaterThan(one.atMs);
                // Not a moment earlier would it be let in.
                expect(model.peek({ ...one, atMs: next - 1 }).said).not.toBe("accepted");
              }
              const firstMs = use.first_at === null ? null : Date.parse(use.first_at);
              const expected = model.come(one);
              expect({ said: said(record), number: use.number, of: use.of, firstMs }).toEqual(expected);
              answers.set(expected.said, (answers.get(expected.said) ?? 0) + 1);
            }
            await gate.restart(() => {
              const database = new Database(gate.file, { readonly: true });
              const row = database
                .prepare<[], { occupancy: number }>("SELECT occupancy FROM passages ORDER BY number DESC LIMIT 1")
                .get();
              database.close();
              expect(row?.occupancy ?? 0).toBe(model.inside());
            });
          }
        },
      ),
      { numRuns: walks, endOnFailure: true, ...sameWalks },
    );
    // The walks came everywhere.
    const everything = [
      "accepted",
      "wrong_place",
      "outside_hours",
      "passback",
      "uses_exhausted",
      "already_redeemed",
      "over_capacity",
    ];
    expect(everything.filter((answer) => (answers.get(answer) ?? 0) < 5)).toEqual([]);
  },
  walks * 4_000,
);
