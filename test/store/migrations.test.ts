import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore } from "../../agent/store/index.ts";
import { migrate, schemaText, schemaVersion } from "../../agent/store/migrate.ts";
import { tableFates } from "../../agent/store/salvage.ts";
import { tablesOf } from "../../agent/store/table-reader.ts";
import { presented, temporaryFolder, writerOptions } from "./harness.ts";
import { diskCalls, killAtCall } from "./kill-at-call.ts";
import { makePastVersion, pastIncarnation, pastRecords, usedIndices } from "./past-version.ts";

const child = fileURLToPath(new URL("./open-once.ts", import.meta.url));
const pastVersions = Array.from({ length: schemaVersion - 1 }, (_, at) => at + 1);

/** Everything `makePastVersion` put in must be found through the store as it is today. */
async function expectAllOfIt(folder: string): Promise<void> {
  const store = await openStore(writerOptions(folder));
  const records = await store.ask("events", { limit: 100, afterSequence: 0, passId: null });
  expect(records.map(({ id }) => id)).toEqual(Array.from({ length: pastRecords }, (_, at) => `scan_past_${at + 1}`));
  expect(records.every(({ incarnation }) => incarnation === pastIncarnation)).toBe(true);
  expect(await store.ask("outbox", { rows: 0 })).toMatchObject({ pending: pastRecords - 3, dead: 1 });
  expect([...(await store.ask("loadTrust", null)).documents.keys()]).toEqual(["head.jws"]);
  expect(await store.ask("checkpoints", null)).toHaveLength(1);
  for (const index of usedIndices) {
    const answer = await store.ask("present", presented(`scan_again_${index}`, index, 4));
    expect(answer.outcome === "recorded" && answer.record.decision.reason).toBe("already_redeemed");
  }
  await store.close();
}

function versionIn(file: string): unknown {
  const database = new Database(file, { readonly: true });
  try {
    return database.pragma("user_version", { simple: true });
  } finally {
    database.close();
  }
}

describe("a database of an earlier version", () => {
  test.each(pastVersions)(
    "version %d is brought up to date with all that is in it, and a copy is kept",
    async (version) => {
      using folder = temporaryFolder();
      const { file } = writerOptions(folder.path);
      makePastVersion(file, version);
      const store = await openStore(writerOptions(folder.path));
      expect(store.report).toEqual({ migratedFrom: version, backup: `agent.sqlite.v${version}.bak`, incident: null });
      await store.close();
      expect(versionIn(file)).toBe(schemaVersion);
      await expectAllOfIt(folder.path);

      const backup = join(folder.path, `agent.sqlite.v${version}.bak`);
      expect(versionIn(backup)).toBe(version);
      const copy = new Database(backup, { readonly: true });
      expect(copy.pragma("integrity_check", { simple: true })).toBe("ok");
      expect(copy.prepare("SELECT count(*) FROM scans").pluck().get()).toBe(pastRecords);
      copy.close();
    },
  );

  test("of the copies only the newest is kept, and an up-to-date file is not copied", async () => {
    using folder = temporaryFolder();
    const { file } = writerOptions(folder.path);
    cpSync("package.json", join(folder.path, "agent.sqlite.v0.bak"));
    makePastVersion(file, 1);
    for (let i = 0; i < 2; i++) await (await openStore(writerOptions(folder.path))).close();
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".bak"))).toEqual(["agent.sqlite.v1.bak"]);
  });

  test.skipIf(!existsSync("/usr/bin/strace"))(
    "kill -9 before any step to the disk leaves the old version or the new one, never less than all rows",
    async () => {
      using past = temporaryFolder();
      makePastVersion(writerOptions(past.path).file, 1);
      const versions = new Set<unknown>();
      let kills = 0;
      for (const { call, stride } of diskCalls) {
        for (let at = 1, wasKilled = true; wasKilled; at += stride) {
          using folder = temporaryFolder();
          const { file } = writerOptions(folder.path);
          cpSync(writerOptions(past.path).file, file);
          wasKilled = killAtCall(call, at, [process.execPath, child, folder.path]);
          versions.add(versionIn(file));
          if (wasKilled && kills++ % 3 === 0) await expectAllOfIt(folder.path);
        }
      }
      expect(kills).toBeGreaterThan(10);
      expect([...versions].toSorted()).toEqual([1, schemaVersion]);
    },
    60_000,
  );
});

test("every version has a schema of its own, so that an older program stays away from a newer one's file", () => {
  const texts = [...pastVersions, schemaVersion].map((version) => {
    const database = new Database(":memory:");
    migrate(database, 0, version);
    const text = schemaText(database);
    database.close();
    return text;
  });
  expect(new Set(texts).size).toBe(schemaVersion);
});

test("the schema says of every table what becomes of it when the database is damaged", () => {
  using folder = temporaryFolder();
  const { file } = writerOptions(folder.path);
  for (const version of [...pastVersions, schemaVersion]) {
    const at = `${file}.${version}`;
    makePastVersion(at, version);
    const made = new Database(at, { readonly: true });
    expect(schemaText(made)).toContain("CREATE TABLE");
    expect(tablesOf(made).filter(({ name }) => tableFates[name] === undefined)).toEqual([]);
    made.close();
  }
});
