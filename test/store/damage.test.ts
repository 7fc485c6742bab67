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
import { openStore } from "../../agent/store/index.ts";
import { must } from "../agent/samples.ts";
import { asideName, digests, edit, fill, killed, reason, withStore } from "./damaged-store.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";
import { diskCalls, killAtCall } from "./kill-at-call.ts";

const openOnce = fileURLToPath(new URL("./open-once.ts", import.meta.url));

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
