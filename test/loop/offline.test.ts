import { describe, expect, test } from "vitest";
import { startGate, until } from "./gate.ts";

describe("offline is not a mode", () => {
  test("a cold start with no network decides with the trust data on disk, and remembers used and revoked passes", async () => {
    await using gate = await startGate();
    const used = await gate.issue("event_ticket");
    const revoked = await gate.issue("event_ticket");
    const fresh = await gate.issue("event_ticket");
    expect((await gate.present(used.text)).decision.outcome).toBe("accepted");
    const version = async () => (await gate.agent.facade.status()).trust.lists[0]?.version ?? 0;
    const before = await version();
    await gate.merchant.revoke(revoked.id);
    await until(async () => (await version()) > before, "the revocation");
    gate.network.cut();
    await gate.restart();
    await gate.trusted();
    const reasons = [];
    for (const pass of [used, revoked, fresh]) {
      const record = await gate.present(pass.text);
      expect(record.offline).toBe(true);
      reasons.push(record.decision.reason);
    }
    expect(reasons).toEqual(["already_redeemed", "revoked", "ok"]);
    gate.network.restore();
    await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the backlog to sync");
    const trail = await gate.merchant.scans({ order: "asc" });
    expect(trail).toHaveLength(4);
  });

  test("a live revocation reaches the terminal by push, without waiting for the poll", async () => {
    await using gate = await startGate();
    const pass = await gate.issue("membership");
    expect((await gate.present(pass.text)).decision.outcome).toBe("accepted");
    await until(async () => (await gate.agent.facade.status()).cloud.stream, "the stream");
    await gate.merchant.revoke(pass.id);
    const startedAt = performance.now();
    while ((await gate.present(pass.text)).decision.reason !== "revoked") {
      if (performance.now() - startedAt > 1_000) throw new Error("the revocation took more than a second");
    }
  });

  test("a revocation made while the network was away is taken up when it is back", async () => {
    await using gate = await startGate();
    const pass = await gate.issue("membership");
    await gate.present(pass.text);
    gate.network.cut();
    await gate.merchant.revoke(pass.id);
    expect((await gate.present(pass.text)).decision.outcome).toBe("accepted");
    gate.network.restore();
    await until(async () => (await gate.present(pass.text)).decision.reason === "revoked", "the revocation");
  });

  test("what is stored is what is uploaded: the record in the cloud is the record on the terminal", async () => {
    await using gate = await startGate();
    const record = await gate.present((await gate.issue("event_ticket")).text);
    await until(async () => (await gate.agent.facade.outbox()).pending === 0, "the upload");
    const [uploaded] = await gate.merchant.scans();
    expect(uploaded).toMatchObject(JSON.parse(JSON.stringify(record)));
  });
});
