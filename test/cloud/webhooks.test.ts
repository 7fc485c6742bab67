import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { afterAttempt, publishedWaitsMs } from "../../fixtures/cloud/deliveries.ts";
import { wantsEvent } from "../../fixtures/cloud/events.ts";
import { eventually, type TestCloud, testCloud } from "./harness.ts";
import { type Received, receiver } from "./receiver.ts";
import { scanRecord } from "./scan-record.ts";

const quick = { webhookWaitsMs: Array(9).fill(5), webhookTimeoutMs: 200 } as const;

async function register(
  sandbox: TestCloud,
  url: string,
  enabled_events: readonly string[],
): Promise<{ id: string; secret: string }> {
  const reply = await sandbox.ask("POST", "/v1/webhook_endpoints", {
    body: { url, enabled_events, description: "test" },
  });
  return { id: reply.textAt("id"), secret: reply.textAt("secret") };
}
const eventOf = (delivery: Received | undefined): Record<string, unknown> => JSON.parse(delivery?.body ?? "{}");
const makeTemplate = (sandbox: TestCloud): Promise<{ readonly id: string }> =>
  sandbox.merchant.createTemplate({ name: "A", kind: "coupon" });

describe("deliveries", () => {
  test("every transition of a pass is an event with the resource as its GET shows it", async () => {
    await using sandbox = await testCloud(quick);
    await using hook = await receiver([200]);
    await register(sandbox, hook.url, ["pass.*"]);
    const { id: template_id } = await makeTemplate(sandbox);
    const { id } = await sandbox.merchant.issuePass({ template_id, fields: { seat: "1" } });
    await sandbox.ask("POST", `/v1/passes/${id}/simulate`, { body: { action: "install" } });
    await sandbox.ask("PATCH", `/v1/passes/${id}`, { body: { fields: { seat: "2" } } });
    const device = await sandbox.device();
    const scan = scanRecord({ id: device.id, tenantId: sandbox.cloud.tenantId }, 1, { pass_id: id });
    await sandbox.ask("POST", "/v1/passes/scans/batch", { bearer: device.token, body: { scans: [scan, scan] } });
    await sandbox.merchant.revoke(id);
    await eventually(() => hook.received.length).toBe(5);
    const events = new Map(hook.received.map((delivery) => [eventOf(delivery)["type"], eventOf(delivery)]));
    expect([...events.keys()].toSorted()).toEqual([
      "pass.created",
      "pass.installed",
      "pass.revoked",
      "pass.scanned",
      "pass.updated",
    ]);
    expect(events.get("pass.updated")).toMatchObject({
      data: { pass: { fields: { seat: "2" } } },
      previous_attributes: { fields: { seat: "1" } },
    });
    expect(events.get("pass.scanned")).toMatchObject({ data: { scan: { ...scan } }, previous_attributes: null });
    const shown = await sandbox.ask("GET", `/v1/passes/${id}`);
    expect(events.get("pass.revoked")).toMatchObject({ data: { pass: shown.json } });
  });

  test("are signed over time and raw body with the secret that was shown once", async () => {
    await using sandbox = await testCloud(quick);
    await using hook = await receiver([200]);
    const { id, secret } = await register(sandbox, hook.url, ["*"]);
    await makeTemplate(sandbox);
    await eventually(() => hook.received.length).toBe(1);
    const [delivery] = hook.received;
    const header = String(delivery?.headers["qairopay-signature"]);
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    expect(signature).toBe(createHmac("sha256", secret).update(`${time}.${delivery?.body}`).digest("hex"));
    expect(eventOf(delivery)).toMatchObject({ type: "pass_template.created", api_version: "2026-05-19" });
    expect((await sandbox.ask("GET", `/v1/webhook_endpoints/${id}`)).at("secret")).toBeUndefined();
  });

  test("are tried again with the same bytes until they are taken", async () => {
    await using sandbox = await testCloud(quick);
    await using hook = await receiver([500, 429, "drop", "hang", 204]);
    await register(sandbox, hook.url, ["pass_template.created"]);
    await makeTemplate(sandbox);
    await eventually(() => hook.received.length).toBe(5);
    expect(new Set(hook.received.map((delivery) => delivery.body)).size).toBe(1);
    await makeTemplate(sandbox);
    await eventually(() => hook.received.length).toBe(6);
  });

  test("are given up at once when the endpoint says no", async () => {
    await using sandbox = await testCloud(quick);
    await using hook = await receiver([400, 200]);
    await register(sandbox, hook.url, ["*"]);
    await makeTemplate(sandbox);
    await eventually(() => hook.received.length).toBe(1);
    await makeTemplate(sandbox);
    await eventually(() => hook.received.length).toBe(2);
    expect(eventOf(hook.received[0])["id"]).not.toBe(eventOf(hook.received[1])["id"]);
  });

  test("end after ten attempts, and the endpoint is disabled", async () => {
    await using sandbox = await testCloud(quick);
    await using hook = await receiver([503]);
    const { id } = await register(sandbox, hook.url, ["*"]);
    await makeTemplate(sandbox);
    await eventually(async () => (await sandbox.ask("GET", `/v1/webhook_endpoints/${id}`)).at("status")).toBe(
      "disabled",
    );
    expect(hook.received.length).toBe(10);
  });

  test("go on after a restart", async () => {
    await using sandbox = await testCloud({ webhookWaitsMs: [3_600_000] });
    await using hook = await receiver(["drop", 200]);
    await register(sandbox, hook.url, ["*"]);
    await makeTemplate(sandbox);
    await eventually(() => hook.received.length).toBe(1);
    await sandbox.restart({ now: () => Date.now() + 4_000_000 });
    await eventually(() => hook.received.length).toBe(2);
    expect(hook.received[1]?.body).toBe(hook.received[0]?.body);
  });

  test("stop with the endpoint", async () => {
    await using sandbox = await testCloud(quick);
    await using hook = await receiver([200]);
    const { id } = await register(sandbox, hook.url, ["*"]);
    expect((await sandbox.ask("DELETE", `/v1/webhook_endpoints/${id}`)).json).toEqual({ id, deleted: true });
    await using second = await receiver([200]);
    await register(sandbox, second.url, ["*"]);
    await makeTemplate(sandbox);
    await eventually(() => second.received.length).toBe(1);
    expect(hook.received).toEqual([]);
    expect((await sandbox.ask("GET", "/v1/webhook_endpoints")).rows.length).toBe(1);
  });
});

