import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ReaderDriver } from "../../drivers/reader.ts";
import { serialReader } from "../../drivers/serial/index.ts";
import { deviceAppears } from "../../drivers/serial/presence.ts";
import { startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { recordingSink, said, settings, until } from "./plugged-reader.ts";
import { supervise } from "./supervised.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "presence-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

const never = new AbortController().signal;

/** How long `waiting` takes while `meanwhile` happens after 50 ms. */
async function msUntil(waiting: Promise<void>, meanwhile: () => Promise<unknown> = async () => undefined) {
  const from = performance.now();
  await sleep(50);
  await meanwhile();
  await waiting;
  return performance.now() - from;
}

describe("waiting for an absent device", () => {
  test("ends when its link appears", async () => {
    const link = join(folder, "scanner");
    const ms = await msUntil(deviceAppears(link, 5_000, never), () => symlink("/dev/null", link));
    expect(ms).toBeLessThan(1_000);
  });

  test("ends when the first missing folder on the way appears: udev removes by-id with its last link", async () => {
    const link = join(folder, "serial", "by-id", "scanner");
    const waiting = deviceAppears(link, 5_000, never);
    expect(await msUntil(waiting, () => mkdir(dirname(link), { recursive: true }))).toBeLessThan(1_000);
  });

  test("ends at once for one that is there", async () => {
    await symlink("/dev/null", join(folder, "scanner"));
    expect(await msUntil(deviceAppears(join(folder, "scanner"), 5_000, never))).toBeLessThan(1_000);
  });

  test("goes on while other names come, and ends at its time", async () => {
    const ms = await msUntil(deviceAppears(join(folder, "scanner"), 400, never), () =>
      writeFile(join(folder, "x"), ""),
    );
    expect(ms).toBeGreaterThan(390);
  });

  test("ends when nobody waits any more", async () => {
    const abort = new AbortController();
    const waiting = deviceAppears(join(folder, "scanner"), 5_000, abort.signal);
    expect(await msUntil(waiting, async () => abort.abort())).toBeLessThan(1_000);
    await deviceAppears(join(folder, "scanner"), 5_000, abort.signal);
  });

  test("leaves nothing open", async () => {
    const count = () => readdirSync("/proc/self/fd").length;
    await deviceAppears(join(folder, "scanner"), 1, never);
    const before = count();
    for (let times = 0; times < 20; times += 1) await deviceAppears(join(folder, "scanner"), 1, never);
    expect(count()).toBe(before);
  });
});

describe("a supervised scanner", () => {
  test("is looked for at most every 2 s while it is away, and read from as soon as it is back", async () => {
    const scanner = await startVirtualScanner();
    const sink = recordingSink();
    await using watched = supervise(serialReader({ ...settings, path: scanner.path }), scanner.path, sink);
    await until(() => watched.reader.view().state === "ready");
    await scanner.unplug();
    await until(() => watched.reader.fault() === "reader_absent");
    const before = watched.runs();
    await sleep(1_500);
    expect(watched.runs() - before).toBeLessThanOrEqual(1);
    const from = performance.now();
    await scanner.replug();
    await until(() => watched.reader.view().state === "ready");
    expect(performance.now() - from).toBeLessThan(1_000);
    await scanner.scan("P1:BACK");
    await until(() => sink.presentations.length === 1);
    expect(said(sink.presentations)).toEqual(["P1:BACK"]);
    await scanner.close();
  });

  test("whose node is there and gives no scanner is not tried without end", async () => {
    const scanner = await startVirtualScanner();
    const device = await readlink(scanner.path);
    await scanner.close();
    // The driver says that the node is there, and it never opens.
    const driver = serialReader({ ...settings, path: device });
    const stuck: ReaderDriver = { ...driver, appears: async () => undefined };
    await using watched = supervise(stuck, device, recordingSink());
    await until(() => watched.reader.fault() !== null);
    const before = watched.runs();
    await sleep(1_500);
    expect(watched.runs() - before).toBeLessThanOrEqual(5);
  });
});
