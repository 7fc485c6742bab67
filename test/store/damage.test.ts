import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore, type PresentedAnswer, type Store, type WriterOptions } from "../../agent/store/index.ts";
import { type RecordRow, recordColumns, soundText } from "../../agent/store/record-row.ts";
import { at, draft, must, valid } from "../agent/samples.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";
import { diskCalls, killAtCall } from "./kill-at-call.ts";

const presentLoop = fileURLToPath(new URL("./present-loop.ts", import.meta.url));
const openOnce = fileURLToPath(new URL("./open-once.ts", import.meta.url));
const asideName = "agent.sqlite.damaged-20261121T193000Z";

function reason(answer: PresentedAnswer): string {
  return answer.outcome === "recorded" ? answer.record.decision.reason : answer.outcome;
}

/** Passes 0 to count - 1 are used; the cloud has the first `acknowledged` records, and refused the one after them. */
async function fill(folder: string, count: number, acknowledged: number): Promise<void> {
  const store = await openStore(writerOptions(folder));
  await store.ask("saveTrust", { put: new Map([["head.jws", Buffer.from("signed")]]), drop: [], timeMemory: "{}" });
  for (let i = 0; i < acknowledged + 1; i++) await store.ask("present", presented(`scan_${i}`, i, 1));
  await acknowledge(store, acknowledged);
  for (let i = acknowledged + 1; i < count; i++) await store.ask("present", presented(`scan_${i}`, i, 1));
  await store.close();
}

async function acknowledge(store: Store, count: number): Promise<void> {
  const { records } = must(await store.ask("waiting", { limit: 1_000 }));
  const ids = records.map(({ id }) => id);
  await store.ask("saveBatches", { batches: [{ key: "key-1", body: Buffer.from("{}"), ids }], instead: null });
  const error = { type: "validation_failed", code: "hash_mismatch", message: "not the hash" };
  const items = ids.map((id, i) =>
    i < count ? ({ id, status: "created" } as const) : ({ id, status: "rejected", error } as const),
  );
  await store.ask("answerBatch", { key: "key-1", items, receipt: null });
}

