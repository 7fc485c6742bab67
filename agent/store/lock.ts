import Database from "better-sqlite3";
import { StoreFault } from "./connection.ts";

/**
 * Holds the store for this process as long as it lives: an exclusive transaction on an empty database beside it. The kernel
 * lets go when the process dies. The database file itself cannot serve: it is renamed while it is set aside, and closing any
 * other descriptor of a file drops this process's locks on it (fcntl(2)).
 *
 * @returns what lets go
 * @throws StoreFault `store_locked` when another program holds it, and what SQLite throws when there can be no such file
 */
export function lockStore(path: string): () => void {
  const database = new Database(path, { timeout: 500 });
  try {
    // Nothing is ever written, so no journal is made either.
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    const busy = cause instanceof Database.SqliteError && cause.code.startsWith("SQLITE_BUSY");
    throw busy ? new StoreFault("store_locked", "another program holds the store", cause) : cause;
  }
  return () => database.close();
}
