import { readFile, stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Asked, ask } from "./ask.ts";
import { demoScenes, testFacade } from "./facade.ts";
import { type RunningApi, runApi } from "./running-api.ts";

let server: RunningApi;
let token: string;
const json = { "content-type": "application/json" };

beforeAll(async () => {
  server = await runApi(testFacade({ scenes: demoScenes }), { allowedOrigins: ["http://pos.test"] });
  token = (await readFile(server.tokenFile, "utf8")).trim();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const overTcp = (path: string, options: Parameters<typeof ask>[2] = {}): Promise<Asked> =>
  ask({ port: server.api.port }, path, options);
const withToken = (path: string, options: Parameters<typeof ask>[2] = {}): Promise<Asked> =>
  overTcp(path, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });

describe("who may ask", () => {
  const guarded = ["/v1/status", "/v1/events", "/v1/outbox", "/metrics", "/v1/sim/scenes"];

  test("everything about passes and devices needs the token on TCP", async () => {
    for (const path of guarded) {
      const answer = await overTcp(path);
      expect([path, answer.status, answer.json["code"]]).toEqual([path, 401, "missing_auth"]);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      expect((await withToken(path)).status).toBe(200);
    }
  });

  test("the same routes on the Unix socket need no token", async () => {
    for (const path of [...guarded, "/v1/ping", "/lane/gate-1"]) {
      expect([path, (await ask({ socketPath: server.socketPath }, path)).status]).toEqual([path, 200]);
    }
    const body = JSON.stringify({ payload: "good" });
    const presented = await ask({ socketPath: server.socketPath }, "/v1/sim/present", {
      method: "POST",
      headers: json,
      body,
    });
    expect(presented.status).toBe(200);
  });

  test("the token of the demo panel opens the simulation and nothing else", async () => {
    const headers = { authorization: `Bearer ${server.api.simToken}` };
    expect((await overTcp("/v1/sim/scenes", { headers })).status).toBe(200);
    for (const path of guarded.filter((path) => !path.startsWith("/v1/sim"))) {
      expect([path, (await overTcp(path, { headers })).status]).toEqual([path, 401]);
    }
  });

  test("the observer's token looks at everything a till may look at, and changes nothing", async () => {
    const observer = (await readFile(`${server.folder}/observer-token`, "utf8")).trim();
    expect((await stat(`${server.folder}/observer-token`)).mode & 0o777).toBe(0o600);
    expect(observer).not.toBe(token);
    const headers = { authorization: `Bearer ${observer}`, ...json };
    for (const path of ["/v1/status", "/v1/events", "/v1/outbox", "/metrics", "/v1/questions", "/v1/lane-times"]) {
      expect([path, (await overTcp(path, { headers })).status]).toEqual([path, 200]);
    }
    for (const [method, path] of [
      ["GET", "/v1/audit"],
      ["GET", "/v1/sim/scenes"],
      ["POST", "/v1/outbox/send"],
      ["POST", "/v1/outbox/retry"],
      ["POST", "/v1/scans/scan_x/decision"],
      ["POST", "/v1/scans/scan_x/annul"],
      ["POST", "/v1/lanes/gate-1/manual"],
      ["POST", "/v1/webhooks/retry"],
    ] as const) {
      const answer = await overTcp(path, { method, headers, ...(method === "POST" ? { body: "{}" } : {}) });
      expect([path, answer.status, answer.json["code"]]).toEqual([path, 403, "insufficient_scope"]);
    }
  });

  test("after five wrong tokens a refusal waits a second, and the right token never does", async () => {
    const wrong = { headers: { authorization: "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } };
    await withToken("/v1/status");
    const refusedIn = async (): Promise<number> => {
      const start = performance.now();
      expect((await overTcp("/v1/status", wrong)).json["code"]).toBe("invalid_token");
      return performance.now() - start;
    };
    for (let i = 0; i < 5; i++) expect(await refusedIn()).toBeLessThan(500);
    const slow = refusedIn();
    const start = performance.now();
    expect((await withToken("/v1/status")).status).toBe(200);
    expect(performance.now() - start).toBeLessThan(500);
    expect(await slow).toBeGreaterThanOrEqual(950);
  });

  test("a foreign Host or Origin is refused on every address, pages included", async () => {
    for (const path of [
      "/v1/ping",
      "/v1/health",
      "/v1/status",
      "/lane/gate-1",
      "/lane/gate-1/stream",
      "/assets/lane.css",
      "/nothing",
    ]) {
      const rebound = await withToken(path, { headers: { host: `evil.test:${server.api.port}` } });
      expect([path, rebound.status, rebound.json["code"]]).toEqual([path, 403, "host_not_allowed"]);
      const foreign = await withToken(path, { headers: { origin: "https://evil.test" } });
      expect([path, foreign.status, foreign.json["code"]]).toEqual([path, 403, "origin_not_allowed"]);
      expect(foreign.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("a listed origin may ask and read, after the browser's own question", async () => {
    const headers = { origin: "http://pos.test", "sec-fetch-site": "cross-site" };
    const preflight = await overTcp("/v1/status", {
      method: "OPTIONS",
      headers: { ...headers, "access-control-request-method": "GET" },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "http://pos.test",
      "access-control-allow-headers": "authorization, content-type",
      "access-control-allow-methods": "GET",
    });
    const answer = await withToken("/v1/status", { headers });
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, "http://pos.test"]);
  });

  test("every answer carries the security headers", async () => {
    for (const answer of [
      await overTcp("/v1/ping"),
      await overTcp("/lane/gate-1"),
      await overTcp("/v1/status"),
      await overTcp("/assets/lane.ts"),
    ]) {
      expect(answer.headers).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
      });
      const policy = String(answer.headers["content-security-policy"]);
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain("unsafe");
    }
  });

  test("token and socket are closed to others", async () => {
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(((await stat(server.tokenFile)).mode & 0o777).toString(8)).toBe("600");
    expect(((await stat(server.socketPath)).mode & 0o777).toString(8)).toBe("660");
  });
});

describe("an agent without a simulation", () => {
  test("has no panel, no token for it, and nothing under /v1/sim", async () => {
    await using live = await runApi();
    expect(live.api.simToken).toBeNull();
    const socket = { socketPath: live.socketPath };
    for (const [path, method] of [
      ["/v1/sim/scenes", "GET"],
      ["/v1/sim/scenes/valid", "POST"],
      ["/v1/sim/present", "POST"],
    ] as const) {
      const answer = await ask(socket, path, { method });
      expect([path, answer.status, answer.json["code"]]).toEqual([path, 404, "simulation_disabled"]);
    }
    const page = await ask(socket, "/lane/gate-1");
    expect(page.text).not.toMatch(/demo|data-token/);
    expect(live.facade.presented).toEqual([]);
  });
});
