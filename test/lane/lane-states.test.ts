import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LaneView } from "../../agent/views.ts";
import { testFacade } from "../pos/facade.ts";
import { runApi } from "../pos/running-api.ts";
import { type Change, type LaneBench, runLaneBench } from "./lane-bench.ts";
import { contrastOn, shapeDifference } from "./looks.ts";

let bench: LaneBench;
beforeAll(async () => {
  bench = await runLaneBench();
});
afterEach(() => bench.tidy());
afterAll(() => bench[Symbol.asyncDispose]());

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
    const page = await bench.openLane();
    for (const [state, change, headline, colour, role] of states) {
      await bench.show(page, state, change);
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
    const page = await bench.openLane();
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
    // The click lets sound begin; the audio device needs a moment before its clock runs.
    await page.waitForTimeout(1_000);
    const heard: Record<string, string> = {};
    for (const [state, change] of states) {
      await bench.show(page, state, change);
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
    const page = await bench.openLane(first);
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
    const page = await bench.openLane();
    const session = await page.context().newCDPSession(page);
    const ruler = await bench.openPage();
    for (const type of ["deuteranopia", "protanopia", "achromatopsia"] as const) {
      await session.send("Emulation.setEmulatedVisionDeficiency", { type });
      const pictures: Buffer[] = [];
      for (const state of ["accepted", "accepted", "rejected", "attention"] as const) {
        await bench.show(page, state, { reason: state === "accepted" ? "ok" : "revoked" });
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
    const page = await bench.openLane();
    const seen = async (): Promise<unknown> =>
      page.evaluate(() => ({
        lit: [...document.querySelectorAll<SVGElement>(".rail svg")]
          .filter((svg) => getComputedStyle(svg).opacity === "1")
          .map((svg) => svg.dataset["shape"]),
        edge: getComputedStyle(document.querySelector(".stage") ?? document.body, "::after").borderTopStyle,
      }));
    await bench.show(page, "accepted", { reason: "ok" });
    expect(await seen()).toEqual({ lit: ["accepted"], edge: "solid" });
    await bench.show(page, "rejected", { reason: "revoked" });
    expect(await seen()).toEqual({ lit: ["rejected"], edge: "dashed" });
    await bench.show(page, "attention");
    expect(await seen()).toEqual({ lit: ["attention"], edge: "none" });
    await bench.show(page, "idle");
    expect(await seen()).toEqual({ lit: [], edge: "none" });
  });
});
