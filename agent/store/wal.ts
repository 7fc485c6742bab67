import { statfsSync } from "node:fs";
import { type Connection, StoreFault } from "./connection.ts";

/** Pages in the log from which on it is copied into the database: about 4 MiB. */
const longPages = 1_000;
/** The same on a disk with less room than that: the log takes many times the room of what it holds. */
const longPagesWithoutRoom = 100;
const roomBytes = 16 * 1024 * 1024;

/**
 * Copies a long log into the database, so that it begins again at its start and stays bounded. Call it after the answers:
 * nobody waits for it but the next decision.
 *
 * One connection writes and none reads, so a checkpoint always reaches the end of the log.
 *
 * @param folder where the database lies
 * @throws what SQLite and the file system throw when the disk fails
 */
export function keepLogShort(database: Connection, folder: string): void {
  // NOOP only reports (sqlite.org/pragma.html#pragma_wal_checkpoint).
  const { pages, copied } = checkpoint(database, "NOOP");
  if (copied === pages || pages < longPagesWithoutRoom || (pages < longPages && hasRoom(folder))) return;
  const done = checkpoint(database, "PASSIVE");
  if (done.busy || done.copied < done.pages) {
    throw new StoreFault("storage_failed", `a checkpoint stopped after ${done.copied} of ${done.pages} pages`);
  }
}

function hasRoom(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= roomBytes;
}

interface Checkpoint {
  readonly busy: boolean;
  /** In the log, and of these in the database. */
  readonly pages: number;
  readonly copied: number;
}

function checkpoint(database: Connection, mode: "NOOP" | "PASSIVE"): Checkpoint {
  const rows: unknown = database.pragma(`wal_checkpoint(${mode})`);
  const [row] = Array.isArray(rows) ? rows : [];
  return { busy: row?.busy !== 0, pages: Number(row?.log), copied: Number(row?.checkpointed) };
}
