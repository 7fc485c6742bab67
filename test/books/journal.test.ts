import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScanRecord } from "../../agent/record.ts";
import { type NextDelivery, openStore, type Store } from "../../agent/store/index.ts";
import { migrate, schemaVersion } from "../../agent/store/migrate.ts";
import { migrations } from "../../agent/store/schema.ts";
import { draft } from "../agent/samples.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";
import { teachRecordText, textOfRow } from "../store/record-text.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 2, 27);
const at = (ms: number): string => new Date(ms).toISOString();

async function add(store: Store, id: string, scannedAt: string): Promise<ScanRecord> {
  const answer = await store.ask("present", { ...presented(id, 1), draft: draft(id, { scanned_at: scannedAt }) });
  if (answer.outcome !== "recorded") throw new Error("expected a record");
  return answer.record;
}

/** Everything of a time, page by page. */
async function read(store: Store, from: string, to: string, limit: number): Promise<readonly ScanRecord[]> {
  const found: ScanRecord[] = [];
  for (let after: number | null = 0, pages = 0; after !== null; pages++) {
    if (pages > 1_000) throw new Error("the pages do not end");
    const page: Awaited<ReturnType<typeof store.ask<"page">>> = await store.ask("page", { after, limit, from, to });
    found.push(...page.rows.map(({ text }): ScanRecord => JSON.parse(text)));
    after = page.next;
  }
  return found;
}

