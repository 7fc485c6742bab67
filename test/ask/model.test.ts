import fc from "fast-check";
import { expect, test } from "vitest";
import type { Decision } from "../../agent/record.ts";
import type { Presented } from "../../agent/store/index.ts";
import { type Gatehouse, openGatehouse, said } from "../rules/gatehouse.ts";

/** Passes for two uses each, at three lanes; every step is one thing that can happen to one of them. */
const rules = `
[[rule]]
kinds = ["event_ticket"]
uses = 2
`;
const lanes = ["gate-1", "gate-2", "gate-3"];
const uses = 2;
const at = "2026-05-19T10:00:00Z";
const noSale = { externalRef: null, amountCents: null, currency: null };
const words = {
  agree: { outcome: "accepted", by: "pos", reason: "ok" },
  decline: { outcome: "rejected", by: "pos", reason: "pos_declined" },
  silence: { outcome: "rejected", by: "policy", reason: "pos_silent" },
} as const satisfies Record<string, Decision>;

type Step =
  | { readonly kind: "present" | "reserve"; readonly pass: number; readonly lane: number }
  | { readonly kind: keyof typeof words | "annul"; readonly which: number; readonly persons: number }
  | { readonly kind: "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("present" as const, "reserve" as const),
      pass: fc.nat(2),
      lane: fc.nat(2),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("agree" as const, "decline" as const, "silence" as const, "annul" as const),
      which: fc.nat(9),
      persons: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

interface Held {
  readonly id: string;
  readonly asked: Presented;
  readonly pass: number;
  readonly persons: number;
}

/** What should be true, kept in plain lists. */
class Model {
  /** Accepted scans by pass, and open reservations. */
  readonly accepted: Held[] = [];
  readonly held: Held[] = [];
  records = 0;
  taken(pass: number): number {
    const mine = [...this.accepted, ...this.held].filter((entry) => entry.pass === pass);
    return mine.reduce((sum, { persons }) => sum + persons, 0);
  }
  expected(pass: number): string {
    if (this.taken(pass) < uses) return "accepted";
    return this.held.some((entry) => entry.pass === pass) ? "reserved" : "uses_exhausted";
  }
}

async function play(house: Gatehouse, model: Model, next: Step, n: number): Promise<void> {
  switch (next.kind) {
    case "present":
    case "reserve": {
      const { pass, lane } = next;
      const expected = model.expected(pass);
      const asked = house.presented({ pass, at, lane: lanes[lane] ?? "" });
      const way = next.kind === "reserve" ? ({ kind: "ask", untilMs: Date.parse(at) + 3_000 } as const) : undefined;
      const answer = await house.ask("present", way === undefined ? asked : { ...asked, way });
      const { id } = asked.draft;
      if (answer.outcome === "reserved") {
        expect(expected).toBe("accepted");
        model.held.push({ id, asked, pass, persons: 1 });
        return;
      }
      if (answer.outcome !== "recorded") throw new Error(answer.outcome);
      model.records += 1;
      expect(said(answer.record)).toBe(expected);
      if (expected === "accepted") model.accepted.push({ id, asked, pass, persons: 1 });
      return;
    }
    case "annul": {
      const [entry] = model.accepted.splice(next.which % Math.max(1, model.accepted.length), 1);
      if (entry === undefined) return;
      const { uses: found } = await house.ask("usesAfter", { after: null, sinceMs: 0 });
      const pass = found.find(({ scan }) => scan === entry.id)?.pass ?? null;
      const act = { by: "operator", ref: null, at, clockState: "trusted", offline: false } as const;
      const answer = await house.ask("annul", { ...act, id: `scan_annul_${n}`, scanId: entry.id, pass });
      expect([pass === null, answer.outcome]).toEqual([false, "recorded"]);
      model.records += 1;
      return;
    }
    case "restart": {
      await house.restart();
      const left = await house.ask("releaseReservations", null);
      expect(left.map(({ id }) => id).toSorted()).toEqual(model.held.map(({ id }) => id).toSorted());
      model.records += left.length;
      model.held.length = 0;
      return;
    }
    default: {
      const [entry] = model.held.splice(next.which % Math.max(1, model.held.length), 1);
      if (entry === undefined) return;
      const { persons } = next;
      const instead = { ...entry.asked, quantity: persons };
      const settled = { scanId: entry.id, decision: words[next.kind], sale: noSale, trustGeneration: 0, instead };
      const { outcome } = await house.ask("settleReservation", settled);
      const tooMany = next.kind === "agree" && model.taken(entry.pass) + persons > uses;
      expect(outcome).toBe(tooMany ? "refused" : "recorded");
      if (tooMany) {
        model.held.push(entry);
        return;
      }
      model.records += 1;
      if (next.kind === "agree") model.accepted.push({ ...entry, persons });
      expect((await house.ask("settleReservation", settled)).outcome).toBe("gone");
    }
  }
}

test("whatever happens to reservations, no pass is used more often than allowed, none is lost, and each scan is written once", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      await using house = await openGatehouse(rules, lanes);
      const model = new Model();
      for (const [n, next] of steps.entries()) await play(house, model, next, n);
      const records = await house.ask("events", { limit: 1_000, afterSequence: 0, passId: null });
      expect(records).toHaveLength(model.records);
      const { uses: remembered } = await house.ask("usesAfter", { after: null, sinceMs: 0 });
      const expected = [...model.accepted, ...model.held].map(({ id }) => id).toSorted();
      expect(remembered.map(({ scan }) => scan).toSorted()).toEqual(expected);
    }),
    { numRuns: 25, interruptAfterTimeLimit: 45_000, markInterruptAsFailure: false },
  );
});
