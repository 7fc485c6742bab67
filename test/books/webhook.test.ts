import { chmodSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DeliveryTiming } from "../../agent/books/delivery.ts";
import { type FlatScan, flatNames } from "../../agent/books/flat-scan.ts";
import type { Gate } from "../loop/gate.ts";
import { startGate, until } from "../loop/gate.ts";
import { isSigned, type Received, startReceiver } from "./receiver.ts";

/** Ten attempts in the time of a test: hours are tenths of a second. */
const quick: DeliveryTiming = { waitsMs: [60, 60, 100, 100, 150, 150, 200, 200, 200], deadlineMs: 2_000 };

const gateWith = (config: string, deliveries: Partial<DeliveryTiming> = {}): Promise<Gate> =>
  startGate({}, "state", { config, timing: { deliveries: { ...quick, ...deliveries } } });

async function webhook(gate: Gate) {
  const [view] = await gate.agent.facade.books().webhooks();
  if (view === undefined) throw new Error("there is no webhook");
  return view;
}

async function delivered(gate: Gate): Promise<void> {
  await until(async () => {
    const { waiting, retrying } = await webhook(gate);
    return waiting + retrying === 0;
  }, "all deliveries");
}

/** A receiver that was found to be down is left alone for a while: time enough to bring it up between two attempts. */
const outage = { waitsMs: new Array<number>(9).fill(500) };
const isFailing = (gate: Gate) => (): boolean =>
  gate.agent.facade.conditions().some(({ code }) => code === "webhook_failing");

/** Waits until the agent has just found, with two attempts, that the receiver is still down. */
async function resting(gate: Gate): Promise<void> {
  const attempts = (): number => gate.log.filter((line) => line.includes("webhook_attempt")).length;
  const before = attempts();
  await until(() => attempts() > before && attempts() % 2 === 0, "the next two attempts");
}

const idsOf = (deliveries: readonly Received[]): readonly string[] => deliveries.map(({ scan }) => scan.id);

