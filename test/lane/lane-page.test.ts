import { readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Display, shippedLocales, wordsFor } from "../../agent/lane/index.ts";
import type { LaneView } from "../../agent/views.ts";
import { demoScenes, testFacade } from "../pos/facade.ts";
import { runApi } from "../pos/running-api.ts";
import { type Change, type LaneBench, runLaneBench } from "./lane-bench.ts";

let bench: LaneBench;
beforeAll(async () => {
  bench = await runLaneBench();
});
afterEach(() => bench.tidy());
afterAll(() => bench[Symbol.asyncDispose]());

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
    // The longest word a till may have for the guest, in words and in one.
    for (const line of ["Tisch 4 am ".repeat(8).slice(0, 80), "W".repeat(80)]) {
      displays.push({ headline: lanes.accepted.headline, line, next: lanes.accepted.guest.next });
    }
    const page = await bench.openPage();
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
    await page.goto(`${bench.server.origin}/lane/gate-1`);
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
    const page = await bench.openLane();
    const banner = page.getByText("TEST — not for real passes");
    expect(await banner.isVisible()).toBe(false);
    await bench.show(page, "accepted", { reason: "ok", environment: "sandbox" });
    expect(await banner.isVisible()).toBe(true);
    await bench.show(page, "rejected", { reason: "revoked", environment: "live", simulated: true });
    expect(await banner.isVisible()).toBe(true);
    await bench.show(page, "idle", { simulated: false });
    expect(await banner.isVisible()).toBe(false);
  });

  test("marks old trust data beside any answer", async () => {
    const page = await bench.openLane();
    const mark = page.getByText("Old trust data");
    await bench.show(page, "accepted", { reason: "ok" });
    expect(await mark.isVisible()).toBe(false);
    await bench.show(page, "rejected", { reason: "revoked", degraded: true });
    expect(await mark.isVisible()).toBe(true);
  });

  test.each(["touch", "key"])("asks for a touch while the browser blocks sound, and a %s ends that", async (means) => {
    const page = await bench.openLane();
    const hint = page.getByRole("button", { name: "Sound is off" });
    await hint.waitFor({ state: "visible", timeout: 3_000 });
    if (means === "touch") await hint.click();
    else await page.keyboard.press("Space");
    await hint.waitFor({ state: "hidden", timeout: 3_000 });
  });

  test("keeps the screen awake, hides the pointer, and moves only where motion is welcome", async () => {
    const page = await bench.openLane();
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
    const page = await bench.openLane();
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
    const page = await bench.openPage();
    const answer = await page.goto(`${bench.server.origin}/lane/gate-9`);
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
    const page = await bench.openLane(old);
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
      const page = await bench.openLane(demo);
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
    const page = await bench.openLane();
    expect(await page.locator("#demo, form, input").count()).toBe(0);
  });
});

test("the picture in the README is of this page", async () => {
  const file = fileURLToPath(new URL("../../docs/images/lane-states.png", import.meta.url));
  const pictures: string[] = [];
  const page = await bench.openLane(bench.server, { width: 392, height: 520 });
  const scenes: readonly (readonly [LaneView["state"], Change, string])[] = [
    ["accepted", { reason: "ok" }, "Accepted"],
    ["rejected", { reason: "already_redeemed", firstAt: "2026-11-21T19:30:00Z", firstLane: "gate-1" }, "Already used"],
    ["attention", { reason: "trust_expired" }, "Ask staff"],
  ];
  for (const [state, change, headline] of scenes) {
    await bench.show(page, state, change);
    expect(await page.locator("h1").textContent()).toBe(headline);
    await page.evaluate("document.getElementById('muted').hidden = true");
    pictures.push((await page.screenshot()).toString("base64"));
  }
  if (process.env["UPDATE_IMAGES"] === "1") {
    const sheet = await bench.openPage({ width: 1_200, height: 520 });
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
