import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseOpenMetrics } from "../books/openmetrics.ts";
import { type Asked, ask } from "./ask.ts";
import { demoScenes, scanRecord, testFacade } from "./facade.ts";
import { type RunningApi, runApi } from "./running-api.ts";

let server: RunningApi;
let token: string;
const records = Array.from({ length: 5 }, (_, i) => scanRecord(i + 1));
const json = { "content-type": "application/json" };

beforeAll(async () => {
  server = await runApi(testFacade({ scenes: demoScenes, records }), { allowedOrigins: ["http://pos.test"] });
  token = (await readFile(server.tokenFile, "utf8")).trim();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const overTcp = (path: string, options: Parameters<typeof ask>[2] = {}): Promise<Asked> =>
  ask({ port: server.api.port }, path, options);
const withToken = (path: string, options: Parameters<typeof ask>[2] = {}): Promise<Asked> =>
  overTcp(path, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });

describe("what the API says", () => {
  test("ping names the program and its API versions without a token", async () => {
    const { status, json: body } = await overTcp("/v1/ping");
    expect([status, body]).toEqual([200, { name: "pass-agent", version: "0.1.0", api_versions: ["v1"] }]);
  });

  test("health and readiness are 503 when bad and tell no sentences", async () => {
    server.facade.setConditions([
      {
        code: "reader_absent",
        subject: "gate-1-nfc",
        severity: "error",
        detail: "secret detail",
        remedy: "plug in",
        since: "2026-05-19T10:00:00Z",
      },
    ]);
    server.facade.setHealth(true, false);
    const health = await overTcp("/v1/health");
    const ready = await overTcp("/v1/ready");
    server.facade.setHealth(false, false);
    const failing = await overTcp("/v1/health");
    server.facade.setHealth(true, true);
    expect([health.status, ready.status, failing.status]).toEqual([200, 503, 503]);
    expect(ready.json).toEqual({
      status: "failing",
      version: "0.1.0",
      conditions: [{ code: "reader_absent", subject: "gate-1-nfc", severity: "error", since: "2026-05-19T10:00:00Z" }],
    });
  });

  test("the status has snake_case members all the way down", async () => {
    const { status, json: body } = await withToken("/v1/status");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      scanner_id: "scn_01J00000000000000000000000",
      trust: { keys_version: 3, head_age_s: 340, root_origin: "qr" },
      outbox: { pending: 4, dead_letters: 1, oldest_s: 12 },
      lanes: [{ lane: "gate-1", first_at: null }, { lane: "gate-2" }],
    });
    expect(JSON.stringify(body)).not.toMatch(/"[a-z]+[A-Z]\w*":/);
  });

  test.each([
    ["", [5, 4, 3, 2, 1], false],
    ["?limit=2", [5, 4], true],
    ["?limit=5", [5, 4, 3, 2, 1], false],
    ["?after_sequence=2&limit=2", [3, 4], true],
    ["?after_sequence=4", [5], false],
    ["?pass_id=pass_01J00000000000000000000001", [5, 3, 1], false],
    ["?limit=1000", [5, 4, 3, 2, 1], false],
  ])("events%s lists records in order and says whether there are more", async (query, sequences, hasMore) => {
    const { status, json: body } = await withToken(`/v1/events${query}`);
    expect(status).toBe(200);
    expect(body["has_more"]).toBe(hasMore);
    expect(body["data"]).toEqual(sequences.map((sequence) => records[sequence - 1]));
  });

  test("the outbox is readable", async () => {
    expect((await withToken("/v1/outbox")).json).toMatchObject({
      pending: 4,
      dead_letters: 1,
      items: [{ scan_id: "scan_1", scanned_at: "2026-05-19T10:14:22.184Z" }],
    });
  });

  test("metrics are OpenMetrics text with escaped labels and no series twice", async () => {
    const condition = { subject: null, severity: "warning", detail: "", remedy: "", since: "" } as const;
    server.facade.setConditions([
      { ...condition, code: "trust_stale" },
      { ...condition, code: "trust_stale", detail: "another sentence" },
    ]);
    const { headers, text } = await withToken("/metrics");
    expect(headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(parseOpenMetrics(text).length).toBeGreaterThan(10);
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        "# TYPE pass_agent_outbox_pending gauge",
        "pass_agent_outbox_pending 4",
        "pass_agent_outbox_oldest_seconds 12",
        "pass_agent_outbox_dead 1",
        'pass_agent_trust_age_seconds{kind="head"} 340',
        'pass_agent_reader_up{reader="gate-1-nfc",lane="gate-1"} 1',
        'pass_agent_reader_up{reader="odd\\"\\\\name",lane="gate-2"} 0',
        'pass_agent_condition{code="trust_stale",subject="",severity="warning"} 1',
        "pass_agent_ready 1",
      ]),
    );
  });

  test("a presentation answers with its record", async () => {
    const body = JSON.stringify({ lane: "gate-1", payload: "good" });
    const answer = await withToken("/v1/sim/present", { method: "POST", headers: json, body });
    expect([answer.status, answer.json]).toEqual([200, scanRecord(7)]);
    expect(server.facade.presented.at(-1)).toEqual({ lane: "gate-1", reader: null, payload: "good" });
  });

  test("a presentation may be of several persons", async () => {
    const body = JSON.stringify({ lane: "gate-1", payload: "good", quantity: 4 });
    expect((await withToken("/v1/sim/present", { method: "POST", headers: json, body })).status).toBe(200);
    expect(server.facade.presented.at(-1)).toEqual({ lane: "gate-1", reader: null, payload: "good", quantity: 4 });
  });

  test("scenes are listed and played, with an empty body or none", async () => {
    expect((await withToken("/v1/sim/scenes")).json).toEqual({ data: demoScenes, has_more: false });
    const played = await withToken("/v1/sim/scenes/valid", { method: "POST" });
    expect([played.status, played.json]).toEqual([200, { said: "played valid" }]);
    expect((await withToken("/v1/sim/scenes/valid", { method: "POST", headers: json, body: "{}" })).status).toBe(200);
  });
});