describe("rules", () => {
  // contract.md 1.13.
  test("there are ten attempts with the published waits between them", () => {
    expect(publishedWaitsMs.map((ms) => ms / 60_000)).toEqual([0.5, 2, 10, 30, 120, 360, 1080, 2880, 5760]);
    const states = Array.from({ length: 10 }, (_, tried) =>
      afterAttempt({ kind: "unanswered" }, tried + 1, publishedWaitsMs),
    );
    expect(states.map((after) => after.state)).toEqual([...Array(9).fill("pending"), "dead"]);
  });

  test.each([
    [200, "delivered"],
    [299, "delivered"],
    [302, "refused"],
    [400, "refused"],
    [404, "refused"],
    [408, "pending"],
    [409, "pending"],
    [410, "refused"],
    [425, "pending"],
    [429, "pending"],
    [500, "pending"],
    [599, "pending"],
  ])("status %d is %s", (status, state) => {
    expect(afterAttempt({ kind: "answered", status }, 1, publishedWaitsMs).state).toBe(state);
  });

  test.each([
    [["*"], "pass.created", true],
    [["pass.*"], "pass.created", true],
    [["pass.*"], "pass_template.created", false],
    [["pass.created"], "pass.created", true],
    [["pass.created"], "pass.revoked", false],
    [["card.*", "pass.revoked"], "pass.revoked", true],
  ])("an endpoint for %j and %s: %s", (enabled, type, wanted) => {
    expect(wantsEvent(enabled, type)).toBe(wanted);
  });

  test.each(["http://merchant.example/hook", "ftp://127.0.0.1/", "nonsense"])("%s is no endpoint", async (url) => {
    await using sandbox = await testCloud();
    const reply = await sandbox.ask("POST", "/v1/webhook_endpoints", { body: { url, enabled_events: ["*"] } });
    expect([reply.status, reply.error?.param]).toEqual([400, "url"]);
  });
});
