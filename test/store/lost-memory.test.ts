import { readFileSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore, type Store } from "../../agent/store/index.ts";
import { draft, must, valid } from "../agent/samples.ts";
import { edit, fill, issuedLater, reason, withStore } from "./damaged-store.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";

describe("a page of the redemption memory that cannot be read", () => {
  /** Uses passes 0, 10, 20 …, then spoils one page in the middle of that table. */
  async function spoil(folder: string): Promise<readonly number[]> {
    const store = await openStore(writerOptions(folder));
    // A small file is looked through at every start, so this one is made large.
    const put = new Map([["padding", Buffer.alloc(5 * 1024 * 1024)]]);
    await store.ask("saveTrust", { put, drop: [], timeMemory: "{}" });
    await Promise.all(Array.from({ length: 400 }, (_, i) => store.ask("present", presented(`scan_${i}`, i * 10, 1))));
    await store.close();
    const { file } = writerOptions(folder);
    const database = new Database(file);
    const leaves = database
      .prepare<[], number>("SELECT pageno FROM dbstat WHERE name = 'uses' AND pagetype = 'leaf' ORDER BY path")
      .pluck()
      .all();
    database.close();
    expect(leaves.length).toBeGreaterThan(5);
    const bytes = readFileSync(file);
    const page = must(leaves[Math.floor(leaves.length / 2)] ?? null);
    bytes.fill(0, (page - 1) * 4096, page * 4096);
    writeFileSync(file, bytes);
    return leaves;
  }

  /** Its leaves change places in pairs as well, so that its rows are in no order. */
  function mixUp(folder: string, leaves: readonly number[]): void {
    const { file } = writerOptions(folder);
    const bytes = readFileSync(file);
    const page = (number: number): Buffer => Buffer.from(bytes.subarray((number - 1) * 4096, number * 4096));
    for (const [at, one] of leaves.slice(0, leaves.length / 2 - 1).entries()) {
      const other = must(leaves[leaves.length - 1 - at] ?? null);
      const [first, second] = [page(one), page(other)];
      second.copy(bytes, (one - 1) * 4096);
      first.copy(bytes, (other - 1) * 4096);
    }
    writeFileSync(file, bytes);
  }

  test("ends the reading also where the rows beside it are in no order: then nobody knows what is missing", async () => {
    using folder = temporaryFolder();
    mixUp(folder.path, await spoil(folder.path));
    const suspicion = { kind: "condemned", reason: "test" } as const;
    await withStore({ ...writerOptions(folder.path), suspicion }, async (store) => {
      expect(must(store.report.incident).redemptions.gaps).toBeNull();
      expect((await outcomes(store, "again"))["ok"]).toBeUndefined();
    });
  });

  async function outcomes(store: Store, prefix: string): Promise<Record<string, number>> {
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => store.ask("present", presented(`${prefix}_${i}`, i * 10, 1))),
    );
    const counts: Record<string, number> = {};
    for (const answer of answers) counts[reason(answer)] = (counts[reason(answer)] ?? 0) + 1;
    return counts;
  }

  test("stops the store when somebody stumbles on it; then only passes on that page are in doubt", async () => {
    using folder = temporaryFolder();
    await spoil(folder.path);
    const first = await openStore(writerOptions(folder.path));
    await expect(outcomes(first, "first")).rejects.toMatchObject({ code: "store_corrupt" });
    const fault = must(await first.ended);
    const suspicion = { kind: "condemned", reason: fault.message } as const;
    await withStore({ ...writerOptions(folder.path), suspicion }, async (store) => {
      const { gaps, kept } = must(store.report.incident).redemptions;
      expect(gaps).toHaveLength(1);
      expect(kept).toBeGreaterThan(300);
      const counts = await outcomes(store, "second");
      expect(counts).toEqual({ already_redeemed: kept, unrecorded: 400 - kept });
      const edge = Number(gaps?.[0]?.after?.[3]);
      expect(reason(await store.ask("present", presented("new_far", 5, 1)))).toBe("ok");
      expect(reason(await store.ask("present", presented("new_near", edge + 5, 1)))).toBe("unrecorded");
      const finding = valid({ index: edge + 6, ...issuedLater });
      const later = { draft: draft("new_later"), finding, kind: "event_ticket", trustGeneration: 1 } as const;
      expect(reason(await store.ask("present", later))).toBe("ok");

      expect(await store.ask("acceptLoss", { at: "2026-11-21T20:00:00.000Z" })).toHaveLength(1);
      expect(await outcomes(store, "third")).toEqual({ already_redeemed: kept, ok: 400 - kept });
      expect(await store.ask("acceptLoss", { at: "2026-11-21T21:00:00.000Z" })).toEqual([]);
    });
    await withStore(writerOptions(folder.path), async (store) => {
      expect(await store.ask("incidents", null)).toMatchObject([{ acceptedAt: "2026-11-21T20:00:00.000Z" }]);
    });
  });

  test("a site may choose to accept such passes; the record says that nobody knows", async () => {
    using folder = temporaryFolder();
    await spoil(folder.path);
    const suspicion = { kind: "condemned", reason: "test" } as const;
    await withStore({ ...writerOptions(folder.path), suspicion, afterLoss: "accept" }, async (store) => {
      const { kept } = must(store.report.incident).redemptions;
      expect(await outcomes(store, "second")).toEqual({ already_redeemed: kept, ok: 400 - kept });
      const records = await store.ask("events", { limit: 400, afterSequence: 0, passId: null });
      const accepted = records.filter(({ decision }) => decision.outcome === "accepted");
      expect(new Set(accepted.map(({ use }) => use.certainty))).toEqual(new Set(["assumed"]));
    });
  });

  test("is found by reading all tables page by page, and by the close look", async () => {
    using folder = temporaryFolder();
    await spoil(folder.path);
    const store = await openStore(writerOptions(folder.path));
    const { wrong } = must(await store.ask("closeLook", { maxBytes: 1e9 }));
    expect(wrong).toMatch(/page/);
    expect(await store.ask("closeLook", { maxBytes: 1_000 })).toBeNull();
    let rows = 0;
    const scrub = async () => {
      let after = null;
      do {
        const page: Awaited<ReturnType<typeof store.ask<"scrub">>> = await store.ask("scrub", { after, limit: 50 });
        rows += page.rows;
        after = page.next;
      } while (after !== null);
    };
    await expect(scrub()).rejects.toMatchObject({ code: "store_corrupt" });
    expect(rows).toBeGreaterThan(100);
  });
});

