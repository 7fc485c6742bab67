import type { Database } from "better-sqlite3";

/** Forward-only migrations: entry n brings a database from version n to n + 1. Never edit one that was released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- The journal: append-only, hash-chained. "record" is the exact text that is uploaded.
  CREATE TABLE scans (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    pass_id TEXT,
    record TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX scans_by_pass ON scans (pass_id, sequence) WHERE pass_id IS NOT NULL;

  -- Who was let in already. Survives uploads, restarts and pruning of the journal.
  CREATE TABLE redemptions (
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    list INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    first_scan TEXT NOT NULL,
    first_at TEXT NOT NULL,
    first_lane TEXT NOT NULL,
    PRIMARY KEY (tenant, environment, list, idx)
  ) STRICT, WITHOUT ROWID;

  -- What the cloud has not acknowledged. A row leaves only by acknowledgement or to the dead letters.
  CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY REFERENCES scans (sequence),
    attempts INTEGER NOT NULL DEFAULT 0,
    batch TEXT REFERENCES batches (key)
  ) STRICT;
  CREATE INDEX outbox_by_batch ON outbox (batch) WHERE batch IS NOT NULL;
  CREATE TABLE batches (key TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE dead_letters (
    sequence INTEGER PRIMARY KEY REFERENCES scans (sequence),
    attempts INTEGER NOT NULL,
    error_type TEXT NOT NULL,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL
  ) STRICT;

  -- Signed trust data, by the names of the bundle layout (formats.md section 2).
  CREATE TABLE trust_documents (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  -- Chain heads that the cloud acknowledged: what the journal is proved against, and what pruning leaves behind.
  CREATE TABLE checkpoints (sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL, jws TEXT NOT NULL) STRICT;
  `,
];

/** Version this program writes. */
export const schemaVersion = migrations.length;

/** Why a database cannot be used. */
export class SchemaFault extends Error {
  override readonly name = "SchemaFault";
  readonly code = "store_newer";
}

/** Brings the database to `schemaVersion` in one transaction. Throws `SchemaFault` for a database of a newer program. */
export function migrate(database: Database): void {
  const found = Number(database.pragma("user_version", { simple: true }));
  if (found > schemaVersion) {
    throw new SchemaFault(
      `the database has version ${found}, this program knows ${schemaVersion}: install the newer one`,
    );
  }
  if (found === schemaVersion) return;
  database.transaction(() => {
    for (const step of migrations.slice(found)) database.exec(step);
    database.pragma(`user_version = ${schemaVersion}`);
  })();
}
