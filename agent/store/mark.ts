import { hash } from "node:crypto";
import { closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * A second, tiny memory beside the database: how far the journal had come. The database cannot say that it lost its newest
 * commits (its log deleted, an older copy put in its place, the file gone); this file can. Written after every commit and
 * before its answers, without a sync of its own: what a process wrote survives its death, and after a power cut an older
 * mark is as true as a newer one. So the mark never claims more than is on disk, unless the disk lost it.
 */
export type Mark =
  | {
      readonly kind: "head";
      readonly incarnation: string;
      readonly sequence: number;
      readonly hash: string;
      /** The store was closed in order at this very record: it must be the newest one still. */
      readonly closed: boolean;
    }
  /** The database is being set aside under this name; a start that finds this goes on with it. */
  | {
      readonly kind: "aside";
      readonly step: "moving" | "moved";
      readonly name: string;
      readonly reason: string;
      /** How far the journal had come; null when no mark said so. */
      readonly written: number | null;
    };

export interface MarkFile {
  /** Null when there is none, or when it is damaged. */
  read(): Mark | null;
  /** Survives the process. */
  note(mark: Mark): void;
  /** Survives a power cut too. */
  keep(mark: Mark): void;
  close(): void;
}

/** One sector: written whole or not at all. */
const size = 512;
const longestReason = 200;

/** Throws what the file system throws. */
export function openMark(path: string): MarkFile {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const note = (mark: Mark): void => {
    writeSync(file, encode(mark), 0, size, 0);
  };
  return {
    read() {
      const bytes = Buffer.alloc(size);
      return decode(bytes.subarray(0, readSync(file, bytes, 0, size, 0)).toString());
    },
    note,
    keep(mark) {
      note(mark);
      fsyncSync(file);
      syncFolder(dirname(path));
    },
    close: () => closeSync(file),
  };
}

/** The mark at a path, without opening it for writing; null when there is none, or when it is damaged. */
export function readMark(path: string): Mark | null {
  return existsSync(path) ? decode(readFileSync(path).toString()) : null;
}

/** Makes new names in a folder survive a power cut (fsync(2)). */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function encode(mark: Mark): Buffer {
  const text = JSON.stringify(mark.kind === "aside" ? { ...mark, reason: mark.reason.slice(0, longestReason) } : mark);
  const bytes = Buffer.alloc(size, " ");
  bytes.write(`${digest(text)} ${text}\n`);
  return bytes;
}

function decode(line: string): Mark | null {
  const text = line.slice(65).trim();
  if (text === "" || line.slice(0, 64) !== digest(text)) return null;
  // Our own text, covered by the digest before it: its shape is not checked again.
  const mark: Mark = JSON.parse(text);
  return mark;
}

function digest(text: string): string {
  return hash("sha256", text);
}
