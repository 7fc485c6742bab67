import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import type { CodeMemory } from "../../agent/code-rule.ts";
import type { Finding } from "../../agent/decide.ts";
import { openCodes } from "../../agent/store/codes.ts";
import { openStore, type Presented, type Store } from "../../agent/store/index.ts";
import { migrate } from "../../agent/store/migrate.ts";
import { salvage } from "../../agent/store/salvage.ts";
import { scrubAll } from "../../agent/store/scrub.ts";
import { claims, draft } from "../agent/samples.ts";
import { temporaryFolder, writerOptions } from "../store/harness.ts";
import { rightCode, startMs, stepAt, wrongCode } from "./samples.ts";

const step = stepAt(startMs);
const member = { kind: "membership", singleUse: false } as const;

function shown(id: string, finding: Finding, afterMs: number, lane = "gate-1"): Presented {
  const scannedAt = new Date(startMs + afterMs).toISOString();
  return { draft: draft(id, { scanned_at: scannedAt, lane }), finding, kind: "membership", trustGeneration: 0 };
}

async function come(store: Store, asked: Presented) {
  const answer = await store.ask("present", asked);
  if (answer.outcome !== "recorded" && answer.outcome !== "repeated")
    throw new Error(`nothing asks or changes here: ${answer.outcome}`);
  const { decision, verification, use } = answer.record;
  return {
    outcome: answer.outcome,
    id: answer.record.id,
    decision: `${decision.outcome} ${decision.reason}`,
    verification,
    use,
  };
}

describe("at the gate", () => {
  test("a code is good once: again at the same lane within two seconds it has the same answer, and no second use", async () => {
    using folder = temporaryFolder();
    const store = await openStore(writerOptions(folder.path));
    expect(await come(store, shown("scan_1", rightCode(step, member), 0))).toMatchObject({ decision: "accepted ok" });
    expect(await come(store, shown("scan_2", rightCode(step, member), 1_500))).toMatchObject({
      outcome: "repeated",
      id: "scan_1",
      decision: "accepted ok",
    });
    expect(await come(store, shown("scan_3", rightCode(step, member), 1_600, "gate-2"))).toMatchObject({
      id: "scan_3",
      decision: "rejected rotation_replayed",
      verification: { result: "invalid", reason: "rotation_replayed" },
    });
    expect(await store.ask("events", { limit: 10, afterSequence: null, passId: null })).toHaveLength(2);
    await store.close();
  });

  test("a refused pass does not use its code up", async () => {
    using folder = temporaryFolder();
    const store = await openStore(writerOptions(folder.path));
    await come(store, shown("scan_1", rightCode(step, { singleUse: true }), 0));
    const again = rightCode(step + 1, { singleUse: true });
    expect((await come(store, shown("scan_2", again, 30_000))).decision).toBe("rejected already_redeemed");
    expect((await come(store, shown("scan_3", again, 40_000))).decision).toBe("rejected already_redeemed");
    await store.close();
  });

  test("after ten wrong values the pass is locked, over a restart, and the record says until when", async () => {
    using folder = temporaryFolder();
    let store = await openStore(writerOptions(folder.path));
    for (let at = 0; at < 10; at++) await come(store, shown(`scan_wrong_${at}`, wrongCode(member), at));
    await store.close();
    store = await openStore(writerOptions(folder.path));
    const locked = await come(store, shown("scan_right", rightCode(step, member), 60_000));
    expect(locked).toMatchObject({
      decision: "rejected bad_signature",
      verification: { result: "invalid", reason: "bad_signature" },
      use: { next_at: new Date(startMs + 9 + 600_000).toISOString() },
    });
    // Another pass is not.
    expect((await come(store, shown("scan_other", rightCode(step, { ...member, index: 8 }), 60_000))).decision).toBe(
      "accepted ok",
    );
    const later = stepAt(startMs + 600_010);
    expect((await come(store, shown("scan_later", rightCode(later, member), 600_010))).decision).toBe("accepted ok");
    await store.close();
  });

  test("what was shown as unrecorded is not answered as accepted when the code is read again", async () => {
    using folder = temporaryFolder();
    const store = await openStore(writerOptions(folder.path));
    const first = shown("scan_1", rightCode(step, member), 0);
    await come(store, first);
    await store.ask("settle", [{ draft: first.draft, correctionId: "scan_2", pass: claims() }]);
    expect(await come(store, shown("scan_3", rightCode(step, member), 1_000))).toMatchObject({
      outcome: "recorded",
      decision: "rejected rotation_replayed",
    });
    await store.close();
  });
});

describe("the table of codes", () => {
  const memory = (atMs: number): CodeMemory => ({
    last: { stepS: Math.floor(atMs / 1000), atMs, lane: "gate-1", scan: "scan_1" },
    wrong: null,
  });
  const openDatabase = (file: string) => {
    const database = new Database(file);
    migrate(database, 0);
    return database;
  };
  const rowsIn = (database: Database.Database) => database.prepare("SELECT count(*) FROM codes").pluck().get();

  test("holds a bounded number of passes, and lets go of those touched longest ago", () => {
    const database = openDatabase(":memory:");
    const codes = openCodes(database, 3);
    for (const index of [1, 2, 3, 1, 4]) codes.keep(claims({ index }), memory(startMs), startMs);
    expect(database.prepare("SELECT idx FROM codes ORDER BY turn").pluck().all()).toEqual([3, 1, 4]);
    database.close();
  });

  test("lets go of what nobody touched for a day, a few at a time", () => {
    const database = openDatabase(":memory:");
    const codes = openCodes(database);
    for (let index = 0; index < 20; index++) codes.keep(claims({ index }), memory(startMs), startMs);
    const nextDay = startMs + 86_400_001;
    codes.keep(claims({ index: 99 }), memory(nextDay), nextDay);
    expect(rowsIn(database)).toBe(13);
    for (let at = 0; at < 3; at++) codes.keep(claims({ index: 99 }), memory(nextDay), nextDay);
    expect(rowsIn(database)).toBe(1);
    database.close();
  });

  test("is carried over when the database is damaged, and a row that changed by itself is noticed and left behind", () => {
    using folder = temporaryFolder();
    const file = `${folder.path}/damaged.sqlite`;
    const damaged = openDatabase(file);
    const codes = openCodes(damaged);
    for (const index of [1, 2]) codes.keep(claims({ index }), memory(startMs), startMs);
    scrubAll(damaged);
    damaged.exec("UPDATE codes SET step_s = step_s + 1048576 WHERE idx = 2");
    expect(() => scrubAll(damaged)).toThrow("codes");
    damaged.close();
    const fresh = new Database(":memory:");
    expect(salvage(file, fresh).redemptions).toEqual({ kept: 0, gaps: [] });
    expect(openCodes(fresh).recall(claims({ index: 1 }))).toEqual(memory(startMs));
    expect(openCodes(fresh).recall(claims({ index: 2 })).last).toBeNull();
    fresh.close();
  });
});
