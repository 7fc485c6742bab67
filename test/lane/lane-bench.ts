import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { LaneView } from "../../agent/views.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";
import { runBrowser } from "./chromium.ts";

export type Change = Partial<Omit<LaneView, "lane" | "revision">>;
type Size = { readonly width: number; readonly height: number };

/** A live agent's API and a browser, for the tests of one file. */
export interface LaneBench extends AsyncDisposable {
  readonly server: RunningApi;
  /** An empty page; closed by `tidy`. */
  openPage(size?: Size): Promise<Page>;
  /** The lane gate-1, connected, without motion; a script error on it fails the test. */
  openLane(on?: RunningApi, size?: Size): Promise<Page>;
  /** Puts gate-1 into a state and waits until the page shows it. */
  show(page: Page, state: LaneView["state"], change?: Change): Promise<void>;
  /** Closes the pages and lets the lane rest. */
  tidy(): Promise<void>;
}

export async function runLaneBench(): Promise<LaneBench> {
  // As strict as the kiosk the page may meet: no sound before somebody touches it.
  const browser = await runBrowser(["--autoplay-policy=document-user-activation-required"]);
  const server = await runApi();
  const pages: Page[] = [];
  const openPage = async (size?: Size): Promise<Page> => {
    const page = await browser.open(size);
    pages.push(page);
    return page;
  };
  return {
    server,
    openPage,
    openLane: async (on = server, size) => {
      const page = await openPage(size);
      page.on("pageerror", (fault) => expect.soft(fault.message).toBe("no script error"));
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.goto(`${on.origin}/lane/gate-1`);
      await page.waitForSelector("html:not([data-state=offline])");
      return page;
    },
    show: async (page, state, change = {}) => {
      server.facade.show("gate-1", { state, ...change });
      await page.waitForSelector(`html[data-state=${state}]`);
    },
    tidy: async () => {
      await Promise.all(pages.splice(0).map((page) => page.close()));
      server.facade.show("gate-1", { state: "idle", environment: "live", simulated: false, degraded: false });
    },
    [Symbol.asyncDispose]: async () => {
      await browser[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
