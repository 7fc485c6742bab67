import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../fixtures/cloud/index.ts";
import { eventually, type Reply, type TestCloud, testCloud } from "./harness.ts";
import { listen } from "./listening.ts";

let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud();
});
beforeEach(() => sandbox.cloud.faults.clear());
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const path = "/v1/pass_templates";
const make = (key?: string): Promise<Reply> =>
  sandbox.ask("POST", path, { body: { name: "A", kind: "coupon" }, ...(key === undefined ? {} : { key }) });
const count = async (): Promise<number> => (await sandbox.ask("GET", `${path}?limit=100`)).rows.length;

describe("faults on demand", () => {
  test("an answer replaces the call", async () => {
    const before = await count();
    sandbox.cloud.faults.add({
      method: "POST",
      path,
      fault: { kind: "answer", status: 503, body: "busy", headers: { "Retry-After": "2" } },
      times: 2,
    });
    for (let call = 0; call < 2; call++) {
      const reply = await make();
      expect([reply.status, reply.text, reply.headers.get("retry-after")]).toEqual([503, "busy", "2"]);
    }
    expect(await count()).toBe(before);
    expect((await make()).status).toBe(201);
  });

  test("a captive portal answers 200 with HTML", async () => {
    sandbox.cloud.faults.add({ path: /^\/v1\//, fault: { kind: "html" } });
    const reply = await make();
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/html"]);
  });

  test.each<[string, Fault, boolean]>([
    ["a dropped connection leaves nothing done", { kind: "drop" }, false],
    ["a lost reply leaves the call done", { kind: "lose_reply" }, true],
    ["a cut answer leaves the call done", { kind: "cut", afterBytes: 10 }, true],
  ])("%s, and the repeat of the request makes it good", async (_name, fault, done) => {
    const before = await count();
    const key = crypto.randomUUID();
    sandbox.cloud.faults.add({ method: "POST", path, fault });
    await expect(make(key)).rejects.toThrow();
    expect(await count()).toBe(before + (done ? 1 : 0));
    expect((await make(key)).status).toBe(201);
    expect(await count()).toBe(before + 1);
  });

  test("a cut answer carries exactly the bytes it was let through", async () => {
    const url = `${sandbox.cloud.url}/v1/nfc/trust/keys`;
    sandbox.cloud.faults.add({ path: "/v1/nfc/trust/keys", fault: { kind: "cut", afterBytes: 100 } });
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${sandbox.cloud.secretKey}` } });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect([answer.status, first?.value?.length]).toEqual([200, 100]);
    await expect(reader?.read()).rejects.toThrow();
  });

  test("a hanging call ends with its caller and does not happen", async () => {
    const before = await count();
    sandbox.cloud.faults.add({ method: "POST", path, fault: { kind: "hang" } });
    const gone = fetch(`${sandbox.cloud.url}${path}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${sandbox.cloud.secretKey}`,
        "Idempotency-Key": "h",
        "Content-Type": "application/json",
      },
      body: '{"name":"A","kind":"coupon"}',
      signal: AbortSignal.timeout(100),
    });
    await expect(gone).rejects.toThrow();
    expect(await count()).toBe(before);
  });

  test("a rule is for its method and path only", async () => {
    sandbox.cloud.faults.add({ method: "POST", path, fault: { kind: "answer", status: 500 } });
    expect((await sandbox.ask("GET", path)).status).toBe(200);
    expect(sandbox.cloud.faults.pending()).toBe(1);
  });

  test("a stream can be refused", async () => {
    const device = await sandbox.device();
    sandbox.cloud.faults.add({ path: /\/stream$/, fault: { kind: "answer", status: 503 } });
    await expect(listen(sandbox, device)).rejects.toThrow("503");
    (await listen(sandbox, device)).close();
  });

  test("closing the sandbox ends what hangs", async () => {
    const other = await testCloud();
    other.cloud.faults.add({ path, fault: { kind: "hang" } });
    const hanging = expect(other.ask("GET", path)).rejects.toThrow();
    await eventually(() => other.cloud.faults.pending()).toBe(0);
    await other[Symbol.asyncDispose]();
    await hanging;
  });
});
