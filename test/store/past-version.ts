import Database from "better-sqlite3";
import { canonicalJson } from "../../agent/canonical-json.ts";
import { genesisHash, recordHash } from "../../agent/record-hash.ts";
import { noUse } from "../../agent/rules/index.ts";
import { migrate } from "../../agent/store/migrate.ts";
import { draft, sampleTenant } from "../agent/samples.ts";

export const pastIncarnation = "01HZX00000000000000000PAST";
/** List indices of passes that were used in `makePastVersion`. */
export const usedIndices = [3, 7, 1_000_003];
/** Records in it; the first two are acknowledged, the last is a dead letter. */
export const pastRecords = 6;

/** Makes the database that a program of that version left behind, with rows in everything it knew. */
export function makePastVersion(file: string, version: number): void {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  migrate(database, 0, version);
  const meta = database.prepare("INSERT INTO meta (name, value) VALUES (?, ?)");
  meta.run("incarnation", pastIncarnation);
  meta.run("trust_generation", "4");
  meta.run("time_memory", "{}");
  database.prepare("INSERT INTO trust_documents (name, bytes) VALUES ('head.jws', ?)").run(Buffer.from("signed"));
  const scan = database.prepare("INSERT INTO scans (sequence, id, pass_id, record, hash) VALUES (?, ?, ?, ?, ?)");
  let previous = genesisHash;
  for (let sequence = 1; sequence <= pastRecords; sequence++) {
    const decision = { outcome: "accepted", by: "agent", reason: "ok" };
    const place = { incarnation: pastIncarnation, sequence, prev_hash: previous };
    const unhashed = { ...draft(`scan_past_${sequence}`), use: noUse, decision, supersedes: null, ...place };
    previous = recordHash(unhashed);
    scan.run(sequence, unhashed.id, unhashed.pass_id, canonicalJson({ ...unhashed, hash: previous }), previous);
    if (sequence > 2 && sequence < pastRecords) {
      database.prepare("INSERT INTO outbox (sequence) VALUES (?)").run(sequence);
    }
  }
  database
    .prepare("INSERT INTO dead_letters VALUES (?, 1, 'validation_failed', 'hash_mismatch', 'not the hash')")
    .run(pastRecords);
  database.prepare("INSERT INTO checkpoints (sequence, hash, jws) VALUES (6, ?, 'a.b.c')").run(previous);
  insertUses(database);
  database.close();
}

function insertUses(database: Database.Database): void {
  const tables = database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  for (const index of usedIndices) {
    if (tables.includes("redemptions")) {
      database
        .prepare(
          "INSERT INTO redemptions VALUES (?, 'sandbox', 1, ?, 1, 'scan_past_1', '2026-11-21T19:30:00.101Z', 'gate-1')",
        )
        .run(sampleTenant, index);
    } else {
      database
        .prepare(
          `INSERT INTO uses (tenant, environment, list, idx, counter, at, scan, lane, persons)
           VALUES (?, 'sandbox', 1, ?, '', ?, 'scan_past_1', 'gate-1', 1)`,
        )
        .run(sampleTenant, index, Date.parse("2026-11-21T19:30:00.101Z"));
    }
  }
}
