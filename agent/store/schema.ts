/** Forward-only migrations: entry n brings a database from version n to n + 1. Never edit one that was released. */
export const migrations: readonly string[] = [
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
  `
  -- Where in the journal each day (UTC) begins; after a clock was moved a day has several stretches.
  CREATE TABLE journal_days (sequence INTEGER PRIMARY KEY, day TEXT NOT NULL) STRICT;
  INSERT INTO journal_days (sequence, day)
    SELECT sequence, day FROM (
      SELECT sequence, substr(record ->> 'scanned_at', 1, 10) AS day,
        lag(substr(record ->> 'scanned_at', 1, 10)) OVER (ORDER BY sequence) AS before FROM scans
    ) WHERE before IS NOT day;

  -- Up to where each webhook receiver has had the journal, and how many records were pruned before it had them.
  CREATE TABLE webhooks (id TEXT PRIMARY KEY, cursor INTEGER NOT NULL, skipped INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
  -- Deliveries that are tried again at "due" (milliseconds since 1970), or were refused or given up (null).
  CREATE TABLE webhook_deliveries (
    webhook TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER,
    problem TEXT NOT NULL,
    PRIMARY KEY (webhook, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX webhook_deliveries_again ON webhook_deliveries (webhook, sequence) WHERE due IS NOT NULL;
  `,
  `
  -- Records saved from a database that was set aside: no part of this journal, uploaded first, never written again.
  CREATE TABLE salvaged (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,
    hash TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    batch TEXT REFERENCES batches (key),
    error_type TEXT,
    error_code TEXT,
    error_message TEXT
  ) STRICT;
  CREATE INDEX salvaged_by_batch ON salvaged (batch) WHERE batch IS NOT NULL;
  `,
  `
  -- Every accepted scan that a rule counts, instead of one row for each pass: "at" in milliseconds since 1970, "counter"
  -- names what counts together (empty: all rules without a name), "reported" is when it was reported as revoked since.
  CREATE TABLE uses (
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    list INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    counter TEXT NOT NULL,
    at INTEGER NOT NULL,
    scan TEXT NOT NULL,
    lane TEXT NOT NULL,
    persons INTEGER NOT NULL CHECK (persons > 0),
    reported INTEGER,
    PRIMARY KEY (tenant, environment, list, idx, counter, at, scan)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO uses (tenant, environment, list, idx, counter, at, scan, lane, persons)
    SELECT tenant, environment, list, idx, '',
      unixepoch(first_at) * 1000 + CAST(substr(first_at, 21, 3) AS INTEGER), first_scan, first_lane, uses
    FROM redemptions;
  DROP TABLE redemptions;

  -- Who went in and out of a zone. Each row has the totals after it: persons of this pass inside and outside, and persons
  -- of all passes in the zone, since it was last empty by rule ("since"; null: never). The row with the highest number counts.
  CREATE TABLE passages (
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    list INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    zone TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    since INTEGER,
    scan TEXT NOT NULL,
    lane TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('entry', 'exit', 'undo', 'undone')),
    inside_change INTEGER NOT NULL,
    outside_change INTEGER NOT NULL,
    inside INTEGER NOT NULL CHECK (inside >= 0),
    outside INTEGER NOT NULL CHECK (outside >= 0),
    occupancy INTEGER NOT NULL CHECK (occupancy >= inside),
    PRIMARY KEY (tenant, environment, list, idx, zone, number)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX passages_by_zone ON passages (zone, number);
  `,
  `
  -- Check values against bits that flip on the disk (seal.ts); null in older rows.
  ALTER TABLE uses ADD COLUMN seal INTEGER;
  ALTER TABLE meta ADD COLUMN seal INTEGER;
  `,
  `
  -- Rotating codes: the step that was accepted last of each pass (its beginning, Unix seconds), and wrong values. Times in
  -- milliseconds since 1970; the row with the lowest turn was touched longest ago.
  CREATE TABLE codes (
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    list INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    step_s INTEGER,
    accepted_at INTEGER,
    lane TEXT,
    scan TEXT,
    wrong INTEGER NOT NULL,
    wrong_at INTEGER,
    seal INTEGER NOT NULL,
    PRIMARY KEY (tenant, environment, list, idx)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX codes_by_turn ON codes (turn);
  `,
  `
  -- Passes that a till is being asked about; the use is in "uses" and "passages" already, the scan is not in the journal yet.
  -- "record": the scan as it will be written, but for the decision. The pass is null where nobody verified which one it is.
  CREATE TABLE reservations (
    scan TEXT PRIMARY KEY,
    tenant TEXT,
    environment TEXT,
    list INTEGER,
    idx INTEGER,
    until INTEGER NOT NULL,
    record TEXT NOT NULL,
    seal INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- From here on "scans.record" holds a record's members without their names (record-row.ts); rows written before keep the
  -- text. An older program reads text only: by the new name of an index it sees a schema that it does not know.
  DROP INDEX outbox_by_batch;
  CREATE INDEX outbox_in_batch ON outbox (batch) WHERE batch IS NOT NULL;
  `,
];
