import { type Connection, StoreFault } from "./connection.ts";

/** Pages in the log from which on it is copied into the database: about 4 MiB. */
const checkpointPages = 1_000;

/**
 * Copies a long log into the database, so that it begins again at its start and stays bounded. Call it after the answers:
 * nobody waits for it but the next decision.
 *
 * One connection writes and none reads, so a checkpoint always reaches the end of the log.
 *
 * @throws what SQLite throws when the disk fails
 */
export function keepLogShort(database: Connection): void {
  // NOOP only reports (sqlite.org/pragma.html#pragma_wal_checkpoint).
  if (checkpoint(database, "NOOP").pages < checkpointPages) return;
  const { busy, pages, copied } = checkpoint(database, "PASSIVE");
  if (busy || copied < pages) {
    throw new StoreFault("storage_failed", `a checkpoint stopped after ${copied} of ${pages} pages`);
  }
}

function checkpoint(
  database: Connection,
  mode: "NOOP" | "PASSIVE",
): { readonly busy: boolean; readonly pages: number; readonly copied: number } {
  const rows: unknown = database.pragma(`wal_checkpoint(${mode})`);
  const [row] = Array.isArray(rows) ? rows : [];
  return { busy: row?.busy !== 0, pages: Number(row?.log), copied: Number(row?.checkpointed) };
}