test("a bit that flips inside a row of the redemption memory is noticed; only that pass and its neighbours are in doubt", async () => {
  using folder = temporaryFolder();
  await fill(folder.path, 40, 0);
  const { file } = writerOptions(folder.path);
  const bytes = readFileSync(file);
  // The row of pass 20 ends in its scan id and lane; as an index key it is found in no other table.
  const row = bytes.lastIndexOf("scan_20gate-1");
  expect(row).toBeGreaterThan(0);
  bytes.writeUInt8(bytes.readUInt8(row + 5) ^ 1, row + 5);
  writeFileSync(file, bytes);
  await withStore(writerOptions(folder.path), async (store) => {
    const { gaps, kept } = must(store.report.incident).redemptions;
    expect({ kept, indices: gaps?.map(({ after, before }) => [after?.[3], before?.[3]]) }).toEqual({
      kept: 39,
      indices: [[19, 21]],
    });
    expect(reason(await store.ask("present", presented("again", 20, 1)))).toBe("unrecorded");
    expect(reason(await store.ask("present", presented("next", 21, 1)))).toBe("already_redeemed");
    expect(reason(await store.ask("present", presented("far", 300, 1)))).toBe("ok");
  });
});

test("a list of incidents that is itself damaged counts as a loss that nobody accepted", async () => {
  using folder = temporaryFolder();
  await fill(folder.path, 3, 0);
  const suspicion = { kind: "condemned", reason: "test" } as const;
  await withStore({ ...writerOptions(folder.path), suspicion }, async () => {});
  edit(folder.path, (database) => database.exec("UPDATE meta SET value = value || ' ' WHERE name = 'incidents'"));
  await withStore(writerOptions(folder.path), async (store) => {
    expect((await store.ask("incidents", null)).map(({ redemptions }) => redemptions.gaps)).toEqual([null, []]);
    expect(reason(await store.ask("present", presented("other", 300, 1)))).toBe("unrecorded");
  });
});

test("a redemption memory that somebody redefined is not believed: every pass issued before is in doubt", async () => {
  using folder = temporaryFolder();
  await fill(folder.path, 5, 0);
  edit(folder.path, (database) => database.exec("ALTER TABLE uses ADD COLUMN g TEXT AS (upper(scan))"));
  await withStore(writerOptions(folder.path), async (store) => {
    expect(must(store.report.incident).redemptions).toEqual({ kept: 0, gaps: null });
    expect(reason(await store.ask("present", presented("again", 3, 1)))).toBe("unrecorded");
    expect(reason(await store.ask("present", presented("other", 300, 1)))).toBe("unrecorded");
  });
});
