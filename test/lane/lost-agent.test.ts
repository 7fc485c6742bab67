import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningBrowser, runBrowser } from "./chromium.ts";

const script = fileURLToPath(new URL("./server-child.ts", import.meta.url));
const green = "html[data-state=accepted]";
const grey = "html[data-state=offline]";

let browser: RunningBrowser;
let folder: string;
const children: ChildProcessWithoutNullStreams[] = [];

beforeAll(async () => {
  browser = await runBrowser();
  folder = await mkdtemp(join(tmpdir(), "pass-agent-lost-"));
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await browser[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function startServer(
  port: number,
): Promise<{ readonly child: ChildProcessWithoutNullStreams; readonly port: number }> {
  const child = spawn(process.execPath, [script, folder, String(port)]);
  children.push(child);
  const [line] = await once(child.stdout, "data");
  return { child, port: Number(String(line)) };
}

test("green is gone at once when the agent is killed, and comes back by itself with the agent", async () => {
  const { child, port } = await startServer(0);
  const page = await browser.open();
  await page.goto(`http://127.0.0.1:${port}/lane/gate-1`);
  await page.waitForSelector(green);
  child.kill("SIGKILL");
  await page.waitForSelector(grey, { timeout: 3_000 });
  expect(await page.locator("h1").textContent()).toBe("Not connected");
  // Long enough for several attempts: the wait between them must not grow past 2 s.
  await delay(3_000);
  const again = await startServer(port);
  await page.waitForSelector(green, { timeout: 2_500 });
  again.child.kill("SIGKILL");
  await page.close();
});

test("green is gone within 3 s when the agent hangs without a word, and comes back when it goes on", async () => {
  const { child, port } = await startServer(0);
  const page = await browser.open();
  await page.goto(`http://127.0.0.1:${port}/lane/gate-1`);
  await page.waitForSelector(green);
  await delay(1_500);
  expect(await page.locator(green).count()).toBe(1);
  child.kill("SIGSTOP");
  const start = performance.now();
  await page.waitForSelector(grey, { timeout: 3_000 });
  expect(performance.now() - start).toBeGreaterThan(1_000);
  child.kill("SIGCONT");
  await page.waitForSelector(green, { timeout: 5_000 });
  child.kill("SIGKILL");
  await page.close();
});

test("a silent lane keeps its state for as long as the agent beats", async () => {
  const { child, port } = await startServer(0);
  const page = await browser.open();
  await page.goto(`http://127.0.0.1:${port}/lane/gate-1`);
  await page.waitForSelector(green);
  await page.evaluate(() => {
    const seen: string[] = [];
    new MutationObserver(() => seen.push(document.documentElement.dataset["state"] ?? "")).observe(
      document.documentElement,
      { attributeFilter: ["data-state"] },
    );
    Object.assign(window, { seen });
  });
  await delay(4_000);
  expect(await page.evaluate("seen.length")).toBe(0);
  child.kill("SIGKILL");
  await page.close();
});
