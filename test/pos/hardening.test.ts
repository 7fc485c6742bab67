import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { ask } from "./ask.ts";
import { demoScenes, testFacade } from "./facade.ts";
import { type RunningApi, runApi } from "./running-api.ts";

async function dial(server: RunningApi): Promise<Socket> {
  const socket = connect(server.api.port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => socket.destroy());
  return socket;
}

/** All that the server sends until it closes. */
async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  if (!socket.closed) await once(socket, "close");
  return text;
}

const head = (server: RunningApi, line: string, more = "") =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1:${server.api.port}\r\n${more}\r\n`;

test.each([
  [
    "a second Host",
    (host: string) => `GET /v1/ping HTTP/1.1\r\nHost: ${host}\r\nHost: evil.test\r\nConnection: close\r\n\r\n`,
    /^HTTP\/1.1 (400|403)/,
  ],
  ["no Host", () => "GET /v1/ping HTTP/1.0\r\n\r\n", /^HTTP\/1.1 403/],
  [
    "an absolute target",
    (host: string) => `GET http://evil.test/v1/ping HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    /^HTTP\/1.1 400/,
  ],
  [
    "a target without a slash",
    (host: string) => `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    /^HTTP\/1.1 400/,
  ],
  ["a proxy request", () => "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n", /^$/],
  [
    "an upgrade nobody offers",
    (host: string) =>
      `GET /v1/ping HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    /^HTTP\/1.1 (200|4\d\d)|^$/,
  ],
  [
    "headers past 8 KiB",
    (host: string) => `GET /v1/ping HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(9_000)}\r\n\r\n`,
    /^HTTP\/1.1 431/,
  ],
  ["something that is not HTTP", () => "\u0016\u0003\u0001\u0000garbage\r\n\r\n", /^HTTP\/1.1 400/],
])("%s is answered or cut, and the next request works", async (_, text, expected) => {
  await using server = await runApi();
  const socket = await dial(server);
  socket.write(text(`127.0.0.1:${server.api.port}`));
  expect(await readAll(socket)).toMatch(expected);
  expect((await ask({ port: server.api.port }, "/v1/ping")).status).toBe(200);
});

test("a body past 64 KiB is refused, declared or not, and one of exactly 64 KiB is read", async () => {
  await using server = await runApi(testFacade({ scenes: demoScenes }));
  const headers = { authorization: `Bearer ${server.api.simToken}`, "content-type": "application/json" };
  const empty = JSON.stringify({ payload: "" }).length;
  const send = (bytes: number, chunked: boolean) =>
    ask({ port: server.api.port }, "/v1/sim/present", {
      method: "POST",
      headers: { ...headers, ...(chunked ? { "transfer-encoding": "chunked" } : {}) },
      body: JSON.stringify({ payload: "x".repeat(bytes - empty) }),
    });
  expect((await send(65_536, false)).status).toBe(200);
  for (const chunked of [false, true]) expect((await send(65_537, chunked)).json["code"]).toBe("too_large");
  expect(server.facade.presented).toHaveLength(1);
});

test("a body that stops half way presents nothing", async () => {
  await using server = await runApi(testFacade({ scenes: demoScenes }));
  const socket = await dial(server);
  const more = `Authorization: Bearer ${server.api.simToken}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n`;
  socket.write(`${head(server, "POST /v1/sim/present", more)}{"payload":"good"}`);
  await delay(50);
  socket.destroy();
  await delay(50);
  expect(server.facade.presented).toEqual([]);
});

test("whoever sends nothing, half a header or half a body is cut, while others are served", async () => {
  await using server = await runApi(testFacade({ scenes: demoScenes }));
  const silent = await dial(server);
  const half = await dial(server);
  half.write("GET /v1/ping HTTP/1.1\r\nHost: 127");
  const body = await dial(server);
  const more = `Authorization: Bearer ${server.api.simToken}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n`;
  body.write(`${head(server, "POST /v1/sim/present", more)}{"payload"`);
  const start = performance.now();
  const closedAfter = async (socket: Socket): Promise<number> => {
    await readAll(socket);
    return performance.now() - start;
  };
  const waits = Promise.all([closedAfter(silent), closedAfter(half), closedAfter(body)]);
  expect((await ask({ port: server.api.port }, "/v1/ping")).status).toBe(200);
  const [silentMs, halfMs, bodyMs] = await waits;
  expect(silentMs).toBeLessThan(8_000);
  expect(halfMs).toBeLessThan(8_000);
  expect(bodyMs).toBeLessThan(13_000);
  expect(server.facade.presented).toEqual([]);
}, 20_000);

