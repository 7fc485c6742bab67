import Database from "better-sqlite3";
import type { StoreFaultCode } from "./protocol.ts";
import { migrate, SchemaFault } from "./schema.ts";

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
 */
export function openConnection(file: string): Connection {
  try {
    const database = new Database(file, { timeout: 500 });
    database.pragma("locking_mode = EXCLUSIVE");
    expectPragma(database, "journal_mode = WAL", "wal");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    database.pragma("trusted_schema = OFF");
    migrate(database);
    database.transaction(() => database.pragma("user_version"))();
    expectPragma(database, "synchronous", 2);
    return database;
  } catch (cause) {
    throw storeFault(cause);
  }
}

/** Opens the file of a terminal whose agent does not run, to look only. */
export function openReadOnly(file: string): Connection {
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 500 });
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

/** Translates what SQLite throws; anything that is not SQLite's is a broken invariant and goes through unchanged. */
export function storeFault(cause: unknown): unknown {
  if (cause instanceof StoreFault) return cause;
  if (cause instanceof SchemaFault) return new StoreFault(cause.code, cause.message, cause);
  if (!(cause instanceof Database.SqliteError)) return cause;
  if (cause.code.startsWith("SQLITE_BUSY") || cause.code.startsWith("SQLITE_LOCKED")) {
    return new StoreFault("store_locked", "another program holds the database", cause);
  }
  if (cause.code.startsWith("SQLITE_CORRUPT") || cause.code === "SQLITE_NOTADB") {
    return new StoreFault("store_corrupt", `the database is damaged (${cause.code})`, cause);
  }
  if (/^SQLITE_(IOERR|FULL|READONLY|CANTOPEN|NOMEM|PERM)/.test(cause.code)) {
    return new StoreFault("storage_failed", `the disk did not keep a write (${cause.code})`, cause);
  }
  return cause;
}
