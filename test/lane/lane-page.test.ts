import { readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Display, shippedLocales, wordsFor } from "../../agent/lane/index.ts";
import type { LaneView } from "../../agent/views.ts";
import { demoScenes, testFacade } from "../pos/facade.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";
import { type RunningBrowser, runBrowser } from "./chromium.ts";
import { contrastOn, shapeDifference } from "./looks.ts";

type Change = Partial<Omit<LaneView, "lane" | "revision">>;

let browser: RunningBrowser;
let server: RunningApi;
const open: Page[] = [];

beforeAll(async () => {
  // As strict as the kiosk the page may meet: no sound before somebody touches it.
  browser = await runBrowser(["--autoplay-policy=document-user-activation-required"]);
  server = await runApi();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((page) => page.close()));
  server.facade.show("gate-1", { state: "idle", environment: "live", simulated: false, degraded: false });
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function openLane(
  on: RunningApi = server,
  size?: { readonly width: number; readonly height: number },
): Promise<Page> {
  const page = await browser.open(size);
  open.push(page);
  page.on("pageerror", (fault) => expect.soft(fault.message).toBe("no script error"));
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(`${on.origin}/lane/gate-1`);
  await page.waitForSelector("html:not([data-state=offline])");
  return page;
}

async function show(page: Page, state: LaneView["state"], change: Change = {}): Promise<void> {
  server.facade.show("gate-1", { state, ...change });
  await page.waitForSelector(`html[data-state=${state}]`);
}

/** The largest square of whole pixels over the shape: pictures of two states then have one size. */
async function shapeSquare(page: Page): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.locator(".shape").boundingBox();
  if (box === null) throw new Error("the shape is not on the page");
  const side = Math.floor(box.width);
  return { x: Math.round(box.x), y: Math.round(box.y), width: side, height: side };
}

const states: readonly (readonly [LaneView["state"], Change, string, string, string])[] = [
  ["idle", {}, "Present your pass", "rgb(16, 26, 43)", "status"],
  ["reading", {}, "Hold still", "rgb(31, 78, 158)", "status"],
  ["checking", {}, "Checking", "rgb(31, 78, 158)", "status"],
  ["asking", {}, "One moment", "rgb(31, 78, 158)", "status"],
  ["accepted", { reason: "ok" }, "Accepted", "rgb(0, 98, 57)", "status"],
  ["rejected", { reason: "revoked" }, "Cancelled", "rgb(155, 14, 40)", "alert"],
  ["attention", { reason: "trust_expired" }, "Ask staff", "rgb(255, 194, 10)", "alert"],
  ["out_of_order", { reason: "reader_absent" }, "Lane closed", "rgb(74, 74, 74)", "status"],
];