test("a crowd on TCP is cut at 64 connections and leaves the Unix socket in service", async () => {
  await using server = await runApi();
  const crowd = await Promise.all(Array.from({ length: 200 }, () => dial(server)));
  await delay(200);
  expect(crowd.filter((socket) => !socket.closed)).toHaveLength(64);
  expect((await ask({ socketPath: server.socketPath }, "/v1/status")).status).toBe(200);
  for (const socket of crowd) socket.destroy();
  await delay(50);
  expect((await ask({ port: server.api.port }, "/v1/ping")).status).toBe(200);
});

test("the thirty-third stream is refused and a closed one makes room", async () => {
  await using server = await runApi();
  const open = () => fetch(`${server.origin}/lane/gate-1/stream`);
  const streams = await Promise.all(Array.from({ length: 32 }, open));
  expect(streams.every(({ status }) => status === 200)).toBe(true);
  const refused = await open();
  expect([refused.status, await refused.json()]).toEqual([429, expect.objectContaining({ code: "rate_limited" })]);
  await streams[0]?.body?.cancel();
  await delay(50);
  const again = await open();
  expect(again.status).toBe(200);
  await Promise.all([...streams.slice(1), again].map((stream) => stream.body?.cancel()));
});

test("a stream that nobody reads is cut at 1 MiB, and its neighbour misses nothing", async () => {
  await using server = await runApi();
  const stalled = await dial(server);
  stalled.pause();
  stalled.write(head(server, "GET /lane/gate-1/stream"));
  const healthy = await fetch(`${server.origin}/lane/gate-1/stream`);
  const reader = healthy.body?.pipeThrough(new TextDecoderStream()).getReader();
  let heard = "";
  const hearing = (async () => {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) return;
      heard = (heard + chunk.value).slice(-2_000);
    }
  })();
  await delay(50);
  expect(server.facade.watchers()).toBe(2);
  // The kernel takes some megabytes before anything waits in the agent.
  for (let i = 0; i < 400 && server.facade.watchers() === 2; i++) {
    for (let j = 0; j < 100; j++) server.facade.show("gate-1", { state: "reading", name: "x".repeat(500) });
    await delay(1);
  }
  expect(server.facade.watchers()).toBe(1);
  server.facade.show("gate-1", { state: "accepted", reason: "ok" });
  await expect.poll(() => heard).toContain('"state":"accepted"');
  stalled.destroy();
  await reader?.cancel();
  await hearing;
});

test("a stream gives the state at once, every change, and a beat each second", async () => {
  await using server = await runApi(testFacade({ scenes: demoScenes }));
  const stream = await fetch(`${server.origin}/lane/gate-2/stream`);
  expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream.body ?? []) text += decoder.decode(chunk, { stream: true });
  })();
  await expect.poll(() => text).toContain("event: view");
  server.facade.show("gate-2", {
    state: "rejected",
    reason: "already_redeemed",
    firstAt: "2026-11-21T19:30:00Z",
    firstLane: "gate-1",
  });
  await delay(2_300);
  await server.api.close();
  await reading;
  const events = text
    .trim()
    .split("\n\n")
    .map((block) => {
      const [event = "", line = ""] = block.split("\n");
      const body: unknown = JSON.parse(line.slice("data: ".length));
      return { event: event.slice("event: ".length), body };
    });
  expect(events.map(({ event }) => event)).toEqual(["hello", "view", "view", "beat", "beat"]);
  expect(events[0]?.body).toEqual({ version: "0.1.0", camera_token: null, sim_token: server.api.simToken });
  expect(events[2]?.body).toEqual({
    lane: "gate-2",
    name: "Gate 2 <b>&",
    state: "rejected",
    reason: "already_redeemed",
    first_at: "2026-11-21T19:30:00Z",
    first_lane: "gate-1",
    next_at: null,
    guidance: null,
    revision: 2,
    environment: "live",
    simulated: false,
    degraded: false,
    special: null,
    display: {
      headline: "Already used",
      line: "First used Nov\u00a021,\u00a019:30, Gate 1",
      next: "Please ask the staff.",
    },
  });
});
