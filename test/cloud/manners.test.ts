import http from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, type Reply, type TestCloud, testCloud } from "./harness.ts";

let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const template = { name: "Concert", kind: "event_ticket" } as const;

describe("errors", () => {
  test("every error has type, code, message, request id and a link to its code", async () => {
    const reply = await sandbox.ask("GET", "/v1/passes/pass_unknown");
    expect(reply.status).toBe(404);
    expect(reply.json).toEqual({
      error: {
        type: "not_found",
        code: "not_found",
        message: expect.any(String),
        request_id: expect.stringMatching(/^req_[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
        docs_url: "https://developers.qairopay.com/concepts/errors#not_found",
      },
    });
  });

  test.each<[string, () => Promise<Reply>, number, string, string, string?]>([
    ["no credential", () => sandbox.ask("GET", "/v1/passes", { bearer: null }), 401, "unauthenticated", "missing_auth"],
    [
      "another scheme than Bearer",
      () => sandbox.ask("GET", "/v1/passes", { bearer: null, headers: { Authorization: "Basic eDp5" } }),
      401,
      "unauthenticated",
      "malformed_authorization",
    ],
    [
      "an unknown key",
      () => sandbox.ask("GET", "/v1/passes", { bearer: "qp_sk_sandbox_01HZX" }),
      401,
      "unauthenticated",
      "invalid_key",
    ],
    [
      "a live key",
      () => sandbox.ask("GET", "/v1/passes", { bearer: "qp_sk_live_01HZX" }),
      401,
      "unauthenticated",
      "scoped_to_other_env",
    ],
    [
      "a publishable key beyond templates",
      () => sandbox.ask("GET", "/v1/passes", { bearer: sandbox.cloud.publishableKey }),
      403,
      "insufficient_scope",
      "insufficient_scope",
    ],
    [
      "a write with a read key",
      () =>
        sandbox.ask("POST", "/v1/pass_templates", {
          bearer: sandbox.cloud.createKey({ kind: "secret", scope: "read" }),
          body: template,
        }),
      403,
      "insufficient_scope",
      "insufficient_scope",
    ],
    ["an unknown path", () => sandbox.ask("GET", "/v1/nothing"), 404, "not_found", "not_found"],
    ["a method that a path lacks", () => sandbox.ask("DELETE", "/v1/passes"), 404, "not_found", "not_found"],
    [
      "a missing field",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: { kind: "coupon" } }),
      400,
      "invalid_parameter",
      "missing_field",
      "name",
    ],
    [
      "a field nobody knows",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: { ...template, colour: "red" } }),
      400,
      "invalid_parameter",
      "unknown_field",
      "colour",
    ],
    [
      "a member that objects inherit",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: '{"name":"a","kind":"coupon","__proto__":{}}' }),
      400,
      "invalid_parameter",
      "unknown_field",
      "__proto__",
    ],
    [
      "a wrong type, deep inside",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: { ...template, fields: [{ key: "a", label: 1 }] } }),
      400,
      "invalid_parameter",
      "type_mismatch",
      "fields.0.label",
    ],
    [
      "a word that is not in the list",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: { ...template, kind: "voucher" } }),
      400,
      "invalid_parameter",
      "invalid_enum",
      "kind",
    ],
    [
      "a text that is too long",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: { ...template, name: "x".repeat(101) } }),
      400,
      "invalid_parameter",
      "too_long",
      "name",
    ],
    [
      "an empty text",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: { ...template, name: "" } }),
      400,
      "invalid_parameter",
      "too_short",
      "name",
    ],
    [
      "a number out of range",
      () =>
        sandbox.ask("POST", "/v1/pass_templates", {
          body: { ...template, relevant_locations: [{ latitude: 91, longitude: 0 }] },
        }),
      400,
      "invalid_parameter",
      "out_of_range",
      "relevant_locations.0.latitude",
    ],
    [
      "a variable that is not published",
      () =>
        sandbox.ask("POST", "/v1/pass_templates", {
          body: { ...template, nfc: { enabled: true, payload_template: "{holder.email}" } },
        }),
      400,
      "invalid_parameter",
      "pattern_mismatch",
      "nfc.payload_template",
    ],
    [
      "a query parameter nobody knows",
      () => sandbox.ask("GET", "/v1/passes?colour=red"),
      400,
      "invalid_parameter",
      "unknown_field",
      "colour",
    ],
    [
      "no JSON",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: "{" }),
      400,
      "invalid_parameter",
      "type_mismatch",
      "body",
    ],
    [
      "another content type",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: "a=b", headers: { "Content-Type": "text/plain" } }),
      400,
      "invalid_parameter",
      "type_mismatch",
      "Content-Type",
    ],
    [
      "a body over 1 MiB",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: new Uint8Array(1024 * 1024 + 1) }),
      400,
      "invalid_parameter",
      "too_long",
      "body",
    ],
    [
      "a gzip bomb",
      () =>
        sandbox.ask("POST", "/v1/pass_templates", {
          body: new Uint8Array(gzipSync(new Uint8Array(4 * 1024 * 1024))),
          headers: { "Content-Encoding": "gzip" },
        }),
      400,
      "invalid_parameter",
      "too_long",
      "body",
    ],
    [
      "damaged gzip",
      () => sandbox.ask("POST", "/v1/pass_templates", { body: "xx", headers: { "Content-Encoding": "gzip" } }),
      400,
      "invalid_parameter",
      "type_mismatch",
      "body",
    ],
  ])("%s is refused with its own code", async (_name, attempt, status, type, code, param) => {
    const reply = await attempt();
    expect([reply.status, reply.error?.type, reply.error?.code, reply.error?.param]).toEqual([
      status,
      type,
      code,
      param,
    ]);
  });

  test.each([null, "qp_sk_sandbox_01HZX"])(
    "a refused caller (%s) still sees version and rate limit",
    async (bearer) => {
      const { headers } = await sandbox.ask("GET", "/v1/passes", { bearer });
      expect([headers.get("qairopay-version"), headers.get("x-ratelimit-resource")]).toEqual(["2026-05-19", "read"]);
    },
  );

  test("a revoked key is told so", async () => {
    const key = sandbox.cloud.createKey({ kind: "secret", scope: "read" });
    expect((await sandbox.ask("GET", "/v1/passes", { bearer: key })).status).toBe(200);
    sandbox.cloud.revokeKey(key);
    expect((await sandbox.ask("GET", "/v1/passes", { bearer: key })).error).toMatchObject({ code: "revoked_key" });
  });

  test("a publishable key reads templates", async () => {
    const reply = await sandbox.ask("GET", "/v1/pass_templates", { bearer: sandbox.cloud.publishableKey });
    expect(reply.status).toBe(200);
  });

  test("what belongs to another tenant is not found", async () => {
    const { id } = await sandbox.merchant.createTemplate(template);
    const bearer = sandbox.cloud.createTenant().secretKey;
    expect((await sandbox.ask("GET", `/v1/pass_templates/${id}`)).status).toBe(200);
    expect((await sandbox.ask("GET", `/v1/pass_templates/${id}`, { bearer })).status).toBe(404);
    expect((await sandbox.ask("POST", "/v1/passes", { bearer, body: { template_id: id } })).status).toBe(404);
    const pass = await sandbox.merchant.issuePass({ template_id: id });
    expect((await sandbox.ask("POST", `/v1/passes/${pass.id}/revoke`, { bearer, body: { reason: "x" } })).status).toBe(
      404,
    );
  });

  test("a name other than this machine's is refused, so that no foreign page gets through", async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const headers = { Host: "rebound.example", Authorization: `Bearer ${sandbox.cloud.secretKey}` };
    http.get(`${sandbox.cloud.url}/v1/passes`, { headers }, (answer) => resolve(answer.resume().statusCode));
    expect(await promise).toBe(400);
  });
});

