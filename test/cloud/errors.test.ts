import http from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Reply, type TestCloud, testCloud } from "./harness.ts";

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
