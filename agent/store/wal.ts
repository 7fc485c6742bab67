import { statfsSync } from "node:fs";
import { type Connection, StoreFault } from "./connection.ts";

/** Pages in the log from which on it is copied into the database: about 4 MiB. */
const longPages = 1_000;
/** The same on a disk with less room than that, for which is looked as often: the log takes many times the room of what it holds. */
const longPagesWithoutRoom = 100;
const roomBytes = 16 * 1024 * 1024;

/** Small writes between two looks at the log: some six pages each. */
const writesPerLook = 10;

/**
 * Copies a long log into the database, so that it begins again at its start and stays bounded. Call what it answers after
 * each commit and its answers, with the number of small writes in it, or null when there was another: nobody waits for it
 * but the next decision.
 *
 * One connection writes and none reads, so a checkpoint always reaches the end of the log.
 *
 * @param folder where the database lies
 * @throws what SQLite and the file system throw when the disk fails
 */
export function openLogCare(database: Connection, folder: string): (smallWrites: number | null) => void {
  // NOOP only reports (sqlite.org/pragma.html#pragma_wal_checkpoint).
  const look = openCheckpoint(database, "NOOP");
  const copy = openCheckpoint(database, "PASSIVE");
  let roomFoundAt = 0;
  let unseen = 0;
  return (smallWrites) => {
    unseen += smallWrites ?? writesPerLook;
    if (unseen < writesPerLook) return;
    unseen = 0;
    const { pages, copied } = look();
    if (pages < roomFoundAt) roomFoundAt = 0;
    if (copied === pages || pages < roomFoundAt + longPagesWithoutRoom) return;
    if (pages < longPages && hasRoom(folder)) {
      roomFoundAt = pages;
      return;
    }
    roomFoundAt = 0;
    const done = copy();
    if (done.busy || done.copied < done.pages) {
      throw new StoreFault("storage_failed", `a checkpoint stopped after ${done.copied} of ${done.pages} pages`);
    }
  };
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

function openCheckpoint(database: Connection, mode: "NOOP" | "PASSIVE"): () => Checkpoint {
  const statement = database.prepare<[], { busy: number; log: number; checkpointed: number }>(
    `PRAGMA wal_checkpoint(${mode})`,
  );
  return () => {
    const row = statement.get();
    return { busy: row?.busy !== 0, pages: Number(row?.log), copied: Number(row?.checkpointed) };
  };
}
