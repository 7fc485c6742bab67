import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import { type Conditions, openConditions } from "../../agent/conditions.ts";
import { type Disk, openDisk, type Room } from "../../agent/disk.ts";
import { createLog } from "../../agent/log.ts";
import { isAside, openStore, type Store, StoreFault } from "../../agent/store/index.ts";
import { openUpkeep, type Upkeep } from "../../agent/upkeep.ts";
import { temporaryFolder, writerOptions } from "./harness.ts";

const mebibyte = 1024 * 1024;
const plenty: Room = { freeBytes: 10_000 * mebibyte, usedPercent: 10 };

interface Bench {
  readonly upkeep: Upkeep;
  readonly disk: Disk;
  readonly conditions: Conditions;
}

/** The real folder; how full its disk is, is said. */
function openBench(folder: string, room: () => Room): Bench {
  const disk: Disk = { ...openDisk(writerOptions(folder).file, isAside), room };
  const conditions = openConditions(
    () => "2026-11-21T19:30:00.000Z",
    () => {},
  );
  const log = createLog(() => {}, { journal: false, debug: false });
  return { disk, conditions, upkeep: openUpkeep({ stateDir: folder, disk, conditions, clock: systemClock(), log }) };
}

/** A store that lost nothing, in a folder of its own: what lies in the looked-at folder is the test's. */
let elsewhere: ReturnType<typeof temporaryFolder>;
let sound: Store;
beforeAll(async () => {
  elsewhere = temporaryFolder();
  sound = await openStore(writerOptions(elsewhere.path));
});
afterAll(async () => {
  await sound.close();
  elsewhere[Symbol.dispose]();
});

test.each<readonly [string, Room, string | null]>([
  ["with room", { ...plenty, usedPercent: 49 }, null],
  ["half full", { ...plenty, usedPercent: 50 }, "info"],
  ["four fifths full", { ...plenty, usedPercent: 80 }, "warning"],
  ["all but full", { ...plenty, usedPercent: 95 }, "error"],
  ["large, and with less than 64 MiB left", { freeBytes: 63 * mebibyte, usedPercent: 10 }, "error"],
])("a disk %s is told as such, with what to do", async (_, room, severity) => {
  using folder = temporaryFolder();
  let now = room;
  const { upkeep, conditions } = openBench(folder.path, () => now);
  await upkeep.back(sound);
  const low = conditions.list().find(({ code }) => code === "disk_low");
  expect(low?.severity ?? null).toBe(severity);
  if (low !== undefined) expect(low.remedy).not.toBe("");
  now = plenty;
  await upkeep.back(sound);
  expect(conditions.has("disk_low")).toBe(false);
});

test("a log of the database that only grows is told, until it is short again", async () => {
  using folder = temporaryFolder();
  const { upkeep, conditions } = openBench(folder.path, () => plenty);
  const log = `${writerOptions(folder.path).file}-wal`;
  writeFileSync(log, "");
  for (const [bytes, told] of [
    [8 * mebibyte, false],
    [8 * mebibyte + 1, true],
    [0, false],
  ] as const) {
    truncateSync(log, bytes);
    await upkeep.back(sound);
    expect(conditions.has("store_log_long")).toBe(told);
  }
});

test("a reserve is kept while there is room beside it, and given up for a full disk", async () => {
  using folder = temporaryFolder();
  let room: Room = { ...plenty, freeBytes: 60 * mebibyte };
  const { upkeep, disk } = openBench(folder.path, () => room);
  await upkeep.back(sound);
  upkeep.lost(new StoreFault("disk_full", "no room"));
  expect(existsSync(join(folder.path, "reserve"))).toBe(false);
  room = plenty;
  // The room that counts for the reserve is the disk's own.
  disk.makeReserve();
  expect(disk.hasReserve()).toBe(true);
  upkeep.lost(new StoreFault("storage_failed", "a write failed"));
  expect(disk.hasReserve()).toBe(true);
  upkeep.lost(new StoreFault("disk_full", "no room"));
  expect(disk.hasReserve()).toBe(false);
});

test("a lost memory of used passes is an error that names the file, until an operator accepts the loss", async () => {
  using folder = temporaryFolder();
  const { upkeep, conditions } = openBench(folder.path, () => plenty);
  writeFileSync(writerOptions(folder.path).file, "no database".repeat(500));
  const store = await openStore(writerOptions(folder.path));
  await upkeep.back(store);
  const lost = conditions.list().find(({ code }) => code === "redemptions_lost");
  expect(lost).toMatchObject({ severity: "error" });
  expect(lost?.detail).toContain("agent.sqlite.damaged-");
  expect(lost?.remedy).toContain("pass-agent store accept-loss");
  expect(conditions.has("store_set_aside")).toBe(true);
  await store.ask("acceptLoss", { at: "2026-11-21T20:00:00.000Z" });
  await upkeep.back(store);
  expect(conditions.has("redemptions_lost")).toBe(false);
  // The file is still there, and says so.
  expect(conditions.has("store_set_aside")).toBe(true);
  await store.close();
});
