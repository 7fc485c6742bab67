import { closeSync, openSync, readSync } from "node:fs";
import { type ChainLink, chainStart, rowBreak } from "./chain.ts";
import { type Connection, StoreFault } from "./connection.ts";
import type { Mark } from "./mark.ts";
import type { AuditRow } from "./protocol.ts";
import { recordColumns, recordText } from "./record-row.ts";

/** Records proved at every start. */
const tailRecords = 100;

/**
 * Looks at the header of a database file before SQLite opens it (SQLite file format, section 1.3): some damage there makes
 * SQLite take the file for a read-only one. The length says nothing: a cut checkpoint may end inside a page, and the log
 * makes it whole.
 *
 * Call it only while nothing in this process has the file open: closing a descriptor drops the locks of all (fcntl(2)).
 *
 * @throws StoreFault `store_corrupt`
 */
export function checkFile(path: string): void {
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(100);
    const length = readSync(file, header, 0, header.length, 0);
    const problem = headerProblem(header.subarray(0, length));
    if (problem !== null) throw new StoreFault("store_corrupt", `the database file is damaged: ${problem}`);
  } finally {
    closeSync(file);
  }
}

function headerProblem(header: Buffer): string | null {
  if (header.length < 100 || header.toString("latin1", 0, 16) !== "SQLite format 3\0") return "its header is not one";
  const page = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  if (page < 512 || (page & (page - 1)) !== 0) return `it names pages of ${page} bytes`;
  const versions = [header[18], header[19]];
  if (versions.some((version) => version !== 1 && version !== 2)) return "it names an unknown file format";
  if (header[20] !== 0 || header[21] !== 64 || header[22] !== 32 || header[23] !== 32) return "its header is not one";
  return null;
}

/**
 * Proves records of the journal: their hashes, their chain, the columns beside them.
 *
 * @param which the newest 100, or all
 * @throws StoreFault `store_corrupt`
 */
export function checkChain(database: Connection, which: "newest" | "all"): void {
  const rows = database.prepare<[number], AuditRow>(
    `SELECT ${recordColumns} FROM scans
     WHERE sequence > (SELECT max(sequence) FROM scans) - ? ORDER BY sequence`,
  );
  let before: ChainLink | null = null;
  for (const row of rows.iterate(which === "newest" ? tailRecords : Number.MAX_SAFE_INTEGER)) {
    before ??= row.sequence === 1 ? chainStart : linkBefore(row);
    const broken = rowBreak(row, before);
    if (broken !== null) {
      throw new StoreFault("store_corrupt", `record ${row.sequence} of the journal is wrong: ${broken.detail}`);
    }
    before = row;
  }
}

/** What a record in the middle of the chain says that it follows. */
function linkBefore(row: AuditRow): ChainLink {
  const text = recordText(row);
  const hash = text === null ? undefined : /"prev_hash":"(sha256:[0-9a-f]{64})"/.exec(text)?.[1];
  return { sequence: row.sequence - 1, hash: hash ?? "" };
}

/** The newest record of the journal's own chain. */
export function headOf(database: Connection): ChainLink {
  return openHead(database)();
}

/** The same, to be asked again and again. */
export function openHead(database: Connection): () => ChainLink {
  const newest = database.prepare<[], ChainLink>(
    "SELECT sequence, hash FROM scans WHERE sequence > 0 ORDER BY sequence DESC LIMIT 1",
  );
  return () => newest.get() ?? chainStart;
}

/**
 * Holds the journal against the mark: the marked record must be there, and be the newest when the store was closed in order.
 *
 * @throws StoreFault `store_corrupt`
 */
export function checkMark(database: Connection, incarnation: string, mark: Mark | null): void {
  if (mark === null || mark.kind !== "head") return;
  const fail = (said: string): never => {
    throw new StoreFault("store_corrupt", said);
  };
  if (mark.incarnation !== incarnation) fail("this is not the database that this terminal wrote last");
  const head = headOf(database);
  if (head.sequence < mark.sequence) {
    fail(`record ${mark.sequence} was written and is gone: the newest is ${head.sequence}`);
  }
  if (mark.closed && head.sequence > mark.sequence) {
    fail(`records after ${mark.sequence} were added while no agent ran`);
  }
  const marked = mark.sequence === 0 ? chainStart : hashAt(database, mark.sequence);
  if (marked === null || marked.hash !== mark.hash) fail(`record ${mark.sequence} is not the one that was written`);
}

function hashAt(database: Connection, sequence: number): ChainLink | null {
  const select = database.prepare<[number], ChainLink>("SELECT sequence, hash FROM scans WHERE sequence = ?");
  return select.get(sequence) ?? null;
}

/**
 * The long looks: every page, and that every row has what it refers to. Reads the whole file.
 *
 * @returns what is wrong, or null
 */
export function closeLook(database: Connection): string | null {
  const said: unknown = database.pragma("quick_check(1)", { simple: true });
  if (said !== "ok") return String(said);
  const dangling: unknown = database.pragma("foreign_key_check");
  return Array.isArray(dangling) && dangling.length > 0 ? "rows refer to others that are not there" : null;
}
