import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoScenes, testFacade } from "../pos/facade.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";
import { type RunningBrowser, runBrowser } from "./chromium.ts";

/** A web server of somebody else, with an empty page at every address. */
let foreign: Server;
let foreignPort = 0;
let server: RunningApi;
let browser: RunningBrowser;

beforeAll(async () => {
  foreign = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>foreign</title>");
  });
  await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
  const address = foreign.address();
  foreignPort = typeof address === "object" && address !== null ? address.port : 0;
  server = await runApi(testFacade({ scenes: demoScenes }), { allowedOrigins: [`http://pos.test:${foreignPort}`] });
  browser = await runBrowser([
    "--host-resolver-rules=MAP evil.test 127.0.0.1, MAP rebind.test 127.0.0.1, MAP pos.test 127.0.0.1",
  ]);
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  foreign.closeAllConnections();
  await new Promise((resolve) => foreign.close(resolve));
});

async function visit(address: string): Promise<Page> {
  const page = await browser.open();
  await page.goto(address);
  return page;
}

/** Everything a page can try without being told the token, and what it got to see. */
function attack(page: Page, api: string, simToken: string): Promise<Readonly<Record<string, string>>> {
  return page.evaluate(
    async ([origin, token]) => {
      const outcome: Record<string, string> = {};
      const body = JSON.stringify({ payload: "good" });
      const attempts: Readonly<Record<string, [string, RequestInit]>> = {
        ping: ["/v1/ping", {}],
        health: ["/v1/health", {}],
        status: ["/v1/status", {}],
        page: ["/lane/gate-1", {}],
        present: ["/v1/sim/present", { method: "POST", headers: { "content-type": "application/json" }, body }],
        presentWithToken: [
          "/v1/sim/present",
          { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body },
        ],
        presentAsText: [
          "/v1/sim/present",
          { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body },
        ],
        blindPage: ["/lane/gate-1", { mode: "no-cors" }],
        blindScene: ["/v1/sim/scenes/valid", { method: "POST", mode: "no-cors" }],
      };
      for (const [name, [path, options]] of Object.entries(attempts)) {
        outcome[name] = await fetch(origin + path, options).then(
          async (response) => `read ${response.status} ${(await response.text()).length}`,
          () => "blocked",
        );
      }
      const settled = (element: HTMLElement, name: string, add: () => void): Promise<void> =>
        new Promise((resolve) => {
          const done = (text: string) => () => {
            outcome[name] = text;
            resolve();
          };
          element.addEventListener("load", done("loaded"));
          element.addEventListener("error", done("blocked"));
          add();
          setTimeout(done("silent"), 2_000);
        });
      const image = new Image();
      await settled(image, "image", () => {
        image.src = `${origin}/assets/icon.svg`;
      });
      const script = document.createElement("script");
      await settled(script, "script", () => {
        script.src = `${origin}/assets/message.ts`;
        script.type = "module";
        document.head.append(script);
      });
      const plain = document.createElement("script");
      await settled(plain, "classicScript", () => {
        plain.src = `${origin}/assets/lane.ts`;
        document.head.append(plain);
      });
      outcome["stream"] = await new Promise((resolve) => {
        const source = new EventSource(`${origin}/lane/gate-1/stream`);
        source.addEventListener("view", () => resolve("read"));
        source.addEventListener("error", () => {
          source.close();
          resolve("blocked");
        });
      });
      return outcome;
    },
    [api, simToken] as const,
  );
}

/** Every attempt above ends so; those without CORS because the answers are same-origin resources. */
const attempts = [
  "ping",
  "health",
  "status",
  "page",
  "present",
  "presentWithToken",
  "presentAsText",
  "blindPage",
  "blindScene",
  "image",
  "script",
  "classicScript",
  "stream",
];

test("a foreign page reads nothing and presents nothing, by any name of this machine", async () => {
  const page = await visit(`http://evil.test:${foreignPort}/`);
  const { port, simToken } = server.api;
  for (const host of ["127.0.0.1", "localhost"]) {
    const outcome = await attack(page, `http://${host}:${port}`, simToken ?? "");
    expect(outcome).toEqual(Object.fromEntries(attempts.map((name) => [name, "blocked"])));
  }
  expect(server.facade.presented).toEqual([]);
  expect(server.facade.lane("gate-1")?.state).toBe("idle");
  expect(server.facade.watchers()).toBe(0);
  await page.close();
});

test("the same attempts by the agent's own page work, so the ones above could have", async () => {
  const page = await visit(`${server.origin}/lane/gate-1`);
  await page.waitForSelector("html[data-state=idle]");
  const outcome = await page.evaluate(
    async ([token]) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const presented = await fetch("/v1/sim/present", {
        method: "POST",
        headers,
        body: JSON.stringify({ payload: "good" }),
      });
      return [presented.status, (await fetch("/v1/ping")).status];
    },
    [server.api.simToken] as const,
  );
  expect(outcome).toEqual([200, 200]);
  expect(server.facade.presented).toHaveLength(1);
  await page.close();
});

test("a name rebound to this machine gets neither page nor API", async () => {
  const page = await browser.open();
  const answer = await page.goto(`http://rebind.test:${server.api.port}/lane/gate-1`);
  expect(answer?.status()).toBe(403);
  const seen = await page.evaluate(async () => {
    const answers = await Promise.all(["/v1/ping", "/v1/health", "/lane/gate-1/stream"].map((path) => fetch(path)));
    return answers.map(({ status }) => status);
  });
  expect(seen).toEqual([403, 403, 403]);
  await page.close();
});

test("a foreign page cannot frame the lane page, nor send a form to the agent", async () => {
  const page = await visit(`http://evil.test:${foreignPort}/`);
  const before = server.facade.presented.length;
  await page.evaluate((origin) => {
    const frame = document.createElement("iframe");
    frame.src = `${origin}/lane/gate-1`;
    document.body.append(frame);
  }, server.origin);
  await page.waitForTimeout(500);
  expect(server.facade.watchers()).toBe(0);
  await page.evaluate((origin) => {
    document.body.innerHTML = `<form method="post" enctype="text/plain" action="${origin}/v1/sim/present"><input name='{"payload":"good","x":"' value='"}'></form>`;
    document.querySelector("form")?.submit();
  }, server.origin);
  await page.waitForURL(`${server.origin}/**`);
  expect(await page.textContent("body")).toContain("origin_not_allowed");
  expect(server.facade.presented).toHaveLength(before);
  await page.close();
});

test("a listed origin with the token reads the status, and without it does not", async () => {
  const token = (await readFile(server.tokenFile, "utf8")).trim();
  const page = await visit(`http://pos.test:${foreignPort}/`);
  const seen = await page.evaluate(
    async ([origin, secret]) => {
      const good = await fetch(`${origin}/v1/status`, { headers: { authorization: `Bearer ${secret}` } });
      const bad = await fetch(`${origin}/v1/status`);
      const ping = await fetch(`${origin}/v1/ping`);
      return [good.status, bad.status, ping.status];
    },
    [server.origin, token] as const,
  );
  expect(seen).toEqual([200, 401, 200]);
  await page.close();
});