describe("each state", () => {
  test("has its own words, colour, single shape and role, a large headline and 7:1 contrast", async () => {
    const page = await openLane();
    for (const [state, change, headline, colour, role] of states) {
      await show(page, state, change);
      const answer = page.getByRole(role === "alert" ? "alert" : "status").filter({ has: page.getByRole("heading") });
      expect(await answer.getByRole("heading").textContent()).toBe(headline);
      const seen = await page.evaluate(() => ({
        colour: getComputedStyle(document.querySelector(".stage") ?? document.body).backgroundColor,
        shapes: [...document.querySelectorAll<SVGElement>(".shape svg")]
          .filter((svg) => svg.getBoundingClientRect().width > 0)
          .map((svg) => svg.dataset["shape"]),
        headline: Number.parseFloat(getComputedStyle(document.querySelector("h1") ?? document.body).fontSize),
        shorterSide: Math.min(innerWidth, innerHeight),
      }));
      expect([state, seen.colour, seen.shapes]).toEqual([state, colour, [state]]);
      expect(seen.headline / seen.shorterSide).toBeGreaterThanOrEqual(0.07);
      for (const text of ["h1", "#line", "#next", ".place"]) {
        expect([state, text, (await contrastOn(page, text, ".stage")) >= 7]).toEqual([state, text, true]);
      }
    }
  });

  test("plays a rhythm of its own, five in all", async () => {
    const page = await openLane();
    await page.evaluate(() => {
      const tones: { at: number; length: number }[] = [];
      const start = OscillatorNode.prototype.start;
      const stop = OscillatorNode.prototype.stop;
      OscillatorNode.prototype.start = function (this: OscillatorNode, when = 0) {
        tones.push({ at: when, length: 0 });
        start.call(this, when);
      };
      OscillatorNode.prototype.stop = function (this: OscillatorNode, when = 0) {
        const last = tones.at(-1);
        if (last !== undefined) last.length = when - last.at;
        stop.call(this, when);
      };
      const rhythm = (): string =>
        tones
          .splice(0)
          .map(({ at, length }, _, all) => `${(at - (all[0]?.at ?? at)).toFixed(2)}+${length.toFixed(2)}`)
          .join(" ");
      Object.assign(window, { rhythm });
    });
    await page.mouse.click(5, 5);
    const heard: Record<string, string> = {};
    for (const [state, change] of states) {
      await show(page, state, change);
      heard[state] = String(await page.evaluate("rhythm()"));
    }
    expect(heard).toEqual({
      idle: "",
      reading: "0.00+0.04",
      checking: "",
      asking: "",
      accepted: "0.00+0.10 0.12+0.28",
      rejected: "0.00+0.24 0.36+0.34",
      attention: "0.00+0.09 0.16+0.09 0.32+0.09",
      out_of_order: "0.00+0.70",
    });
  });

  test("is not heard twice when the connection breaks and the lane has not changed", async () => {
    const facade = testFacade();
    await using first = await runApi(facade);
    const page = await openLane(first);
    facade.show("gate-1", { state: "accepted", reason: "ok" });
    await page.waitForSelector("html[data-state=accepted]");
    await page.mouse.click(5, 5);
    await page.evaluate(() => {
      const start = OscillatorNode.prototype.start;
      Object.assign(window, { heard: false });
      OscillatorNode.prototype.start = function (this: OscillatorNode, when = 0) {
        Object.assign(window, { heard: true });
        start.call(this, when);
      };
    });
    await first.api.close();
    await page.waitForSelector("html[data-state=offline]");
    await using second = await runApi(facade, { port: first.api.port });
    await page.waitForSelector("html[data-state=accepted]");
    expect(await page.evaluate("heard")).toBe(false);
    second.facade.show("gate-1", { state: "accepted", reason: "ok" });
    await expect.poll(() => page.evaluate("heard")).toBe(true);
  });

  test("accepted and rejected differ in shape for eyes without green or without any colour", async () => {
    const page = await openLane();
    const session = await page.context().newCDPSession(page);
    const ruler = await browser.open();
    open.push(ruler);
    for (const type of ["deuteranopia", "protanopia", "achromatopsia"] as const) {
      await session.send("Emulation.setEmulatedVisionDeficiency", { type });
      const pictures: Buffer[] = [];
      for (const state of ["accepted", "accepted", "rejected", "attention"] as const) {
        await show(page, state, { reason: state === "accepted" ? "ok" : "revoked" });
        pictures.push(await page.screenshot({ clip: await shapeSquare(page) }));
      }
      const [accepted, again, rejected, attention] = pictures;
      if (!accepted || !again || !rejected || !attention) throw new Error("a picture is missing");
      expect(await shapeDifference(ruler, accepted, again)).toBeLessThan(0.001);
      expect([type, (await shapeDifference(ruler, accepted, rejected)) > 0.15]).toEqual([type, true]);
      expect([type, (await shapeDifference(ruler, accepted, attention)) > 0.15]).toEqual([type, true]);
    }
  });

  test("lights its own place and has its own edge", async () => {
    const page = await openLane();
    const seen = async (): Promise<unknown> =>
      page.evaluate(() => ({
        lit: [...document.querySelectorAll<SVGElement>(".rail svg")]
          .filter((svg) => getComputedStyle(svg).opacity === "1")
          .map((svg) => svg.dataset["shape"]),
        edge: getComputedStyle(document.querySelector(".stage") ?? document.body, "::after").borderTopStyle,
      }));
    await show(page, "accepted", { reason: "ok" });
    expect(await seen()).toEqual({ lit: ["accepted"], edge: "solid" });
    await show(page, "rejected", { reason: "revoked" });
    expect(await seen()).toEqual({ lit: ["rejected"], edge: "dashed" });
    await show(page, "attention");
    expect(await seen()).toEqual({ lit: ["attention"], edge: "none" });
    await show(page, "idle");
    expect(await seen()).toEqual({ lit: [], edge: "none" });
  });
});

