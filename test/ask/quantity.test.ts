import { expect, test } from "vitest";
import type { Decision } from "../../agent/record.ts";
import type { Reserved, SettledAnswer } from "../../agent/store/index.ts";
import { valid } from "../agent/samples.ts";
import { type Gatehouse, openGatehouse, said } from "../rules/gatehouse.ts";

/** The till says how many of a party come now; the writer counts them in place of those who are reserved. */

const agreed: Decision = { outcome: "accepted", by: "pos", reason: "ok" };
const declined: Decision = { outcome: "rejected", by: "pos", reason: "pos_declined" };
const noSale = { externalRef: null, amountCents: null, currency: null };
const at = "2026-05-19T10:00:00Z";
const untilMs = Date.parse(at) + 30_000;
const lanes = ["gate-1", "gate-2"];
const party = `
[[rule]]
kinds = ["event_ticket"]
uses = 1
party_size = 4
`;
const together = `${party}party = "together"\n`;
const hall = `${party}
[[zone]]
id = "hall"
entry = ["gate-1", "gate-2"]
capacity = 5
`;

interface Held {
  readonly scan: Reserved;
  /** Answers the reservation: so many come. */
  settle(quantity: number, decision?: Decision): Promise<SettledAnswer>;
}

async function hold(house: Gatehouse, quantity: number, pass = 1): Promise<Held> {
  const asked = house.presented({ pass, at, quantity });
  const answer = await house.ask("present", { ...asked, way: { kind: "ask", untilMs } });
  if (answer.outcome !== "reserved") throw new Error(`${answer.outcome} instead of reserved`);
  const { scan } = answer;
  return {
    scan,
    settle: (come, decision = agreed) =>
      house.ask("settleReservation", {
        scanId: scan.id,
        decision,
        sale: noSale,
        trustGeneration: 0,
        instead: { ...asked, quantity: come },
      }),
  };
}

const next = async (house: Gatehouse, quantity: number, pass = 1) =>
  said(await house.come({ pass, at: "2026-05-19T10:00:05Z", lane: "gate-2", quantity }));

test.each([
  ["a party", 1, 3, 3, 2, "uses_exhausted", party],
  ["a party", 1, 3, 3, 1, "accepted", party],
  ["a party", 4, 2, 2, 2, "accepted", party],
  ["a party", 4, 2, 2, 3, "uses_exhausted", party],
  ["a party that counts as a whole", 1, 3, 4, 1, "uses_exhausted", together],
  ["a party in a hall", 1, 3, 3, 1, "accepted", hall],
  ["a party in a hall", 4, 1, 1, 3, "accepted", hall],
])(
  "%s: %i reserved, %i come, %i are counted; then %i more: %s",
  async (_, reserved, come, counted, more, then, rules) => {
    await using house = await openGatehouse(rules, lanes);
    const held = await hold(house, reserved);
    const settled = await held.settle(come);
    expect(settled).toMatchObject({
      outcome: "recorded",
      record: { id: held.scan.id, decision: agreed, use: { quantity: come, number: counted, of: 4 }, sequence: 1 },
    });
    expect(await next(house, more)).toBe(then);
  },
);

test("more than the rules allow is refused, the reservation stands, and fewer may come then", async () => {
  await using house = await openGatehouse(party, lanes);
  await house.come({ pass: 1, at, quantity: 1 });
  const held = await hold(house, 1);
  expect(await held.settle(4)).toEqual({ outcome: "refused", reason: "uses_exhausted" });
  expect(await next(house, 3)).toBe("reserved");
  expect(await held.settle(3)).toMatchObject({ outcome: "recorded", record: { use: { number: 4, quantity: 3 } } });
  expect(await held.settle(4)).toMatchObject({ outcome: "gone", record: { use: { quantity: 3 } } });
  const { uses } = await house.ask("usesAfter", { after: null, sinceMs: 0 });
  expect(uses.map(({ scan }) => scan).toSorted()).toEqual(["scan_000000", held.scan.id]);
});

test("room that others have taken meanwhile is not given to those who come late to a party", async () => {
  await using house = await openGatehouse(hall, lanes);
  const held = await hold(house, 1);
  await house.come({ pass: 2, at, quantity: 3 });
  expect(await held.settle(3)).toEqual({ outcome: "refused", reason: "over_capacity" });
  expect(await held.settle(2)).toMatchObject({ outcome: "recorded" });
  expect(await next(house, 1, 3)).toBe("over_capacity");
});

test("what was counted anew is taken back whole: by a decline before, and by an annulment after", async () => {
  for (const rules of [party, hall]) {
    await using house = await openGatehouse(rules, lanes);
    const refused = await hold(house, 2);
    await refused.settle(5);
    await refused.settle(3, declined);
    const held = await hold(house, 1);
    await held.settle(4);
    const pass = (await house.ask("usesAfter", { after: null, sinceMs: 0 })).uses[0]?.pass ?? null;
    const act = { by: "operator", ref: null, at, clockState: "trusted", offline: false } as const;
    const undone = await house.ask("annul", { ...act, id: "scan_undo", scanId: held.scan.id, pass });
    expect(undone).toMatchObject({ outcome: "recorded" });
    expect(await next(house, 4)).toBe("accepted");
  }
});

test("a crowd that nobody verified is counted as it comes, and the memory stays as it is", async () => {
  await using house = await openGatehouse(party, lanes);
  const asked = house.presented({ pass: 1, at });
  const reference = { result: "undetermined", reason: "unverified_reference", doubts: [] } as const;
  const { finding } = asked;
  if (finding.result !== "valid") throw new Error(finding.result);
  const unknown = {
    ...asked,
    finding: { ...finding, ...reference, claims: null, reference: null, rotationStep: null },
  };
  const answer = await house.ask("present", { ...unknown, way: { kind: "ask", untilMs } });
  expect(answer.outcome).toBe("reserved");
  const settled = await house.ask("settleReservation", {
    scanId: asked.draft.id,
    decision: agreed,
    sale: noSale,
    trustGeneration: 0,
    instead: { ...unknown, quantity: 7 },
  });
  expect(settled).toMatchObject({ outcome: "recorded", record: { use: { kind: "none", quantity: 7 } } });
  expect((await house.ask("usesAfter", { after: null, sinceMs: 0 })).uses).toEqual([]);
});

test("a rotating code that brought a party is used: read again at once it is the same scan, later it is an old code", async () => {
  await using house = await openGatehouse(party, lanes);
  const asked = house.presented({ pass: 1, at });
  const rotationStep = Math.floor(Date.parse(at) / 1_000 / 30);
  const finding = { ...valid({ index: 1, singleUse: false, rotating: true }), rotationStep };
  const shown = { ...asked, finding };
  expect(await house.ask("present", { ...shown, way: { kind: "ask", untilMs } })).toMatchObject({
    outcome: "reserved",
  });
  await house.ask("settleReservation", {
    scanId: asked.draft.id,
    decision: agreed,
    sale: noSale,
    trustGeneration: 0,
    instead: { ...shown, quantity: 2 },
  });
  const again = (id: string, scannedAt: string) =>
    house.ask("present", { ...shown, draft: { ...shown.draft, id, scanned_at: scannedAt } });
  expect(await again("scan_again", at)).toMatchObject({ outcome: "repeated", record: { id: asked.draft.id } });
  expect(await again("scan_later", "2026-05-19T10:00:09Z")).toMatchObject({
    outcome: "recorded",
    record: { decision: { outcome: "rejected", reason: "rotation_replayed" } },
  });
});
