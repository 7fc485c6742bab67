import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, type TestCloud, testCloud } from "./harness.ts";

let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const template = { name: "Concert", kind: "event_ticket" } as const;

describe("idempotency", () => {
  const templates = async (): Promise<number> => (await sandbox.ask("GET", "/v1/pass_templates?limit=100")).rows.length;

  test("a repeated write gets the stored answer and happens once", async () => {
    const key = "repeat-1";
    const before = await templates();
    const first = await sandbox.ask("POST", "/v1/pass_templates", { key, body: template });
    const second = await sandbox.ask("POST", "/v1/pass_templates", { key, body: template });
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(await templates()).toBe(before + 1);
  });

  test("the stored answer survives a restart", async () => {
    await using other = await testCloud();
    const first = await other.ask("POST", "/v1/pass_templates", { key: "k", body: template });
    await other.restart();
    expect((await other.ask("POST", "/v1/pass_templates", { key: "k", body: template })).text).toBe(first.text);
  });

  test("the same bytes gzipped are the same request", async () => {
    const body = JSON.stringify(template);
    const first = await sandbox.ask("POST", "/v1/pass_templates", { key: "gzip-1", body });
    const second = await sandbox.ask("POST", "/v1/pass_templates", {
      key: "gzip-1",
      body: new Uint8Array(gzipSync(body)),
      headers: { "Content-Encoding": "gzip" },
    });
    expect(second.text).toBe(first.text);
  });

  test("another body under the same key is a conflict", async () => {
    await sandbox.ask("POST", "/v1/pass_templates", { key: "other-1", body: template });
    const reply = await sandbox.ask("POST", "/v1/pass_templates", { key: "other-1", body: { ...template, name: "B" } });
    expect([reply.status, reply.error?.type]).toEqual([409, "idempotency_conflict"]);
  });

  test("keys of two tenants do not meet", async () => {
    await sandbox.ask("POST", "/v1/pass_templates", { key: "tenant-1", body: template });
    const bearer = sandbox.cloud.createTenant().secretKey;
    const reply = await sandbox.ask("POST", "/v1/pass_templates", {
      bearer,
      key: "tenant-1",
      body: { ...template, name: "B" },
    });
    expect(reply.status).toBe(201);
  });

  test("a second request while the first runs is told to wait", async () => {
    await using other = await testCloud();
    other.cloud.faults.add({ method: "POST", path: "/v1/pass_templates", fault: { kind: "hang" } });
    const stop = new AbortController();
    const first = fetch(`${other.cloud.url}/v1/pass_templates`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${other.cloud.secretKey}`,
        "Idempotency-Key": "slow-1",
        "Content-Type": "application/json",
      },
      body: JSON.stringify(template),
      signal: stop.signal,
    }).catch(() => null);
    await eventually(() => other.cloud.faults.pending()).toBe(0);
    await eventually(async () =>
      (await other.ask("POST", "/v1/pass_templates", { key: "slow-1", body: template })).at("error"),
    ).toMatchObject({ type: "idempotency_inflight", retry_after_ms: 1000 });
    stop.abort();
    await first;
    await eventually(
      async () => (await other.ask("POST", "/v1/pass_templates", { key: "slow-1", body: template })).status,
    ).toBe(201);
  });

  test("a refused request stores nothing: the corrected one may use the key", async () => {
    expect((await sandbox.ask("POST", "/v1/pass_templates", { key: "fix-1", body: {} })).status).toBe(400);
    expect((await sandbox.ask("POST", "/v1/pass_templates", { key: "fix-1", body: template })).status).toBe(201);
  });

  test.each([
    ["none", null, "missing_field"],
    ["a dot", "a.b", "pattern_mismatch"],
    ["a colon", "a:b", "pattern_mismatch"],
    ["256 characters", "a".repeat(256), "too_long"],
  ])("an Idempotency-Key with %s is refused", async (_name, key, code) => {
    const reply = await sandbox.ask("POST", "/v1/pass_templates", { key, body: template });
    expect([reply.status, reply.error?.code, reply.error?.param]).toEqual([400, code, "Idempotency-Key"]);
  });

  test("255 characters of every allowed kind are a key", async () => {
    const reply = await sandbox.ask("POST", "/v1/pass_templates", { key: `aZ0_-${"x".repeat(250)}`, body: template });
    expect(reply.status).toBe(201);
  });
});