test.each(shippedLocales)(
  "every sentence in %s fits on every screen, and one two fifths longer does too",
  async (locale) => {
    const words = wordsFor(locale);
    const { states: lanes, reasons, guidance, houseRule, realPass, offline } = words;
    const refusal = lanes.rejected.headline;
    const sayings = [
      ...Object.values(lanes),
      ...Object.values(guidance),
      ...Object.values(reasons),
      { headline: lanes.accepted.headline, ...houseRule },
      realPass,
      offline,
    ];
    const displays = sayings.map(({ headline = refusal, guest }) => ({ headline, ...guest }));
    const longest = (texts: readonly string[]) => texts.toSorted((one, other) => other.length - one.length)[0] ?? "";
    const stretched = (text: string) => `${text} ${text.slice(0, Math.ceil(text.length * 0.4)).trim()}`;
    displays.push({
      headline: longest(displays.map(({ headline }) => headline)),
      line: stretched(longest(displays.map(({ line }) => line))),
      next: stretched(longest(displays.map(({ next }) => next))),
    });
    const page = await browser.open();
    open.push(page);
    await page.addInitScript(() => {
      // Keeps the page's own stream within reach, so that the test can say on it what the agent would.
      const Original = EventSource;
      window.EventSource = class extends Original {
        constructor(address: string | URL) {
          super(address);
          Object.assign(window, { stream: this });
        }
      };
    });
    await page.goto(`${server.origin}/lane/gate-1`);
    await page.waitForSelector("html[data-state=idle]");
    for (const [width, height] of [
      [1280, 800],
      [800, 1280],
      [1024, 768],
      [480, 320],
      [800, 800],
      [320, 480],
    ] as const) {
      await page.setViewportSize({ width, height });
      const misfits = await page.evaluate(misfitsOf, displays);
      expect([width, height, misfits]).toEqual([width, height, []]);
    }
  },
);

/** Which displays do not stand inside the stage, apart from shape and rail, at 7 % or more. Runs in the page. */
function misfitsOf(displays: readonly Display[]): readonly Display[] {
  const box = (selector: string): DOMRect =>
    (document.querySelector(selector) ?? document.body).getBoundingClientRect();
  const stream: unknown = Object.entries(window).find(([name]) => name === "stream")?.[1];
  if (!(stream instanceof EventSource)) throw new Error("the page has no stream");
  return displays.filter((display, i) => {
    const view = { state: "rejected", revision: 1_000 + i, environment: "sandbox", degraded: true, display };
    stream.dispatchEvent(new MessageEvent("view", { data: JSON.stringify(view) }));
    const [stage, say, shape, rail] = [box(".stage"), box(".say"), box(".shape"), box(".rail")];
    const inside =
      say.left >= stage.left && say.right <= stage.right && say.bottom <= stage.bottom && shape.top >= stage.top;
    const apart = say.left >= shape.right || say.top >= shape.bottom;
    const clear = say.right <= rail.left || say.bottom <= rail.top;
    const parts = [...document.querySelectorAll(".say > *")];
    const cut = parts.some((part) => part.scrollWidth > part.clientWidth);
    const headline = Number.parseFloat(getComputedStyle(parts[0] ?? document.body).fontSize);
    const large = headline >= 0.07 * Math.min(stage.width, stage.height);
    return !inside || !apart || !clear || cut || !large || parts[0]?.textContent !== display.headline;
  });
}

describe("the page around the answer", () => {
  test("says TEST in a sandbox or a simulation, and never on a live lane", async () => {
    const page = await openLane();
    const banner = page.getByText("TEST — not for real passes");
    expect(await banner.isVisible()).toBe(false);
    await show(page, "accepted", { reason: "ok", environment: "sandbox" });
    expect(await banner.isVisible()).toBe(true);
    await show(page, "rejected", { reason: "revoked", environment: "live", simulated: true });
    expect(await banner.isVisible()).toBe(true);
    await show(page, "idle", { simulated: false });
    expect(await banner.isVisible()).toBe(false);
  });

  test("marks old trust data beside any answer", async () => {
    const page = await openLane();
    const mark = page.getByText("Old trust data");
    await show(page, "accepted", { reason: "ok" });
    expect(await mark.isVisible()).toBe(false);
    await show(page, "rejected", { reason: "revoked", degraded: true });
    expect(await mark.isVisible()).toBe(true);
  });

  test.each(["touch", "key"])("asks for a touch while the browser blocks sound, and a %s ends that", async (means) => {
    const page = await openLane();
    const hint = page.getByRole("button", { name: "Sound is off" });
    await hint.waitFor({ state: "visible", timeout: 3_000 });
    if (means === "touch") await hint.click();
    else await page.keyboard.press("Space");
    await hint.waitFor({ state: "hidden", timeout: 3_000 });
  });

  test("keeps the screen awake, hides the pointer, and moves only where motion is welcome", async () => {
    const page = await openLane();
    await page.waitForSelector("html[data-awake=yes]", { timeout: 3_000 });
    expect(await page.locator(".stage").evaluate((element) => getComputedStyle(element).cursor)).toBe("none");
    const animations = (): Promise<readonly string[]> =>
      page.evaluate(() =>
        [
          ...new Set(
            document
              .getAnimations()
              .map((animation) => (animation instanceof CSSAnimation ? animation.animationName : "other")),
          ),
        ].toSorted(),
      );
    expect(await animations()).toEqual(["drift"]);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await animations()).toEqual(["drift", "wave"]);
  });

  test("drifts while it rests, so that nothing burns into the screen", async () => {
    const page = await openLane();
    const places = await page.evaluate(() => {
      const [drift] = document
        .getAnimations()
        .filter((animation) => animation instanceof CSSAnimation && animation.animationName === "drift");
      const headline = document.querySelector("h1");
      if (drift === undefined || headline === null) throw new Error("nothing drifts");
      return [0, 59, 61, 121, 181, 241, 301, 361, 421].map((second) => {
        drift.currentTime = second * 1_000;
        const { x, y } = headline.getBoundingClientRect();
        return `${x.toFixed(1)} ${y.toFixed(1)}`;
      });
    });
    expect(places[1]).toBe(places[0]);
    expect(new Set(places).size).toBe(8);
  });

  test("an unknown lane gets a friendly list whose links work by keyboard", async () => {
    const page = await browser.open();
    open.push(page);
    const answer = await page.goto(`${server.origin}/lane/gate-9`);
    expect(answer?.status()).toBe(404);
    expect(await page.getByText("There is no lane “gate-9”.").isVisible()).toBe(true);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/lane/gate-1");
    await page.waitForSelector("html[data-state=idle]");
  });

  test("loads itself again when a newer agent answers", async () => {
    const facade = testFacade();
    await using old = await runApi(facade, { version: "0.1.0" });
    const page = await openLane(old);
    await old.api.close();
    await page.waitForSelector("html[data-state=offline]");
    await using newer = await runApi(facade, { version: "0.2.0", port: old.api.port });
    await page.waitForSelector("html[data-state=idle][data-version='0.2.0']", { timeout: 5_000 });
    expect(newer.facade.watchers()).toBe(1);
  });
});