describe("versions", () => {
  test.each([
    [undefined, "2026-05-19", null],
    ["2026-05-19", "2026-05-19", null],
    ["2026-02-01", "2026-02-01", null],
    ["2025-11-01", "2025-11-01", "Mon, 01 Feb 2027 00:00:00 GMT"],
  ])("version %s is echoed as %s, with Sunset %s", async (asked, echoed, sunset) => {
    const headers: Record<string, string> = asked === undefined ? {} : { "QairoPay-Version": asked };
    await using early = await testCloud({ now: () => Date.UTC(2026, 10, 21) });
    const reply = await early.ask("GET", "/v1/passes", { headers });
    expect([reply.headers.get("qairopay-version"), reply.headers.get("sunset")]).toEqual([echoed, sunset]);
  });

  test("a version is gone from its end of life on", async () => {
    let now = Date.UTC(2027, 1, 1) - 1;
    await using late = await testCloud({ now: () => now });
    const headers = { "QairoPay-Version": "2025-11-01" };
    expect((await late.ask("GET", "/v1/passes", { headers })).status).toBe(200);
    now += 1;
    const reply = await late.ask("GET", "/v1/passes", { headers });
    expect([reply.status, reply.error?.code]).toEqual([410, "version_ended"]);
  });

  test("an unknown version is refused", async () => {
    const reply = await sandbox.ask("GET", "/v1/passes", { headers: { "QairoPay-Version": "2030-01-01" } });
    expect([reply.status, reply.error?.param]).toEqual([400, "QairoPay-Version"]);
  });

  test("a key is not required of versions before 2026-02-01", async () => {
    await using early = await testCloud({ now: () => Date.UTC(2026, 10, 21) });
    const headers = { "QairoPay-Version": "2025-11-01" };
    expect((await early.ask("POST", "/v1/pass_templates", { headers, key: null, body: template })).status).toBe(201);
  });
});

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

