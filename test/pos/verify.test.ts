import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Verdict } from "../../verifier/index.ts";
import { ask } from "./ask.ts";
import { testFacade } from "./facade.ts";
import { type RunningApi, runApi } from "./running-api.ts";

let server: RunningApi;
const asked: Uint8Array[] = [];

beforeAll(async () => {
  server = await runApi(testFacade({ verdict: judge }));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function judge(payload: Uint8Array): Verdict {
  asked.push(payload);
  const trust = { trustAge: "stale", trustAgeS: 400, listVersion: 8 } as const;
  return { result: "invalid", reason: "malformed", form: null, kid: null, claims: null, ...trust };
}

const post = (body: unknown, to: RunningApi = server) =>
  ask({ socketPath: to.socketPath }, "/v1/verify", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("a payload is verified byte for byte, and the verdict answered in the API's spelling", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const answer = await post({ payload_b64: Buffer.from(bytes).toString("base64url") });
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ result: "invalid", reason: "malformed", trust_age: "stale", list_version: 8 });
  expect(asked.map((payload) => new Uint8Array(payload))).toEqual([bytes]);
});

test("nothing is recorded", () => {
  expect(server.facade.presented).toEqual([]);
});

test.each<readonly [string, unknown, string, string]>([
  ["no object", [1], "type_mismatch", "body"],
  ["no payload", {}, "missing_field", "payload_b64"],
  ["an empty payload", { payload_b64: "" }, "type_mismatch", "payload_b64"],
  ["a payload that is no text", { payload_b64: 5 }, "type_mismatch", "payload_b64"],
  ["base64 of the other alphabet", { payload_b64: "+/+/" }, "type_mismatch", "payload_b64"],
  ["base64 with padding", { payload_b64: "AA==" }, "type_mismatch", "payload_b64"],
  ["bits that belong to no byte", { payload_b64: "AB" }, "type_mismatch", "payload_b64"],
  ["half a byte", { payload_b64: "A" }, "type_mismatch", "payload_b64"],
  ["more than a pass", { payload_b64: "A".repeat(5_464) }, "out_of_range", "payload_b64"],
  ["a stray member", { payload_b64: "AA", lane: "gate-1" }, "unknown_field", "lane"],
])("%s is refused", async (_, body, code, param) => {
  const answer = await post(body);
  expect([answer.status, answer.json]).toMatchObject([400, { code, param }]);
  expect(asked).toHaveLength(1);
});

test("on TCP it needs the token", async () => {
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: '{"payload_b64":"AA"}' };
  expect((await ask({ port: server.api.port }, "/v1/verify", options)).json["code"]).toBe("missing_auth");
  const token = (await readFile(server.tokenFile, "utf8")).trim();
  const headers = { ...options.headers, authorization: `Bearer ${token}` };
  expect((await ask({ port: server.api.port }, "/v1/verify", { ...options, headers })).status).toBe(200);
});

test("a terminal that is not enrolled says so", async () => {
  await using bare = await runApi(testFacade());
  expect((await post({ payload_b64: "AA" }, bare)).json["code"]).toBe("not_enrolled");
});
