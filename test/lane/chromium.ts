import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

export interface RunningBrowser extends AsyncDisposable {
  readonly context: BrowserContext;
  /** A fresh page of the given size. */
  open(size?: { readonly width: number; readonly height: number }): Promise<Page>;
}

/** Debian's Chromium with a profile of its own, which is removed at the end of the block. */
export async function runBrowser(moreArgs: readonly string[] = []): Promise<RunningBrowser> {
  const profile = await mkdtemp(join(tmpdir(), "pass-agent-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...moreArgs,
    ],
  });
  return {
    context,
    open: async (size = { width: 1280, height: 800 }) => {
      const page = await context.newPage();
      await page.setViewportSize(size);
      return page;
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