/** A store whose program was killed: its newest commits are in the log only. */
async function killed(folder: string, count: number): Promise<void> {
  const child = spawn(process.execPath, [presentLoop, folder, "k", "100000", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = Promise.withResolvers<void>();
  child.once("close", () => closed.resolve());
  let output = "";
  for await (const part of must(child.stdout)) {
    output += String(part);
    if (output.split("\n").length > count + 1) break;
  }
  child.kill("SIGKILL");
  await closed.promise;
}

function edit(folder: string, change: (database: Database.Database) => void): void {
  const database = new Database(writerOptions(folder).file);
  database.pragma("foreign_keys = OFF");
  change(database);
  database.close();
}

/** SHA-256 of each file but what SQLite rebuilds. */
function digests(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith("-shm"));
  return new Map(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

const issuedLater = { issuedAt: at(1_900_000_000), expiresAt: at(2_000_000_000) };

async function withStore(options: WriterOptions, use: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(options);
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

describe("a database that is not as it was left", () => {
  const changes: readonly (readonly [string, (database: Database.Database) => void])[] = [
    ["a trigger", (db) => db.exec("CREATE TRIGGER t AFTER INSERT ON scans BEGIN DELETE FROM uses; END")],
    ["a view", (db) => db.exec("CREATE VIEW v AS SELECT * FROM scans")],
    ["an index", (db) => db.exec("CREATE INDEX i ON scans (hash)")],
    ["a generated column", (db) => db.exec("ALTER TABLE checkpoints ADD COLUMN g TEXT AS (upper(jws))")],
    ["another version number", (db) => db.pragma("user_version = 77")],
    ["another program's name in the header", (db) => db.pragma("application_id = 1")],
    [
      "a record among the newest",
      (db) => db.exec("UPDATE scans SET record = replace(record, 'gate-1', 'gate-9') WHERE sequence = 19"),
    ],
    [
      "one more record",
      (db) => db.exec("INSERT INTO scans SELECT 21, 'scan_x', pass_id, record, hash FROM scans WHERE sequence = 20"),
    ],
    [
      "the newest record gone",
      (db) => db.exec("DELETE FROM outbox WHERE sequence = 20; DELETE FROM scans WHERE sequence = 20"),
    ],
  ];
  test.each(changes)("%s: it is set aside whole, and what it holds is saved", async (name, change) => {
    using folder = temporaryFolder();
    await fill(folder.path, 20, 5);
    edit(folder.path, change);
    const before = digests(folder.path);
    await withStore({ ...writerOptions(folder.path), incarnation: "01HZX00000000000000000FRES" }, async (store) => {
      const incident = must(store.report.incident);
      const isGone = name.includes("gone");
      expect(incident).toMatchObject({ file: asideName, forgotten: isGone ? 1 : 0, acceptedAt: null });
      expect(incident.redemptions).toEqual({ kept: 20, gaps: isGone ? null : [] });
      expect(digests(folder.path).get(asideName)).toBe(before.get("agent.sqlite"));
      for (const index of [0, 4, 5, 19]) {
        expect(reason(await store.ask("present", presented(`again_${index}`, index, 1)))).toBe("already_redeemed");
      }
      const [first] = await store.ask("events", { limit: 1, afterSequence: 0, passId: null });
      expect(first).toMatchObject({ sequence: 1, incarnation: "01HZX00000000000000000FRES" });
      expect([...(await store.ask("loadTrust", null)).documents.keys()]).toEqual(["head.jws"]);
    });
  });

  test("another program's database is refused and stays as it is", async () => {
    using folder = temporaryFolder();
    const { file } = writerOptions(folder.path);
    const other = new Database(file);
    other.pragma("application_id = 1234");
    other.exec("CREATE TABLE theirs (a)");
    other.close();
    const before = digests(folder.path).get("agent.sqlite");
    await expect(openStore(writerOptions(folder.path))).rejects.toMatchObject({ code: "store_foreign" });
    expect(digests(folder.path).get("agent.sqlite")).toBe(before);
  });

  test("a file that is no database is set aside, and the terminal begins anew", async () => {
    using folder = temporaryFolder();
    const letter = "this is not a database, it is a letter to the technician".repeat(100);
    writeFileSync(writerOptions(folder.path).file, letter);
    await withStore(writerOptions(folder.path), async (store) => {
      expect(must(store.report.incident)).toMatchObject({ file: asideName, redemptions: { kept: 0, gaps: null } });
    });
    expect(readFileSync(join(folder.path, asideName), "utf8")).toBe(letter);
  });

  test("two that are set aside in one second get two names, and both stay", async () => {
    using folder = temporaryFolder();
    for (let i = 0; i < 2; i++) {
      writeFileSync(writerOptions(folder.path).file, `letter ${i}`.repeat(100));
      await (await openStore(writerOptions(folder.path))).close();
    }
    const names = readdirSync(folder.path).filter((name) => name.includes("damaged"));
    expect(names.toSorted()).toEqual([asideName, `${asideName}-2`]);
  });

  test("a second agent does not touch a damaged file that the first one holds", async () => {
    using folder = temporaryFolder();
    await withStore(writerOptions(folder.path), async (store) => {
      const condemning = { ...writerOptions(folder.path), suspicion: { kind: "condemned", reason: "test" } } as const;
      await expect(openStore(condemning)).rejects.toMatchObject({ code: "store_locked" });
      expect(readdirSync(folder.path).filter((name) => name.includes("damaged"))).toEqual([]);
      expect(reason(await store.ask("present", presented("scan_1", 1)))).toBe("ok");
    });
  });
});

describe("newest commits that are gone", () => {
  const losses: readonly (readonly [string, (file: string) => void])[] = [
    ["its log was deleted", (file) => rmSync(`${file}-wal`)],
    ["its log was cut in the middle", (file) => truncateSync(`${file}-wal`, 4096 * 20)],
    ["the database was deleted", (file) => rmSync(file)],
    ["database and log were deleted", (file) => [file, `${file}-wal`].forEach((name) => void rmSync(name))],
  ];
  test.each(losses)("are missed: %s", async (_name, lose) => {
    using folder = temporaryFolder();
    await killed(folder.path, 60);
    lose(writerOptions(folder.path).file);
    await withStore(writerOptions(folder.path), async (store) => {
      const incident = must(store.report.incident);
      expect(incident.forgotten).toBeGreaterThan(30);
      expect(incident.redemptions.gaps).toBeNull();
      expect(reason(await store.ask("present", presented("again", 59)))).toBe("unrecorded");
    });
  });

  test("are missed: an older copy was put in its place", async () => {
    using folder = temporaryFolder();
    const { file } = writerOptions(folder.path);
    await fill(folder.path, 5, 0);
    cpSync(file, `${file}.copy`);
    await withStore(writerOptions(folder.path), async (store) => {
      await store.ask("present", presented("scan_new", 77, 1));
    });
    renameSync(`${file}.copy`, file);
    await withStore(writerOptions(folder.path), async (store) => {
      expect(must(store.report.incident)).toMatchObject({ forgotten: 1, redemptions: { kept: 5, gaps: null } });
    });
  });

  test("control: without the mark beside it nobody can tell", async () => {
    using folder = temporaryFolder();
    const { file } = writerOptions(folder.path);
    await killed(folder.path, 60);
    rmSync(`${file}-wal`);
    rmSync(`${file}.mark`);
    await withStore(writerOptions(folder.path), async (store) => {
      expect(store.report.incident).toBeNull();
      expect(reason(await store.ask("present", presented("again", 59)))).toBe("ok");
    });
  });
});

describe("a page of the redemption memory that cannot be read", () => {
  /** Uses passes 0, 10, 20 …, then spoils one page in the middle of that table. */
  async function spoil(folder: string): Promise<void> {
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
  }

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

describe("records that the cloud does not have", () => {
  test("are kept to the letter, uploaded before anything newer, and leave when the cloud has them", async () => {
    using folder = temporaryFolder();
    await fill(folder.path, 12, 4);
    const before = new Map<string, string>();
    edit(folder.path, (database) => {
      for (const row of database.prepare<[], RecordRow>(`SELECT ${recordColumns} FROM scans`).all()) {
        before.set(row.id, soundText(row));
      }
    });
    const suspicion = { kind: "condemned", reason: "test" } as const;
    await withStore(
      { ...writerOptions(folder.path), suspicion, incarnation: "01HZX00000000000000000FRES" },
      async (store) => {
        expect(must(store.report.incident).unsent).toEqual({ kept: 8, lost: 0 });
        await store.ask("present", presented("scan_new", 500, 1));
        const state = await store.ask("outbox", { rows: 100 });
        expect(state).toMatchObject({ pending: 8, dead: 1 });
        expect(state.rows[0]).toMatchObject({ id: "scan_4", sequence: 5, error: { code: "hash_mismatch" } });

        const waiting = must(await store.ask("waiting", { limit: 100 }));
        expect(waiting.incarnation).toBe("01HZX0000000000000000N0DE1");
        expect(waiting.records.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10, 11].map((i) => `scan_${i}`));
        expect(waiting.records.every(({ id, text }) => text === before.get(id))).toBe(true);
        expect(waiting.last.sequence).toBe(12);
        const ids = waiting.records.map(({ id }) => id);
        await store.ask("saveBatches", { batches: [{ key: "k", body: Buffer.from("{}"), ids }], instead: null });
        expect(must(await store.ask("openBatch", null)).ids).toEqual(ids);
        await store.ask("countAttempt", { key: "k" });
        const items = ids.slice(1).map((id) => ({ id, status: "created" }) as const);
        await store.ask("answerBatch", { key: "k", items, receipt: null });
        expect(must(await store.ask("waiting", { limit: 100 })).records.map(({ id }) => id)).toEqual(["scan_5"]);
        expect(await store.ask("retryDead", { id: null })).toBe(1);
        const all = await store.ask("unacknowledged", { after: null, limit: 2 });
        expect(all.map(({ text }) => JSON.parse(text).id)).toEqual(["scan_4", "scan_5"]);
        const rest = await store.ask("unacknowledged", { after: must(all[1] ?? null).place, limit: 10 });
        expect(rest.map(({ text }) => JSON.parse(text).id)).toEqual(["scan_new"]);
      },
    );
  });

  test("go with a chain head of their own journal, which proves nothing of the new one", async () => {
    using folder = temporaryFolder();
    await fill(folder.path, 3, 0);
    const suspicion = { kind: "condemned", reason: "test" } as const;
    await withStore(
      { ...writerOptions(folder.path), suspicion, incarnation: "01HZX00000000000000000FRES" },
      async (store) => {
        const { last, incarnation, records } = must(await store.ask("waiting", { limit: 100 }));
        const head = Buffer.from(JSON.stringify({ incarnation, ...last })).toString("base64url");
        const body = Buffer.from(JSON.stringify({ chain_head: `h.${head}.s` }));
        const ids = records.map(({ id }) => id);
        await store.ask("saveBatches", { batches: [{ key: "k", body, ids }], instead: null });
        await store.ask("answerBatch", {
          key: "k",
          items: ids.map((id) => ({ id, status: "created" })),
          receipt: last,
        });
        expect(await store.ask("checkpoints", null)).toEqual([]);
      },
    );
  });

  test("stay through a second incident, in their order", async () => {
    using folder = temporaryFolder();
    await fill(folder.path, 3, 0);
    const suspicion = { kind: "condemned", reason: "test" } as const;
    for (const incarnation of ["01HZX00000000000000000SEC0", "01HZX00000000000000000TH1R"]) {
      await withStore({ ...writerOptions(folder.path), suspicion, incarnation }, async (store) => {
        await store.ask("present", presented(`scan_${incarnation}`, 900 + Number(incarnation.endsWith("R")), 1));
      });
    }
    await withStore(writerOptions(folder.path), async (store) => {
      const all = await store.ask("unacknowledged", { after: null, limit: 10 });
      expect(all.map(({ text }) => JSON.parse(text).id)).toEqual([
        "scan_0",
        "scan_1",
        "scan_2",
        "scan_01HZX00000000000000000SEC0",
        "scan_01HZX00000000000000000TH1R",
      ]);
      expect((await store.ask("incidents", null)).length).toBe(2);
    });
  });
});

test.skipIf(!existsSync("/usr/bin/strace"))(
  "kill -9 at any step of setting aside: the next start goes on with it, and nothing is gone",
  async () => {
    using damaged = temporaryFolder();
    await fill(damaged.path, 12, 4);
    edit(damaged.path, (database) => database.exec("CREATE VIEW planted AS SELECT 1"));
    const original = must(digests(damaged.path).get("agent.sqlite") ?? null);
    let kills = 0;
    for (const { call, stride } of diskCalls) {
      for (let at = 1, wasKilled = true; wasKilled; at += 2 * stride) {
        using folder = temporaryFolder();
        cpSync(damaged.path, folder.path, { recursive: true });
        wasKilled = killAtCall(call, at, [process.execPath, openOnce, folder.path]);
        kills += Number(wasKilled);
        await withStore(writerOptions(folder.path), async (store) => {
          const incidents = await store.ask("incidents", null);
          expect(incidents.map(({ redemptions, unsent }) => [redemptions.kept, unsent.kept])).toEqual([[12, 8]]);
        });
        expect(digests(folder.path).get(asideName)).toBe(original);
      }
    }
    expect(kills).toBeGreaterThan(8);
  },
  60_000,
);