describe("what the API refuses", () => {
  const present = (body: unknown) => ({ method: "POST", headers: json, body: JSON.stringify(body) });

  test.each<[string, string, Parameters<typeof ask>[2], number, string, Readonly<Record<string, unknown>>]>([
    [
      "a typo in a query",
      "/v1/events?limt=5",
      {},
      400,
      "unknown_field",
      { param: "limt", remedy: 'Did you mean "limit"?' },
    ],
    [
      "a beginning of a name",
      "/v1/events?after=5",
      {},
      400,
      "unknown_field",
      { remedy: 'Did you mean "after_sequence"?' },
    ],
    ["a name nobody can guess", "/v1/events?colour=5", {}, 400, "unknown_field", { param: "colour" }],
    ["a query where none is known", "/v1/status?limit=5", {}, 400, "unknown_field", { param: "limit" }],
    ["a query name given twice", "/v1/events?limit=5&limit=6", {}, 400, "type_mismatch", { param: "limit" }],
    ["a limit that is no number", "/v1/events?limit=many", {}, 400, "type_mismatch", { param: "limit" }],
    ["a limit of none", "/v1/events?limit=0", {}, 400, "out_of_range", { param: "limit" }],
    ["a limit too large", "/v1/events?limit=1001", {}, 400, "out_of_range", { param: "limit" }],
    ["a negative sequence", "/v1/events?after_sequence=-1", {}, 400, "type_mismatch", { param: "after_sequence" }],
    ["an unknown address", "/v1/nothing", {}, 404, "not_found", {}],
    ["a path that climbs", "/assets/..%2flane.css", {}, 404, "not_found", {}],
    ["a broken escape", "/assets/%zz", {}, 404, "not_found", {}],
    ["a wrong method", "/v1/status", { method: "POST" }, 405, "method_not_allowed", {}],
    ["a body that is no object", "/v1/sim/present", present([1]), 400, "type_mismatch", { param: "body" }],
    [
      "an unknown member",
      "/v1/sim/present",
      present({ payload: "x", raeder: "a" }),
      400,
      "unknown_field",
      { param: "raeder", remedy: 'Did you mean "reader"?' },
    ],
    ["no payload", "/v1/sim/present", present({ lane: "gate-1" }), 400, "missing_field", { param: "payload" }],
    ["an empty payload", "/v1/sim/present", present({ payload: "" }), 400, "type_mismatch", { param: "payload" }],
    [
      "a payload that is no text",
      "/v1/sim/present",
      present({ payload: 5 }),
      400,
      "type_mismatch",
      { param: "payload" },
    ],
    ["nobody", "/v1/sim/present", present({ payload: "x", quantity: 0 }), 400, "out_of_range", { param: "quantity" }],
    [
      "a crowd",
      "/v1/sim/present",
      present({ payload: "x", quantity: 1001 }),
      400,
      "out_of_range",
      { param: "quantity" },
    ],
    [
      "half a person",
      "/v1/sim/present",
      present({ payload: "x", quantity: 1.5 }),
      400,
      "type_mismatch",
      { param: "quantity" },
    ],
    [
      "several persons at a reader, which cannot ask",
      "/v1/sim/present",
      present({ payload: "x", reader: "a", quantity: 2 }),
      400,
      "unknown_field",
      { param: "quantity" },
    ],
    ["no body", "/v1/sim/present", { method: "POST" }, 400, "type_mismatch", { param: "body" }],
    ["broken JSON", "/v1/sim/present", { method: "POST", headers: json, body: "{" }, 400, "bad_request", {}],
    [
      "a form",
      "/v1/sim/present",
      { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" },
      415,
      "unsupported_media_type",
      {},
    ],
    ["an unknown lane", "/v1/sim/present", present({ payload: "x", lane: "gate-9" }), 404, "lane_not_found", {}],
    [
      "a reader that does not answer",
      "/v1/sim/present",
      present({ payload: "x", reader: "slow" }),
      408,
      "scan_timeout",
      { retryable: true },
    ],
    [
      "a simulator that is gone",
      "/v1/sim/present",
      present({ payload: "x", reader: "gone" }),
      503,
      "simulator_absent",
      {},
    ],
    ["an unknown scene", "/v1/sim/scenes/dance", { method: "POST" }, 404, "unknown_scene", {}],
    ["a body for a scene", "/v1/sim/scenes/valid", present({ loud: true }), 400, "unknown_field", {}],
    ["the stream of an unknown lane", "/lane/gate-9/stream", {}, 404, "lane_not_found", {}],
  ])("%s", async (_, path, options, status, code, members) => {
    const answer = await withToken(path, options);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ status, code, type: `urn:pass-agent:problem:${code}`, ...members });
    expect(answer.json["instance"]).toBe(path.split("?")[0]);
    for (const member of ["title", "detail", "remedy"]) expect(answer.json[member]).toMatch(/\S/);
    expect(answer.json["request_id"]).toBe(answer.headers["x-request-id"]);
    expect(answer.status).toBe(status);
  });

  test("a fault inside the agent shows nothing of itself, only the id of its log line", async () => {
    const body = JSON.stringify({ payload: "crash" });
    const answer = await withToken("/v1/sim/present", { method: "POST", headers: json, body });
    expect([answer.status, answer.json["code"]]).toEqual([500, "internal"]);
    expect(answer.text).not.toContain("crash");
    const line = server.logged.find(({ event }) => event === "api_answer_failed");
    expect(line?.fields?.["request_id"]).toBe(answer.json["request_id"]);
  });
});
