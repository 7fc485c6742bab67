import { describe, expect, test } from "vitest";
import type { Fault } from "../../fixtures/cloud/index.ts";
import { type Gate, startGate, until } from "./gate.ts";

const batchPath = "/v1/passes/scans/batch";
const envelope = (type: string, code: string) => JSON.stringify({ error: { type, code, message: "a test says so" } });

async function outbox(gate: Gate) {
  return gate.agent.facade.outbox();
}

async function uploaded(gate: Gate): Promise<readonly unknown[]> {
  return (await gate.merchant.scans({ order: "asc" })).map((scan) => scan["id"]);
}

describe("whatever the cloud answers, every scan arrives once", () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ["500", { kind: "answer", status: 500, body: envelope("api_error", "internal") }],
    ["503 with a page of HTML", { kind: "html", status: 503 }],
    ["200 with the HTML of a captive portal", { kind: "html", status: 200 }],
    ["204 with nothing", { kind: "answer", status: 204 }],
    [
      "429 with Retry-After",
      { kind: "answer", status: 429, headers: { "Retry-After": "1" }, body: envelope("rate_limited", "tenant_limit") },
    ],
    [
      "401 for a bearer that ended",
      { kind: "answer", status: 401, body: envelope("unauthenticated", "expired_token") },
    ],
    [
      "409 while the first try still runs",
      { kind: "answer", status: 409, body: envelope("idempotency_inflight", "idempotency_inflight") },
    ],
    ["a connection that breaks before anything happened", { kind: "drop" }],
    ["a connection that breaks after the scans were stored", { kind: "lose_reply" }],
    ["an answer that breaks off in the middle", { kind: "cut", afterBytes: 10 }],
  ];
  test.each(faults)("%s", async (_name, fault) => {
    await using gate = await startGate();
    const pass = await gate.issue("event_ticket");
    gate.cloud.faults.add({ method: "POST", path: batchPath, fault, times: 1 });
    const first = await gate.present(pass.text);
    const second = await gate.present(pass.e1j);
    await until(async () => (await outbox(gate)).pending === 0, "the outbox to be empty");
    expect(gate.cloud.faults.pending()).toBe(0);
    expect(await uploaded(gate)).toEqual([first.id, second.id]);
    expect((await outbox(gate)).deadLetters).toBe(0);
  });

  test("422 for the batch: the bad item alone becomes a dead letter, the others arrive", async () => {
    await using gate = await startGate();
    gate.network.cut();
    const passes = await Promise.all(Array.from({ length: 5 }, () => gate.issue("membership")));
    const records = [];
    for (const pass of passes) records.push(await gate.present(pass.text));
    // Five are refused, then their halves and quarters in turn; the fifth refusal meets a single item.
    for (let i = 0; i < 5; i++) {
      gate.cloud.faults.add({
        path: batchPath,
        fault: { kind: "answer", status: 422, body: envelope("validation_failed", "poison") },
      });
    }
    gate.network.restore();
    await until(async () => (await outbox(gate)).pending === 0, "the outbox to be empty");
    const { items, deadLetters } = await outbox(gate);
    expect(deadLetters).toBe(1);
    expect(items.every((item) => item.error?.code === "poison")).toBe(true);
    const arrived = await uploaded(gate);
    expect(arrived.length + deadLetters).toBe(records.length);
    expect(new Set([...arrived, ...items.map((item) => item.scanId)])).toEqual(
      new Set(records.map((record) => record.id)),
    );
  });

  test("409 for other bytes under the same key: set aside and shown, never made up again", async () => {
    await using gate = await startGate();
    gate.cloud.faults.add({
      path: batchPath,
      fault: { kind: "answer", status: 409, body: envelope("idempotency_conflict", "idempotency_conflict") },
    });
    await gate.present((await gate.issue("membership")).text);
    await until(async () => (await outbox(gate)).deadLetters === 1, "the dead letter");
    const after = await gate.present((await gate.issue("membership")).text);
    await until(async () => (await outbox(gate)).pending === 0, "the outbox to be empty");
    expect(await uploaded(gate)).toEqual([after.id]);
  });

  test("401 for ever: the terminal goes on deciding, keeps every scan, and says what to do", async () => {
    await using gate = await startGate();
    const pass = await gate.issue("membership");
    const [scanner] = [(await gate.agent.facade.status()).scannerId];
    gate.cloud.revokeScanner(scanner ?? "");
    const record = await gate.present(pass.text);
    expect(record.decision.outcome).toBe("accepted");
    await until(
      () => gate.agent.facade.conditions().some(({ code }) => code === "credential_refused"),
      "the condition",
    );
    expect((await outbox(gate)).pending).toBe(1);
    const condition = gate.agent.facade.conditions().find(({ code }) => code === "credential_refused");
    expect(condition?.remedy).toContain("pass-agent enroll");
  });

  test("a cloud that never answers does not delay a decision", async () => {
    await using gate = await startGate();
    const pass = await gate.issue("membership");
    gate.cloud.faults.add({ path: /.*/, fault: { kind: "hang" }, times: 50 });
    const startedAt = performance.now();
    for (let i = 0; i < 20; i++) expect((await gate.present(pass.text)).decision.outcome).toBe("accepted");
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect((await outbox(gate)).pending).toBe(20);
  });
});
