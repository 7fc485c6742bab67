import { describe, expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import { openStored } from "../../agent/stored.ts";
import { startGate, until } from "./gate.ts";

const refusal = JSON.stringify({ error: { type: "validation_failed", code: "poison", message: "a test says so" } });

describe("the queue to the cloud", () => {
  test("a dead letter whose cause is gone is sent again and arrives", async () => {
    await using gate = await startGate();
    gate.cloud.faults.add({ path: "/v1/passes/scans/batch", fault: { kind: "answer", status: 422, body: refusal } });
    const record = await gate.present((await gate.issue("membership")).text);
    await until(async () => (await gate.agent.facade.outbox()).deadLetters === 1, "the dead letter");
    expect(await gate.agent.facade.retryDeadLetters("scan_of_somebody_else")).toBe(0);
    expect(await gate.agent.facade.retryDeadLetters(record.id)).toBe(1);
    await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
    expect((await gate.merchant.scans()).map((scan) => scan["id"])).toEqual([record.id]);
    expect((await gate.agent.facade.outbox()).deadLetters).toBe(0);
  });

  test("a person who says `send now` does not wait for the back-off", async () => {
    await using gate = await startGate();
    gate.cloud.faults.add({
      path: "/v1/passes/scans/batch",
      fault: {
        kind: "answer",
        status: 429,
        headers: { "Retry-After": "600" },
        body: refusal.replace("validation_failed", "rate_limited"),
      },
    });
    await gate.present((await gate.issue("membership")).text);
    await until(() => gate.cloud.faults.pending() === 0, "the refusal");
    await until(() => gate.log.some((line) => line.includes("batch_later")), "the back-off");
    gate.agent.facade.sendNow();
    await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
  });

  test("a long offline day drains without loss or doubles, and what happens now is not hidden behind it", async () => {
    await using gate = await startGate();
    const { text } = await gate.issue("membership");
    gate.network.cut();
    const ids = [];
    for (let i = 0; i < 1_200; i++) ids.push((await gate.present(text)).id);
    const newest = ids.at(-1);
    gate.network.restore();
    let seenAfter: number | null = null;
    await until(async () => {
      const { pending } = await gate.agent.facade.outbox();
      const [scan] = await gate.merchant.scans({ limit: 1 });
      if (seenAfter === null && scan?.["id"] === newest) seenAfter = pending;
      return pending === 0;
    }, "the backlog");
    expect(seenAfter, "the newest scan arrives while older ones still wait").toBeGreaterThan(0);
    const listed = new Set<unknown>();
    let cursor = "";
    for (let more = true; more; ) {
      const page = await gate.merchant.request("GET", `/v1/passes/scans?limit=100${cursor}`);
      const data: readonly { readonly id: string }[] = Object(page["data"]);
      for (const scan of data) listed.add(scan.id);
      cursor = `&starting_after=${String(page["next_cursor"])}`;
      more = page["has_more"] === true;
    }
    expect(listed.size).toBe(ids.length);
    expect(ids.every((id) => listed.has(id))).toBe(true);
    expect(await gate.agent.facade.audit()).toMatchObject({ whole: true, records: ids.length });
  });

  test("scans that never reached the cloud can be carried away in a file, with and without a running agent", async () => {
    await using gate = await startGate();
    gate.network.cut();
    const record = await gate.present((await gate.issue("membership")).text);
    expect(await gate.agent.facade.unacknowledged(null, 10)).toEqual({ records: [record], next: null });
    await gate.agent.stop();
    const stored = await openStored(gate.config, { clock: systemClock(), version: "0.0.0-test" });
    if (stored === "absent" || stored === "locked") throw new Error(stored);
    expect(await stored.unacknowledged(null, 10)).toEqual({ records: [record], next: null });
    await stored.close();
  });
});
