import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Room on the file system of the state folder, as an unprivileged program sees it. */
export interface Room {
  readonly freeBytes: number;
  /** 0 to 100. */
  readonly usedPercent: number;
}

/** What lies in the state folder beside the database. All calls throw what the file system throws. */
export interface Disk {
  room(): Room;
  /** Bytes of the database's log; 0 without one. */
  logBytes(): number;
  /** Names of the databases that were set aside. */
  asideFiles(): readonly string[];
  /** True while the reserve is there. */
  hasReserve(): boolean;
  /** Makes the reserve, when there is room for it and enough beside. */
  makeReserve(): void;
  /** Gives its room to the database: a full disk refuses even a deletion. */
  releaseReserve(): void;
}

/** Enough to take some two thousand decisions more (fault F-07 counts them), to checkpoint and to prune. */
const reserveBytes = 4 * 1024 * 1024;
/** With less than this left the operator is warned, whatever the share, and no reserve is made again. */
export const lowBytes = 64 * 1024 * 1024;

/** @param storeFile absolute path of the database */
export function openDisk(storeFile: string, isAside: (name: string, file: string) => boolean): Disk {
  const folder = dirname(storeFile);
  const reserve = join(folder, "reserve");
  const room = (): Room => {
    const { bsize, blocks, bfree, bavail } = statfsSync(folder);
    // As df(1) counts: what only root may use is neither used nor free.
    const used = blocks - bfree;
    return { freeBytes: bavail * bsize, usedPercent: used + bavail === 0 ? 100 : (100 * used) / (used + bavail) };
  };
  const hasReserve = (): boolean => sizeOf(reserve) >= reserveBytes;
  return {
    room,
    logBytes: () => sizeOf(`${storeFile}-wal`),
    asideFiles: () => readdirSync(folder).filter((name) => isAside(name, storeFile)),
    hasReserve,
    makeReserve() {
      if (hasReserve() || room().freeBytes < lowBytes + reserveBytes) return;
      // Written byte by byte: a hole in a file keeps no room.
      const beside = `${reserve}.new`;
      const file = openSync(beside, "w", 0o600);
      try {
        const block = Buffer.alloc(64 * 1024, 0xa5);
        for (let written = 0; written < reserveBytes; written += block.length) writeSync(file, block);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(beside, reserve);
    },
    releaseReserve() {
      for (const path of [reserve, `${reserve}.new`]) rmSync(path, { force: true });
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