describe("rate limits", () => {
  test("a bucket holds twice its figure, empties, and fills again", async () => {
    let now = Date.UTC(2026, 10, 21);
    await using limited = await testCloud({ now: () => now, limits: { templates_write: 2 } });
    const make = (): Promise<Reply> => limited.ask("POST", "/v1/pass_templates", { body: template });
    const left: (string | null)[] = [];
    for (let call = 0; call < 4; call++) left.push((await make()).headers.get("x-ratelimit-remaining"));
    expect(left).toEqual(["3", "2", "1", "0"]);
    const refused = await make();
    expect(refused.status).toBe(429);
    expect(refused.at("error")).toMatchObject({ type: "rate_limited", code: "tenant_limit", retry_after_ms: 30_000 });
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "30",
      "x-ratelimit-limit": "2",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-resource": "templates_write",
      "x-ratelimit-reset": String(now / 1000 + 120),
    });
    expect((await limited.ask("GET", "/v1/passes")).status).toBe(200);
    now += 30_000;
    expect((await make()).status).toBe(201);
  });

  test("tenants do not share a bucket", async () => {
    await using limited = await testCloud({ limits: { read: 1 } });
    const bearer = limited.cloud.createTenant().secretKey;
    for (let call = 0; call < 2; call++) await limited.ask("GET", "/v1/passes");
    expect((await limited.ask("GET", "/v1/passes")).status).toBe(429);
    expect((await limited.ask("GET", "/v1/passes", { bearer })).status).toBe(200);
  });

  test.each([
    ["GET", "/v1/passes", "read", "1000"],
    ["POST", "/v1/passes", "passes_write", "500"],
    ["POST", "/v1/pass_templates", "templates_write", "60"],
    ["POST", "/v1/scanners/enroll", "scans_write", "500"],
  ])("%s %s counts in %s, published as %s a minute", async (method, path, bucket, limit) => {
    const reply = await sandbox.ask(method, path, method === "POST" ? { body: {} } : {});
    expect([reply.headers.get("x-ratelimit-resource"), reply.headers.get("x-ratelimit-limit")]).toEqual([
      bucket,
      limit,
    ]);
  });
});

describe("lists", () => {
  let listed: TestCloud;
  let names: string[];
  beforeAll(async () => {
    listed = await testCloud();
    names = ["a", "b", "c", "d", "e"];
    for (const name of names) await listed.merchant.createTemplate({ ...template, name });
  });
  afterAll(async () => {
    await listed[Symbol.asyncDispose]();
  });
  const namesOf = (reply: Reply): string[] => reply.rows.map((row) => String(row["name"]));

  test.each([
    ["newest first", "", ["e", "d", "c", "b", "a"]],
    ["oldest first on request", "&order=asc", ["a", "b", "c", "d", "e"]],
  ])("pages come %s and join without gap or repeat", async (_name, order, expected) => {
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 5; pages++) {
      const reply = await listed.ask("GET", `/v1/pass_templates?limit=2${order}${cursor}`);
      seen.push(...namesOf(reply));
      if (reply.at("has_more") === false) {
        expect(reply.at("next_cursor")).toBeNull();
        break;
      }
      cursor = `&starting_after=${reply.textAt("next_cursor")}`;
    }
    expect(seen).toEqual(expected);
  });

  test("ending_before gives the rows just before a cursor, in the list's order", async () => {
    const first = await listed.ask("GET", "/v1/pass_templates?limit=4");
    const reply = await listed.ask("GET", `/v1/pass_templates?limit=2&ending_before=${first.textAt("next_cursor")}`);
    expect([namesOf(reply), reply.at("has_more")]).toEqual([["d", "c"], true]);
  });

  test("a page has 25 rows unless said otherwise, and 100 at most", async () => {
    expect((await listed.ask("GET", "/v1/pass_templates?limit=100")).status).toBe(200);
    const reply = await listed.ask("GET", "/v1/pass_templates?limit=101");
    expect([reply.status, reply.error?.code, reply.error?.param]).toEqual([400, "out_of_range", "limit"]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=x", "limit"],
    ["order=up", "order"],
    ["starting_after=x", "starting_after"],
    [`starting_after=${btoa('{"id":"a"}')}&ending_before=${btoa('{"id":"a"}')}`, "ending_before"],
  ])("?%s is refused", async (query, param) => {
    const reply = await listed.ask("GET", `/v1/pass_templates?${query}`);
    expect([reply.status, reply.error?.param]).toEqual([400, param]);
  });
});
