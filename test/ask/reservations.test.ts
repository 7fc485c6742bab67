import { expect, test } from "vitest";
import type { Decision } from "../../agent/record.ts";
import type { ReservationAnswer, Reserved } from "../../agent/store/index.ts";
import { invalid } from "../agent/samples.ts";
import { type Gatehouse, openGatehouse, said, type Visit } from "../rules/gatehouse.ts";

const declined: Decision = { outcome: "rejected", by: "pos", reason: "pos_declined" };
const agreed: Decision = { outcome: "accepted", by: "pos", reason: "ok" };
const silent: Decision = { outcome: "rejected", by: "policy", reason: "pos_silent" };
const noSale = { externalRef: null, amountCents: null, currency: null };
const at = "2026-05-19T10:00:00Z";
const until = Date.parse(at) + 3_000;

/** One pass for one use, at two lanes of a zone. */
const rules = `
[[rule]]
kinds = ["event_ticket"]
uses = 1
[[zone]]
id = "hall"
entry = ["gate-1", "gate-2"]
capacity = 2
`;
const lanes = ["gate-1", "gate-2"];

async function reserve(house: Gatehouse, visit: Visit): Promise<Reserved> {
  const answer = await house.ask("present", { ...house.presented(visit), way: { kind: "ask", untilMs: until } });
  if (answer.outcome !== "reserved") throw new Error(`${answer.outcome} instead of reserved`);
  return answer.scan;
}

function ending(scan: Reserved, decision: Decision, part: Partial<ReservationAnswer> = {}): ReservationAnswer {
  return { scanId: scan.id, decision, sale: noSale, trustGeneration: 0, ...part };
}

test("a reserved pass is not in the journal, and refused everywhere else with the lane that asks and until when", async () => {
  await using house = await openGatehouse(rules, lanes);
  await reserve(house, { pass: 1, at });
  expect(await house.ask("events", { limit: 10, afterSequence: null, passId: null })).toEqual([]);
  const other = await house.come({ pass: 1, at: "2026-05-19T10:00:01Z", lane: "gate-2" });
  expect([said(other), other.use.first_lane, other.use.next_at]).toEqual([
    "reserved",
    "gate-1",
    new Date(until).toISOString(),
  ]);
});

test.each([
  ["the till agrees", agreed, "passback", "already_redeemed"],
  ["the till declines", declined, "accepted", "accepted"],
  ["the till is silent", silent, "accepted", "accepted"],
])(
  "when %s there is one record with its word, and the pass is used or free accordingly",
  async (_, decision, inZone, plain) => {
    for (const [config, then] of [
      [rules, inZone],
      [rules.slice(0, rules.indexOf("[[zone]]")), plain],
    ] as const) {
      await using house = await openGatehouse(config, lanes);
      const scan = await reserve(house, { pass: 1, at });
      const sale = { externalRef: { type: "pos_check", id: "4711" }, amountCents: 1250, currency: "EUR" };
      const settled = await house.ask("settleReservation", ending(scan, decision, { sale }));
      expect(settled).toMatchObject({
        outcome: "recorded",
        record: {
          id: scan.id,
          decision,
          external_ref: sale.externalRef,
          amount_cents: 1250,
          supersedes: null,
          sequence: 1,
        },
      });
      expect(said(await house.come({ pass: 1, at: "2026-05-19T10:00:05Z", lane: "gate-2" }))).toBe(then);
    }
  },
);

test("who is only reserved takes room, and gives it back when declined", async () => {
  await using house = await openGatehouse(rules, lanes);
  await house.come({ pass: 1, at });
  const second = await reserve(house, { pass: 2, at });
  expect(said(await house.come({ pass: 3, at }))).toBe("over_capacity");
  await house.ask("settleReservation", ending(second, declined));
  expect(said(await house.come({ pass: 3, at }))).toBe("accepted");
});

test("a reservation is settled once; afterwards it answers what it came to", async () => {
  await using house = await openGatehouse(rules, lanes);
  const scan = await reserve(house, { pass: 1, at });
  await house.ask("settleReservation", ending(scan, declined));
  expect(await house.ask("settleReservation", ending(scan, agreed))).toMatchObject({
    outcome: "gone",
    record: { decision: declined },
  });
  expect(await house.ask("settleReservation", { ...ending(scan, agreed), scanId: "scan_none" })).toEqual({
    outcome: "gone",
    record: null,
  });
});

test("trust data that changed meanwhile is looked at before anything is kept", async () => {
  await using house = await openGatehouse(rules, lanes);
  const scan = await reserve(house, { pass: 1, at });
  await house.ask("saveTrust", { put: new Map(), drop: [], timeMemory: "{}" });
  expect(await house.ask("settleReservation", ending(scan, agreed))).toEqual({ outcome: "stale", generation: 1 });
  const settled = await house.ask("settleReservation", ending(scan, agreed, { trustGeneration: 1 }));
  expect(settled.outcome).toBe("recorded");
});

