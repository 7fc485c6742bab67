import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { ask } from "../pos/ask.ts";
import { scanRecord, testFacade } from "../pos/facade.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";
import { connectTill, type Till } from "./till.ts";

let server: RunningApi;
let token: string;
beforeAll(async () => {
  const records = Array.from({ length: 3_000 }, (_, at) => ({ ...scanRecord(at + 1), sequence: at + 1 }));
  server = await runApi(testFacade({ records }), { allowedOrigins: ["https://pos.example.com"] });
  token = (await readFile(server.tokenFile, "utf8")).trim();
});
afterAll(() => server[Symbol.asyncDispose]());

async function refused(headers: Record<string, string>, protocol?: string, path = "/v1/ws"): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.api.port}${path}`, protocol, { headers });
  socket.on("error", () => undefined);
  const [, response] = await once(socket, "unexpected-response");
  return response.statusCode;
}
const open = (till: Till, params: object = {}) => till.call("session.open", { token, client: "T", ...params });

test.each([
  ["a foreign origin", 403, { origin: "https://evil.example" }],
  ["a page of another port", 403, { origin: "http://127.0.0.1:1" }],
  ["a name that was rebound", 403, { host: "evil.example" }],
  ["another sub-protocol", 400, {}, "soap"],
  ["another address", 404, {}, undefined, "/v1/wss"],
])("%s is refused at the handshake", async (_, status, headers, protocol?: string, path?: string) => {
  expect(await refused(headers, protocol, path)).toBe(status);
});

test("a listed origin may open a session, and needs the token all the same", async () => {
  await using till = await connectTill(server.api.port, { headers: { origin: "https://pos.example.com" } });
  for (const [params, code] of [
    [{ client: "T" }, "missing_auth"],
    [{ token: "x".repeat(43), client: "T" }, "invalid_token"],
    [{ token }, "missing_field"],
    [{ token, client: "T", lanes: ["nowhere"] }, "lane_not_found"],
    [{ token, client: "T", lanes: "gate-1" }, "type_mismatch"],
    [{ token, client: "T", role: "king" }, "invalid_enum"],
    [{ token, client: "T", tokn: 1 }, "unknown_field"],
    [{ token, client: "T", events: "lane.state" }, "type_mismatch"],
    [{ token, client: "T", events: ["lane.stat"] }, "invalid_enum"],
    [{ token, client: "T", events: [{ toString: 1 }] }, "invalid_enum"],
    [{ token, client: "T", resume_after: -1 }, "out_of_range"],
  ] as const) {
    await expect(till.call("session.open", params)).rejects.toMatchObject({ data: { code } });
  }
  expect(await open(till)).toMatchObject({
    api_version: "v1",
    live_mode: false,
    lanes: [{ id: "gate-1" }, { id: "gate-2" }],
  });
  await expect(open(till)).rejects.toMatchObject({ data: { code: "session_not_open" } });
});

test.each([
  ["{", -32700],
  ["[]", -32600],
  ['[{"jsonrpc":"2.0","id":1,"method":"status.get"}]', -32600],
  ['{"id":1,"method":"x"}', -32600],
  ['{"jsonrpc":"2.0","method":"status.get"}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
])("what is no request of JSON-RPC gets its code: %s", async (frame, code) => {
  await using till = await connectTill(server.api.port);
  const answer = once(till.socket, "message");
  till.socket.send(frame);
  expect(JSON.parse(String((await answer)[0]))).toMatchObject({ id: null, error: { code } });
});

test("before session.open nothing is answered, and an unknown method names the nearest one", async () => {
  await using till = await connectTill(server.api.port);
  await expect(till.call("status.get", {})).rejects.toMatchObject({ code: -32013, data: { code: "session_not_open" } });
  await open(till);
  await expect(till.call("scan.decid", {})).rejects.toMatchObject({
    code: -32601,
    data: { code: "method_not_found", remedy: 'Did you mean "scan.decide"?' },
  });
  await expect(till.call("__proto__", {})).rejects.toMatchObject({ code: -32601 });
});

test("a lane is claimed by one client, taken over by an operator only, and free when its client goes", async () => {
  const operator = (await readFile(`${server.folder}/operator-token`, "utf8")).trim();
  const one = await connectTill(server.api.port);
  await using two = await connectTill(server.api.port);
  await using boss = await connectTill(server.api.port);
  await using watcher = await connectTill(server.api.port);
  await open(one, { client: "One" });
  await open(two);
  await open(boss, { token: operator, client: "Boss" });
  await open(watcher, { role: "observer" });
  await one.call("lane.claim", { lane: "gate-1" });
  await one.call("lane.claim", { lane: "gate-1" });
  await expect(two.call("lane.claim", { lane: "gate-1" })).rejects.toMatchObject({
    code: -32011,
    data: { code: "claim_held", detail: 'gate-1 is held by "One"' },
  });
  for (const till of [two, watcher]) {
    await expect(till.call("lane.claim", { lane: "gate-1", take_over: true })).rejects.toMatchObject({
      data: { code: "insufficient_scope" },
    });
  }
  await boss.call("lane.claim", { lane: "gate-1", take_over: true });
  expect(await one.event("session.taken")).toMatchObject({ lane: "gate-1", data: { by: "Boss" } });
  await boss.call("lane.release", { lane: "gate-1" });
  await one.call("lane.claim", { lane: "gate-1" });
  await one[Symbol.asyncDispose]();
  await expect.poll(() => two.call("lane.claim", { lane: "gate-1" }).catch(() => null)).toEqual({ lane: "gate-1" });
});

test("the observer's token opens a session that looks, and no other one", async () => {
  const observer = (await readFile(`${server.folder}/observer-token`, "utf8")).trim();
  await using watcher = await connectTill(server.api.port);
  await expect(open(watcher, { token: observer, role: "pos" })).rejects.toMatchObject({
    code: -32002,
    data: { code: "insufficient_scope" },
  });
  await open(watcher, { token: observer });
  await watcher.call("status.get", {});
  expect((await watcher.call("scan.list", { limit: 1 })).data).toHaveLength(1);
  const id = scanRecord(1).id;
  for (const [method, params] of [
    ["lane.claim", { lane: "gate-1" }],
    ["scan.decide", { id, outcome: "accepted" }],
    ["scan.annul", { id, role: "staff", reason: "wrong pass" }],
  ] as const) {
    await expect(watcher.call(method, params)).rejects.toMatchObject({ data: { code: "insufficient_scope" } });
  }
});

test("more than twenty calls in a second are refused, and the session goes on", async () => {
  await using till = await connectTill(server.api.port);
  await open(till);
  const calls = Array.from({ length: 60 }, () =>
    till.call("scan.list", { limit: 1 }).then(
      () => "ok",
      ({ code }) => code,
    ),
  );
  const answers = await Promise.all(calls);
  expect(answers.filter((answer) => answer === -32060).length).toBeGreaterThanOrEqual(20);
  await expect
    .poll(() =>
      till.call("scan.list", { limit: 1 }).then(
        () => "ok",
        ({ code }) => code,
      ),
    )
    .toBe("ok");
});

test("a frame that is too long, or of bytes, ends the session with the reason", async () => {
  const long = await connectTill(server.api.port);
  long.socket.send(`{"x":"${"y".repeat(70_000)}"}`);
  expect(await long.closed).toMatch(/^1009/);
  const binary = await connectTill(server.api.port);
  binary.socket.send(Buffer.from("{}"));
  expect(await binary.closed).toBe("1003 text frames only");
});

test("who opens no session is sent away after five seconds", { timeout: 15_000 }, async () => {
  const idle = await connectTill(server.api.port);
  expect(await idle.closed).toBe("1008 session.open did not come in time");
});

test("a client that does not read is cut, the others are served, and it resumes without a gap", async () => {
  const slow = await connectTill(server.api.port);
  await open(slow);
  slow.socket.pause();
  for (let round = 0; round < 16; round++) {
    slow.socket.send(JSON.stringify({ jsonrpc: "2.0", id: 100 + round, method: "scan.list", params: { limit: 1000 } }));
  }
  await expect
    .poll(() => server.logged.some(({ event }) => event === "ws_slow_client"), { timeout: 10_000 })
    .toBe(true);
  await using again = await connectTill(server.api.port);
  await open(again, { resume_after: 100 });
  await again.event("decision.made", ({ sequence }) => sequence === 3_000);
  const sequences = again.events.filter(({ type }) => type === "decision.made").map(({ sequence }) => sequence);
  expect(sequences).toEqual(Array.from({ length: 2_900 }, (_, at) => at + 101));
  slow.socket.terminate();
});

test("beyond 32 clients there is no room, and a plain request to the address says so too", async () => {
  const tills = await Promise.all(Array.from({ length: 32 }, () => connectTill(server.api.port)));
  expect(await refused({})).toBe(429);
  for (const till of tills) till.socket.terminate();
  await Promise.all(tills.map(({ closed }) => closed));
  expect((await ask({ port: server.api.port }, "/v1/ws")).status).toBe(404);
});