describe("the demo panel", () => {
  test("plays scenes and presents a payload, by mouse and by keyboard, also after the agent's restart", async () => {
    const facade = testFacade({ scenes: demoScenes });
    let demo = await runApi(facade);
    try {
      const page = await openLane(demo);
      await page.getByRole("button", { name: "Revoked pass" }).click();
      await page.waitForSelector("html[data-state=rejected]");
      await expect.poll(() => page.locator("#demo-answer").textContent()).toBe("played revoked");
      const field = page.getByRole("textbox", { name: "Code or pass text" });
      await field.fill("good");
      await field.press("Enter");
      await page.waitForSelector("html[data-state=accepted]");
      await expect.poll(() => page.locator("#demo-answer").textContent()).toBe("Accepted · ok");
      expect(facade.presented).toEqual([{ lane: "gate-1", reader: null, payload: "good" }]);

      const { port } = demo.api;
      await demo[Symbol.asyncDispose]();
      await page.waitForSelector("html[data-state=offline]");
      demo = await runApi(facade, { port });
      await page.waitForSelector("html[data-state=accepted]");
      await field.fill("<b>forged</b>");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await expect.poll(() => page.locator("#demo-answer").textContent()).toBe("Rejected · malformed");
    } finally {
      await demo[Symbol.asyncDispose]();
    }
  });

  test("does not exist on a lane without a simulation", async () => {
    const page = await openLane();
    expect(await page.locator("#demo, form, input").count()).toBe(0);
  });
});

test("the picture in the README is of this page", async () => {
  const file = fileURLToPath(new URL("../../docs/images/lane-states.png", import.meta.url));
  const pictures: string[] = [];
  const page = await openLane(server, { width: 392, height: 520 });
  const scenes: readonly (readonly [LaneView["state"], Change, string])[] = [
    ["accepted", { reason: "ok" }, "Accepted"],
    ["rejected", { reason: "already_redeemed", firstAt: "2026-11-21T19:30:00Z", firstLane: "gate-1" }, "Already used"],
    ["attention", { reason: "trust_expired" }, "Ask staff"],
  ];
  for (const [state, change, headline] of scenes) {
    await show(page, state, change);
    expect(await page.locator("h1").textContent()).toBe(headline);
    await page.evaluate("document.getElementById('muted').hidden = true");
    pictures.push((await page.screenshot()).toString("base64"));
  }
  if (process.env["UPDATE_IMAGES"] === "1") {
    const sheet = await browser.open({ width: 1_200, height: 520 });
    open.push(sheet);
    const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture}">`).join("");
    await sheet.setContent(
      `<style>body{margin:0;display:flex;gap:12px}img{display:block;border-radius:14px}</style>${images}`,
    );
    await writeFile(file, await sheet.screenshot({ omitBackground: true }));
  }
  const { size } = await stat(file);
  expect(size).toBeLessThan(100_000);
  // PNG specification, section 11.2.1: width and height follow the chunk name IHDR.
  const header = await readFile(file);
  expect([header.readUInt32BE(16), header.readUInt32BE(20)]).toEqual([1_200, 520]);
});