test("what nobody answered for before the agent ended is refused at the next start, and the pass is free", async () => {
  await using house = await openGatehouse(rules, lanes);
  const scan = await reserve(house, { pass: 1, at });
  await house.restart();
  expect(said(await house.come({ pass: 1, at, lane: "gate-2" }))).toBe("reserved");
  const left = await house.ask("releaseReservations", null);
  expect(left).toMatchObject([{ id: scan.id, decision: silent, use: { kind: "none" } }]);
  expect(await house.ask("releaseReservations", null)).toEqual([]);
  expect(said(await house.come({ pass: 1, at: "2026-05-19T10:01:00Z", lane: "gate-2" }))).toBe("accepted");
});

test("what the rules refuse is never put to a till", async () => {
  await using house = await openGatehouse(rules, lanes);
  await house.come({ pass: 1, at });
  const again = { ...house.presented({ pass: 1, at }), way: { kind: "ask", untilMs: until } } as const;
  expect(await house.ask("present", again)).toMatchObject({
    outcome: "recorded",
    record: { decision: { outcome: "rejected", by: "agent", reason: "passback" } },
  });
});

test("training says what would be said and changes nothing; an emergency lets a revoked pass through and uses up none", async () => {
  await using house = await openGatehouse(rules, lanes);
  const training = { ...house.presented({ pass: 1, at }), way: { kind: "training" } } as const;
  for (let round = 0; round < 2; round++) {
    const answer = await house.ask("present", { ...training, draft: { ...training.draft, id: `scan_t${round}` } });
    expect(answer).toMatchObject({ record: { decision: { outcome: "accepted" }, use: { kind: "none" } } });
  }
  const revoked = { ...house.presented({ pass: 2, at }), finding: invalid("revoked") };
  expect(await house.ask("present", { ...revoked, way: { kind: "emergency" } })).toMatchObject({
    record: {
      decision: { outcome: "accepted", by: "operator", reason: "emergency_open" },
      verification: { result: "valid" },
      use: { kind: "none" },
    },
  });
  for (const pass of [1, 2]) expect(said(await house.come({ pass, at }))).toBe("accepted");
});

const act = { by: "operator", ref: null, at, clockState: "trusted", offline: false } as const;

test("an annulled scan gives its use back by a record of its own, once", async () => {
  await using house = await openGatehouse(rules, lanes);
  const first = await house.come({ pass: 1, at });
  const pass = await house.ask("passageOf", { scan: first.id });
  const ask = { ...act, id: "scan_annul", scanId: first.id, pass };
  expect(await house.ask("annul", ask)).toMatchObject({
    outcome: "recorded",
    record: { supersedes: first.id, decision: { outcome: "rejected", by: "operator", reason: "annulled" } },
  });
  expect(await house.ask("annul", ask)).toMatchObject({ outcome: "recorded", record: { id: "scan_annul" } });
  expect(await house.ask("annul", { ...ask, id: "scan_annul_2" })).toMatchObject({ outcome: "wrong_outcome" });
  expect(await house.ask("annul", { ...ask, id: "scan_x", scanId: "scan_none" })).toEqual({
    outcome: "scan_not_found",
  });
  expect(await house.ask("annul", { ...ask, id: first.id, scanId: "scan_annul" })).toEqual({ outcome: "id_taken" });
  expect(said(await house.come({ pass: 1, at }))).toBe("accepted");
});

test("an override lets a refused pass in and counts the use, and can be annulled like any other", async () => {
  await using house = await openGatehouse(rules, lanes);
  const closedHall = { pass: 1, at, lane: "gate-2" };
  await house.come({ pass: 2, at });
  await house.come({ pass: 3, at });
  const asked = house.presented(closedHall);
  const refused = await house.ask("present", asked);
  expect(refused).toMatchObject({ record: { decision: { reason: "over_capacity" } } });
  const ask = {
    ...act,
    id: "scan_over",
    scanId: asked.draft.id,
    asked,
    ref: { type: "operator.staff", id: "invited" },
  };
  expect(await house.ask("override", ask)).toMatchObject({
    outcome: "recorded",
    record: {
      supersedes: asked.draft.id,
      decision: { outcome: "accepted", by: "operator", reason: "override" },
      use: { kind: "entry_exit", number: 1, of: 1 },
      external_ref: { type: "operator.staff", id: "invited" },
    },
  });
  expect(await house.ask("override", { ...ask, id: "scan_over_2" })).toMatchObject({ outcome: "wrong_outcome" });
  expect(said(await house.come({ pass: 1, at }))).toBe("passback");
  const pass = await house.ask("passageOf", { scan: "scan_over" });
  await house.ask("annul", { ...act, id: "scan_undo", scanId: "scan_over", pass });
  expect(said(await house.come({ pass: 1, at }))).toBe("over_capacity");
});

test("a receiver of scans is told of every real scan and of no training", async () => {
  await using house = await openGatehouse(rules, lanes);
  await house.ask("registerWebhooks", { ids: ["hook"] });
  const asked = house.presented({ pass: 1, at });
  await house.ask("present", { ...asked, way: { kind: "training" } });
  const real = house.presented({ pass: 1, at });
  await house.ask("present", { ...real, draft: { ...real.draft, simulated: false } });
  const ask = { id: "hook", events: ["accepted"], take: "all", nowMs: Date.parse(at), longestMs: 1_000 } as const;
  expect(await house.ask("nextDelivery", { ...ask, realOnly: true })).toMatchObject({ kind: "delivery", sequence: 2 });
});