describe("records of a time", () => {
  test("are all of it and nothing else, in the order of the journal, whatever the clock did and however long the pages are", async () => {
    using folder = temporaryFolder();
    const store = await openStore(writerOptions(folder.path));
    const records: ScanRecord[] = [];
    // A clock that runs, is set back a day, forward three, and back again.
    const times = [0, 5, 20, 23.99, 24, 30, 47, 23, 24, 25, 96, 97, 120, 26, 27, 50, 73, 74, 98].map(
      (h) => start + h * hour,
    );
    for (const [index, ms] of times.entries()) records.push(await add(store, `scan_${index}`, at(ms)));
    const any = fc.integer({ min: -30, max: 150 }).map((h) => at(start + h * hour));
    await fc.assert(
      fc.asyncProperty(any, any, fc.integer({ min: 1, max: 7 }), async (from, to, limit) => {
        const expected = records.filter(({ scanned_at }) => scanned_at >= from && scanned_at < to);
        expect(await read(store, from, to, limit)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
    expect(await read(store, "", "~", 4)).toEqual(records);
    await store.close();
  });

  test("a database from before knows its days after the migration, as if it had noted them all along", async () => {
    using folder = temporaryFolder();
    const options = writerOptions(folder.path);
    const store = await openStore(options);
    for (const [index, h] of [0, 30, 31, 10, 60].entries()) await add(store, `scan_${index}`, at(start + h * hour));
    await store.close();
    const noted = new Database(options.file, { readonly: true });
    const days = noted.prepare("SELECT sequence, day FROM journal_days").all();
    teachRecordText(noted);
    const rows = noted.prepare(`SELECT sequence, id, pass_id, ${textOfRow} AS record, hash FROM scans`).all();
    noted.close();
    expect(days).toHaveLength(4);

    const old = new Database(":memory:");
    const before = migrations.findIndex((step) => step.includes("journal_days"));
    for (const step of migrations.slice(0, before)) old.exec(step);
    const insert = old.prepare(
      "INSERT INTO scans (sequence, id, pass_id, record, hash) VALUES (@sequence, @id, @pass_id, @record, @hash)",
    );
    for (const row of rows) insert.run(row);
    migrate(old, before, schemaVersion);
    expect(old.prepare("SELECT sequence, day FROM journal_days").all()).toEqual(days);
    old.close();
  });
});

describe("the queue of a receiver", () => {
  const id = "hook_0123456789ab";
  const events = ["accepted", "rejected", "corrected"] as const;
  const longestMs = 1_000_000;
  let nowMs = 0;
  let folder: ReturnType<typeof temporaryFolder>;
  let store: Store;
  let sequence = 0;

  beforeAll(async () => {
    folder = temporaryFolder();
    store = await openStore(writerOptions(folder.path));
    for (let i = 0; i < 3; i++) await another();
    await store.ask("registerWebhooks", { ids: [id] });
  });
  afterAll(async () => {
    await store.close();
    folder[Symbol.dispose]();
  });
  const another = async (): Promise<void> => {
    sequence = (await add(store, `scan_q${sequence}`, at(start + sequence))).sequence;
  };
  const next = (take: "all" | "due" | "oldest" = "all"): Promise<NextDelivery> =>
    store.ask("nextDelivery", { id, events, take, nowMs, longestMs });
  const again = (of: number, attempts: number, waitMs: number) =>
    store.ask("noteDelivery", {
      id,
      nowMs,
      note: { sequence: of, outcome: "again", attempts, waitMs, problem: "status 500" },
    });
  const done = (of: number) => store.ask("noteDelivery", { id, nowMs, note: { sequence: of, outcome: "delivered" } });

  test("begins after what was there before the receiver, and registering again changes nothing", async () => {
    expect(await next()).toEqual({ kind: "nothing", dueMs: null });
    await another();
    await store.ask("registerWebhooks", { ids: [id] });
    expect(await next()).toMatchObject({ kind: "delivery", sequence: 4, attempts: 0 });
    expect(await next(), "asked again it is the same one").toMatchObject({ sequence: 4 });
    await done(4);
  });

  test("gives what is due again before what is new, and what is not due only on the question for the oldest", async () => {
    await another();
    await another();
    await again(5, 1, 500);
    expect(await next()).toMatchObject({ sequence: 6 });
    expect(await next("due")).toEqual({ kind: "nothing", dueMs: nowMs + 500 });
    expect(await next("oldest")).toMatchObject({ sequence: 5, attempts: 1 });
    nowMs += 500;
    expect(await next()).toMatchObject({ sequence: 5, attempts: 1 });
    await done(5);
    expect(await next()).toMatchObject({ sequence: 6 });
    await done(6);
  });

  test("a clock that was set back does not put a delivery off for years", async () => {
    await another();
    nowMs = 1_000_000_000;
    await again(7, 1, 500);
    nowMs = 0;
    expect(await next()).toMatchObject({ sequence: 7 });
    await done(7);
  });

  test("a refused delivery waits for the operator, is counted for its day, and is due at once when asked for", async () => {
    await another();
    await store.ask("noteDelivery", {
      id,
      nowMs,
      note: { sequence: 8, outcome: "failed", attempts: 1, problem: "status 410" },
    });
    expect(await next()).toEqual({ kind: "nothing", dueMs: null });
    const counted = async (from: string, to: string) =>
      (await store.ask("webhooks", { ids: [id], within: { from, to } }))[0];
    expect(await counted(at(start), at(start + hour))).toMatchObject({ failed: 1, waiting: 0, problem: "status 410" });
    expect(await counted(at(start - hour), at(start))).toMatchObject({ failed: 0 });
    expect(await store.ask("retryWebhooks", { ids: [id] })).toBe(1);
    expect(await next()).toMatchObject({ sequence: 8, attempts: 0 });
    await done(8);
  });

  test("passes over what the receiver does not want, however much that is", async () => {
    const rejected = { id: "hook_of_rejections", events: ["rejected"], take: "all", nowMs, longestMs } as const;
    await store.ask("registerWebhooks", { ids: [rejected.id] });
    // Sixteen hundred accepted ones, more than one call passes over.
    await Promise.all(
      Array.from({ length: 1_600 }, (_, i) =>
        store.ask("present", { ...presented(`scan_many_${i}`, 100 + i), draft: draft(`scan_many_${i}`) }),
      ),
    );
    expect(await store.ask("nextDelivery", rejected)).toEqual({ kind: "nothing", dueMs: 0 });
    expect(await store.ask("nextDelivery", rejected)).toEqual({ kind: "nothing", dueMs: 0 });
    expect(await store.ask("nextDelivery", rejected)).toEqual({ kind: "nothing", dueMs: null });
    const [state] = await store.ask("webhooks", { ids: [rejected.id], within: null });
    expect(state).toMatchObject({ waiting: 0, skipped: 0 });
  });

  test("with a thousand to be tried again takes up no new ones", async () => {
    const many = { id: "hook_of_a_thousand", events, take: "all", nowMs, longestMs } as const;
    const ids = [many.id];
    for (let i = 5; i < 1_005; i++) {
      const note = { sequence: i, outcome: "again", attempts: 1, waitMs: 900, problem: "timeout" } as const;
      void store.ask("noteDelivery", { id: many.id, nowMs, note });
    }
    expect(await store.ask("webhooks", { ids, within: null })).toMatchObject([{ retrying: 1_000, cursor: 1_004 }]);
    expect(await store.ask("nextDelivery", many)).toEqual({ kind: "nothing", dueMs: nowMs + 900 });
    await store.ask("noteDelivery", { id: many.id, nowMs, note: { sequence: 5, outcome: "delivered" } });
    expect(await store.ask("nextDelivery", many)).toMatchObject({ kind: "delivery", sequence: 1_005 });
  });

  test("with ten thousand refused ones waits for the operator", async () => {
    const gone = { id: "hook_that_is_gone", events, take: "all", nowMs, longestMs } as const;
    // Numbers below those of the journal, so that there is always something new behind them.
    const refuse = (number: number) => {
      const note = { sequence: -number, outcome: "failed", attempts: 1, problem: "status 410" } as const;
      return store.ask("noteDelivery", { id: gone.id, nowMs, note });
    };
    await Promise.all(Array.from({ length: 9_999 }, (_, index) => refuse(index + 1)));
    expect(await store.ask("nextDelivery", gone)).toMatchObject({ kind: "delivery", sequence: 1 });
    await refuse(10_000);
    expect(await store.ask("nextDelivery", gone)).toEqual({ kind: "nothing", dueMs: null });
  });

  test("counts what was pruned before it was delivered", async () => {
    const ids = ["hook_of_the_pruned"];
    await store.close();
    const file = new Database(writerOptions(folder.path).file);
    file.exec("INSERT INTO webhooks (id, cursor) VALUES ('hook_of_the_pruned', 2)");
    file.exec("DELETE FROM outbox WHERE sequence < 11; DELETE FROM scans WHERE sequence < 11");
    file.close();
    store = await openStore(writerOptions(folder.path));
    const first = await store.ask("nextDelivery", { id: ids[0] ?? "", events, take: "all", nowMs, longestMs });
    expect(first).toMatchObject({ kind: "delivery", sequence: 11 });
    expect(await store.ask("webhooks", { ids, within: null })).toMatchObject([{ skipped: 8, cursor: 10 }]);
  });
});