describe("a receiver of scans", () => {
  test("gets every stored scan in order as one flat object, signed, with the values of the record", async () => {
    await using receiver = await startReceiver();
    await using gate = await gateWith(receiver.config);
    const { text } = await gate.issue("event_ticket");
    const sale = { externalRef: { type: "pos_check", id: "4711" }, amountCents: 1250, currency: "EUR" };
    const first = await gate.agent.facade.present({ reader: null, lane: null, payload: text, sale });
    const second = await gate.present(text);
    const third = await gate.present("nothing that is a pass");
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual([first.id, second.id, third.id]);
    expect(receiver.received.every((delivery) => isSigned(delivery))).toBe(true);
    const [flat] = receiver.received.map(({ scan }) => scan);
    expect(Object.keys(flat ?? {})).toEqual(flatNames);
    expect(flat).toEqual({
      id: first.id,
      pass_id: first.pass_id,
      template_id: first.template_id,
      lane: "gate-1",
      reader: "sim",
      channel: "sim",
      scanned_at: first.scanned_at,
      outcome: "accepted",
      reason: "ok",
      decided_by: "agent",
      use_kind: "single",
      use_number: 1,
      external_ref_type: "pos_check",
      external_ref_id: "4711",
      amount_cents: 1250,
      currency: "EUR",
      supersedes: null,
      live_mode: false,
      tenant_id: first.tenant_id,
      scanner_id: first.scanner_id,
      sequence: 1,
      offline: first.offline,
    } satisfies FlatScan);
    const reasons = [first, second, third].map(({ decision }) => decision.reason);
    expect(receiver.received.map(({ scan }) => scan.reason)).toEqual(reasons);
    expect(new Set(reasons).size).toBe(3);
  });

  test("that takes a delivery and says so too late gets it again, the same bytes, and has one effect by its id", async () => {
    await using receiver = await startReceiver();
    receiver.react = (_, attempt) => (attempt < 3 ? 500 : 200);
    await using gate = await gateWith(receiver.config);
    const { id } = await gate.present((await gate.issue("membership")).text);
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual([id, id, id]);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(receiver.received.every((delivery) => isSigned(delivery))).toBe(true);
    expect(receiver.effects).toEqual([id]);
  });

  test("that was down for hours gets what was missed, each once and in order", async () => {
    await using receiver = await startReceiver();
    await using gate = await gateWith(receiver.config, outage);
    const { text } = await gate.issue("membership");
    await receiver.down();
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) ids.push((await gate.present(text)).id);
    await resting(gate);
    expect(isFailing(gate)()).toBe(true);
    expect((await webhook(gate)).waiting).toBeGreaterThan(20);
    await receiver.up();
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual(ids);
    expect(isFailing(gate)()).toBe(false);
  });

  test("that is down when the agent stops gets it after the next start, in order", async () => {
    await using receiver = await startReceiver();
    await using gate = await gateWith(receiver.config, outage);
    const { text } = await gate.issue("membership");
    await receiver.down();
    const ids = [(await gate.present(text)).id, (await gate.present(text)).id];
    await resting(gate);
    await gate.restart();
    await gate.trusted();
    ids.push((await gate.present(text)).id);
    await resting(gate);
    await receiver.up();
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual(ids);
  });

  test.each([400, 410])(
    "that answers %i has refused that scan for good: it is kept, shown, and not repeated",
    async (status) => {
      await using receiver = await startReceiver();
      receiver.react = ({ scan }) => (scan.sequence === 1 ? status : 200);
      await using gate = await gateWith(receiver.config);
      const { text } = await gate.issue("membership");
      const refused = await gate.present(text);
      const taken = await gate.present(text);
      await delivered(gate);
      expect(idsOf(receiver.received)).toEqual([refused.id, taken.id]);
      expect(await webhook(gate)).toMatchObject({ failed: 1, retrying: 0, waiting: 0, problem: `status ${status}` });
      expect((await gate.agent.facade.status()).webhooks).toMatchObject([{ failed: 1 }]);
      expect(isFailing(gate)()).toBe(true);

      receiver.react = () => 200;
      expect(await gate.agent.facade.books().retryWebhooks()).toBe(1);
      await until(
        async () => (await webhook(gate)).failed === 0 && receiver.effects.includes(refused.id),
        "the repeat",
      );
      expect(isFailing(gate)()).toBe(false);
    },
  );

  test("that does not answer in time is asked again", async () => {
    await using receiver = await startReceiver();
    receiver.react = (_, attempt) => (attempt === 1 ? "hang" : 200);
    await using gate = await gateWith(receiver.config, { deadlineMs: 150 });
    const { id } = await gate.present((await gate.issue("membership")).text);
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual([id, id]);
  });

  test("that chokes on one scan gets all others meanwhile, and that one ten times and no more", async () => {
    await using receiver = await startReceiver();
    receiver.react = ({ scan }) => (scan.sequence === 2 ? "drop" : 200);
    await using gate = await gateWith(receiver.config, { waitsMs: new Array<number>(9).fill(20) });
    const { text } = await gate.issue("membership");
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await gate.present(text)).id);
    await until(async () => (await webhook(gate)).failed === 1, "the tenth attempt");
    const [bad] = ids.splice(1, 1);
    expect(receiver.effects).toEqual(ids);
    expect(idsOf(receiver.received).filter((id) => id === bad)).toHaveLength(10);
  });

  test("that never answers delays neither a decision nor the cloud", async () => {
    await using receiver = await startReceiver();
    receiver.react = () => "hang";
    await using gate = await gateWith(receiver.config, { deadlineMs: 60_000 });
    const { text } = await gate.issue("membership");
    const records = [];
    const startedAt = performance.now();
    for (let i = 0; i < 20; i++) records.push(await gate.present(text));
    await until(async () => (await gate.merchant.scans({ limit: 100 })).length === 20, "the cloud to have them all");
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(receiver.received).toHaveLength(1);
    expect((await webhook(gate)).waiting).toBe(20);
  });

  test("gets only what it asked for", async () => {
    await using receiver = await startReceiver('events = ["rejected", "corrected"]\n');
    await using gate = await gateWith(receiver.config);
    const { text } = await gate.issue("event_ticket");
    const accepted = await gate.present(text);
    const rejected = await gate.present(text);
    const corrected = await gate.agent.facade.books().correct({
      scanId: accepted.id,
      id: null,
      reason: "amended",
      sale: { externalRef: { type: "pos_check", id: "1" }, amountCents: null, currency: null },
    });
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual([rejected.id, corrected.id]);
  });

  test("whose secret cannot be read gets nothing until it can; a second line signs too", async () => {
    await using receiver = await startReceiver();
    chmodSync(receiver.secretFile, 0o644);
    await using gate = await gateWith(receiver.config);
    const { id } = await gate.present((await gate.issue("membership")).text);
    const condition = () => gate.agent.facade.conditions().find(({ code }) => code === "webhook_failing");
    await until(() => condition()?.detail.includes("everybody") === true, "the condition");
    expect(receiver.received).toEqual([]);
    writeFileSync(receiver.secretFile, "the-old-secret-of-this-test\nthe-new-secret-of-this-test\n");
    chmodSync(receiver.secretFile, 0o640);
    await delivered(gate);
    expect(idsOf(receiver.received)).toEqual([id]);
    const [delivery] = receiver.received;
    const good = ["the-old-secret-of-this-test", "the-new-secret-of-this-test", "another-secret-of-this-test"].map(
      (key) => delivery !== undefined && isSigned(delivery, key),
    );
    expect(good).toEqual([true, true, false]);
  });

  test("has an address that is shown nowhere but as a host", async () => {
    await using receiver = await startReceiver();
    receiver.react = () => 410;
    await using gate = await gateWith(receiver.config);
    await gate.present((await gate.issue("membership")).text);
    await until(async () => (await webhook(gate)).failed === 1, "the refusal");
    expect(JSON.stringify(await gate.agent.facade.status())).not.toContain("/catch/key");
    expect(gate.log.join("")).not.toContain("/catch/key");
    expect((await webhook(gate)).host).toMatch(/^127\.0\.0\.1:\d+$/);
  });
});
