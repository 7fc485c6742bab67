import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { wordsFor } from "../../agent/lane/index.ts";
import { barcode, blank, draw } from "../image/barcodes.ts";
import { runBrowser } from "../lane/chromium.ts";
import { type Gate, startGate } from "../loop/gate.ts";
import { startGateApi } from "../loop/gate-api.ts";
import { testFacade } from "../pos/facade.ts";
import { runApi } from "../pos/running-api.ts";
import { y4m } from "./y4m.ts";

const says = wordsFor("en").page.camera.says;
const fakeCamera = "--use-fake-device-for-media-stream";
const camera = { reader: "cam", lane: "gate-1", picturesPerS: 4, take: async () => "nothing" as const };

/** A lane page in Chromium with these flags, on an agent whose lane has a camera reader. */
async function openLane(
  flags: readonly string[],
  change: { readonly allow?: boolean; readonly host?: string; readonly script?: () => void } = {},
) {
  const { allow = true, host = "127.0.0.1" } = change;
  const server = await runApi(testFacade({ cameras: [camera] }), { allowedHosts: ["lane.test"] });
  const browser = await runBrowser(["--host-resolver-rules=MAP lane.test 127.0.0.1", ...flags]);
  if (allow) await browser.context.grantPermissions(["camera"], { origin: server.origin });
  const page = await browser.open();
  page.on("pageerror", (fault) => expect.soft(fault.message).toBe("no script error"));
  if (change.script !== undefined) await page.addInitScript(change.script);
  await page.goto(`http://${host}:${server.api.port}/lane/gate-1`);
  return {
    page,
    [Symbol.asyncDispose]: async () => {
      await browser[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function expectSaid(page: Page, what: keyof typeof says): Promise<void> {
  await page.waitForSelector(`#camera[data-state=${what}]`, { timeout: 15_000 });
  expect(await page.textContent("#camera-says")).toBe(says[what]);
}

describe("what is wrong with a camera is said on the page, with what to do", () => {
  test("it works: the page says where to hold the code, and shows what it sees", async () => {
    await using lane = await openLane([fakeCamera]);
    await expectSaid(lane.page, "on");
    expect(await lane.page.isVisible("#camera-view")).toBe(true);
  });

  test("the browser was told not to allow it", async () => {
    await using lane = await openLane([fakeCamera, "--deny-permission-prompts"], { allow: false });
    await expectSaid(lane.page, "denied");
    expect(await lane.page.isVisible("#camera-view")).toBe(false);
  });

  test("there is none, until one is plugged in", async () => {
    await using lane = await openLane([`${fakeCamera}=device-count=0`]);
    await expectSaid(lane.page, "missing");
  });

  test("another program has it, until that program lets go", async () => {
    await using lane = await openLane([fakeCamera], {
      script: () => {
        // A second program cannot be had here: the browser's own words for it can.
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        let tries = 0;
        navigator.mediaDevices.getUserMedia = async (asked) => {
          tries += 1;
          if (tries === 1) throw new DOMException("Device in use", "NotReadableError");
          return real(asked);
        };
      },
    });
    await expectSaid(lane.page, "taken");
    await expectSaid(lane.page, "on");
  });

  test("the address is one to which the browser gives no camera", async () => {
    await using lane = await openLane([fakeCamera], { host: "lane.test" });
    await expectSaid(lane.page, "unsafe");
  });
});

/** The whole terminal: agent, API and a browser whose camera sees `text`. */
async function startKiosk(config: string, textOf: (gate: Gate) => Promise<string>) {
  const gate = await startGate({}, "state", {
    config: `[[reader]]\nid = "gate-1-cam"\nlane = "gate-1"\nkind = "camera"\n${config}`,
  });
  const api = await startGateApi(gate);
  const text = await textOf(gate);
  const film = join(gate.folder, "camera.y4m");
  const seen = blank(640, 480);
  draw(seen, barcode("qr", text), { centre: { x: 320, y: 240 }, module: 7, degrees: 4 });
  writeFileSync(film, y4m([seen, seen]));
  const browser = await runBrowser([fakeCamera, `--use-file-for-fake-video-capture=${film}`]);
  const origin = `http://127.0.0.1:${api.port}`;
  await browser.context.grantPermissions(["camera"], { origin });
  const page = await browser.open();
  await page.goto(`${origin}/lane/gate-1`);
  const events = () => gate.agent.facade.events({ limit: 10, afterSequence: null, passId: null });
  return {
    gate,
    page,
    text,
    firstRecord: async () => {
      await expect.poll(async () => (await events()).length, { timeout: 20_000 }).toBeGreaterThan(0);
      return (await events())[0];
    },
    events,
    [Symbol.asyncDispose]: async () => {
      await browser[Symbol.asyncDispose]();
      await api.close();
      await gate[Symbol.asyncDispose]();
    },
  };
}

describe("a pass before the camera of the lane page", () => {
  test("is decided as from any reader when it is signed, and once for as long as it is held up", async () => {
    await using kiosk = await startKiosk("", async (gate) => (await gate.issue("event_ticket")).text);
    await kiosk.page.waitForSelector("html[data-state=accepted]", { timeout: 20_000 });
    expect(await kiosk.firstRecord()).toMatchObject({
      channel: "camera",
      reader: "gate-1-cam",
      symbology: "qr",
      verification: { result: "valid", form: "e1b" },
      decision: { outcome: "accepted", by: "agent", reason: "ok" },
    });
    await kiosk.page.waitForSelector("html[data-state=idle]", { timeout: 10_000 });
    await kiosk.page.waitForSelector('#camera[data-outcome="repeat"]');
    expect(await kiosk.events()).toHaveLength(1);
    expect((await kiosk.gate.agent.facade.status()).readers.find(({ kind }) => kind === "camera")).toMatchObject({
      state: "ready",
      driver: "zxing-wasm",
    });
  }, 60_000);

  test("is never more than a reference when nobody signed it, whatever the site's policy says", async () => {
    const policy = '[policy.loyalty]\nunverified_reference = "accept"\n';
    await using kiosk = await startKiosk(policy, async () => "loyalty:pass_01HZX000000000000000000P01");
    const record = await kiosk.firstRecord();
    expect(record).toMatchObject({
      channel: "camera",
      verification: { result: "undetermined", reason: "unverified_reference", form: "plain" },
      decision: { outcome: "rejected", by: "policy", reason: "unverified_reference" },
    });
    // The same text from elsewhere is accepted by that policy.
    const elsewhere = await kiosk.gate.present(kiosk.text);
    expect(elsewhere.decision).toEqual({ outcome: "accepted", by: "policy", reason: "unverified_reference" });
  }, 60_000);
});
