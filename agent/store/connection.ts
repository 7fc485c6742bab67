import Database from "better-sqlite3";
import { migrate, SchemaFault, versionOf } from "./migrate.ts";
import type { StoreFaultCode } from "./protocol.ts";

export type Connection = Database.Database;

/** Why the store cannot be used. */
export class StoreFault extends Error {
  override readonly name = "StoreFault";
  readonly code: StoreFaultCode;
  constructor(code: StoreFaultCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Opens the one writing connection: WAL, a sync of the log at every commit, nobody else in the file.
 *
 * better-sqlite3 is built with NORMAL as the default under WAL, and the pragma reads back FULL before it is in force; so
 * FULL is set after the journal mode, asserted after a first commit, and proven by counting fsyncs in
 * test/store/durability.test.ts.
 *
 * @param migrating what to do before a database of an older version is changed; gets that version
 * @throws StoreFault
 */
export function openConnection(file: string, migrating: (database: Connection, version: number) => void): Connection {
  let database: Connection | null = null;
  try {
    database = new Database(file, { timeout: 500 });
    database.pragma("locking_mode = EXCLUSIVE");
    database.pragma("trusted_schema = OFF");
    // Looked at before anything is written: another program's file stays as it is.
    const version = versionOf(database);
    expectPragma(database, "journal_mode = WAL", "wal");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    // Checkpoints are made by the writer after its answers (wal.ts), not inside a commit that somebody waits for.
    database.pragma("wal_autocheckpoint = 0");
    database.pragma(`journal_size_limit = ${largestIdleWalBytes}`);
    database.pragma(`cache_size = -${pageCacheKib}`);
    if (version > 0) migrating(database, version);
    migrate(database, version);
    database.transaction(() => database?.pragma("user_version"))();
    expectPragma(database, "synchronous", 2);
    return database;
  } catch (cause) {
    database?.close();
    throw storeFault(cause);
  }
}

/** Pages kept in memory; what lies further back comes from the page cache of the operating system. */
const pageCacheKib = 4_000;

/** A log that grew beyond this in a burst is cut back when it starts again from its beginning, bytes. */
const largestIdleWalBytes = 8 * 1024 * 1024;

/** Opens the file of a terminal whose agent does not run, to look only. */
export function openReadOnly(file: string): Connection {
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 500 });
    database.pragma("trusted_schema = OFF");
    database.prepare("SELECT 1 FROM meta").get();
    return database;
  } catch (cause) {
    throw storeFault(cause);
  }
}

function expectPragma(database: Connection, pragma: string, expected: string | number): void {
  const found: unknown = database.pragma(pragma, { simple: true });
  if (found !== expected) {
    throw new StoreFault("storage_failed", `SQLite refused "${pragma}": expected ${expected}, found ${String(found)}`);
  }
}

/** System errors that say that there is no room (errno(3)). */
const noRoom: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

/**
 * Translates what SQLite and the file system throw; anything else is a broken invariant and goes through unchanged.
 */
export function storeFault(cause: unknown): unknown {
  if (cause instanceof StoreFault) return cause;
  if (cause instanceof SchemaFault) return new StoreFault(cause.code, cause.message, cause);
  if (!(cause instanceof Error) || !("code" in cause) || typeof cause.code !== "string") return cause;
  const { code } = cause;
  if (noRoom.has(code)) return new StoreFault("disk_full", `the disk has no room for a write (${code})`, cause);
  if (!(cause instanceof Database.SqliteError)) {
    return "syscall" in cause
      ? new StoreFault("storage_failed", `the disk refused an operation (${code})`, cause)
      : cause;
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StoreFault("store_locked", "another program holds the database", cause);
  }
  if (isDamage(cause)) return new StoreFault("store_corrupt", `the database is damaged (${code})`, cause);
  if (/^SQLITE_(IOERR|READONLY|CANTOPEN|NOMEM|PERM)/.test(code)) {
    return new StoreFault("storage_failed", `the disk did not keep a write (${code})`, cause);
  }
  return cause;
}

/** Says that the content of the file is wrong, not that the disk refused. */
export function isDamage(cause: unknown): boolean {
  return (
    cause instanceof Database.SqliteError && (cause.code.startsWith("SQLITE_CORRUPT") || cause.code === "SQLITE_NOTADB")
  );
}
