import Database from "better-sqlite3";
import { isWholeRecord, parseObject } from "./chain.ts";
import { closeLook } from "./checks.ts";
import { type Connection, isDamage, storeFault } from "./connection.ts";
import type { Gap, Key } from "./damage-views.ts";
import { incidentsName } from "./incident.ts";
import { migrate, schemaVersion } from "./migrate.ts";
import { type RecordRow, recordText } from "./record-row.ts";
import { isSealWhole } from "./seal.ts";
import { type Cell, keyOf, type Row, readTable, type Table, tablesOf } from "./table-reader.ts";
import { openUseCheck, type UseCheck } from "./use-check.ts";

/** What could be saved from a damaged database. */
export interface Salvage {
  readonly redemptions: { readonly kept: number; readonly gaps: readonly Gap[] | null };
  readonly unsent: { readonly kept: number; readonly lost: number };
  /** Sequence of the newest readable record of the old journal; 0 when there is none. */
  readonly head: number;
  /** RFC 3339 `scanned_at` of the newest readable record; null when there is none. */
  readonly newestAt: string | null;
}

/** Nothing was there to be read. */
const nothing: Salvage = {
  redemptions: { kept: 0, gaps: null },
  unsent: { kept: 0, lost: 0 },
  head: 0,
  newestAt: null,
};

/** What becomes of each table. `new`: it belongs to one journal and begins again, but for what the cloud does not have. */
export const tableFates: Readonly<Record<string, "memory" | "carried" | "new">> = {
  // The memory of used passes: what is missing of it must be known.
  redemptions: "memory",
  uses: "memory",
  passages: "memory",
  // Signed data is checked again, and facts come back by themselves.
  meta: "carried",
  // What is missing of these matters for a minute: an older code is refused by its age.
  codes: "carried",
  trust_documents: "carried",
  salvaged: "carried",
  // What they counted is in the memory; released at the next start.
  reservations: "carried",
  scans: "new",
  outbox: "new",
  dead_letters: "new",
  batches: "new",
  checkpoints: "new",
  journal_days: "new",
  webhooks: "new",
  webhook_deliveries: "new",
};
/** What the key of a memory table begins with, so that a gap in it names passes. */
const passKey = ["tenant", "environment", "list", "idx"] as const;
/** Facts that belong to one file. */
const ownFacts: ReadonlySet<Cell> = new Set(["incarnation"]);

/**
 * Copies what can be read of a damaged database into a fresh and empty one: the memory of used passes, trust data, small
 * facts, and every record that the cloud has not acknowledged. Such records keep their text, with its incarnation and
 * sequence; they lie beside the new journal and are uploaded first.
 *
 * The damaged file is only read. Beside it SQLite may make an index of its log (`-shm`).
 *
 * @param damaged absolute path; may be missing
 * @param fresh an empty database; gets the current schema
 * @throws StoreFault when the fresh one cannot be written
 */
export function salvage(damaged: string, fresh: Connection): Salvage {
  const old = openDamaged(damaged);
  if (old === null) return salvageNothing(damaged, fresh);
  try {
    const version = migrateAsFarAs(old, fresh);
    return fresh.transaction(() => {
      const tables = tablesOf(fresh);
      const same = tables.filter(({ name }) => isSameTable(old, fresh, name));
      const redemptions = copyMemory(old, fresh, tables, same);
      // From here on the tables are those of today; the old ones are read as they were.
      migrate(fresh, version);
      const uses = openUseCheck(fresh);
      const journal = copyUnsent(old, fresh, same, uses);
      // Pages that changed places can be read, and say something else: then uses are missing where no gap explains it.
      const explained = uses.isComplete() || redemptions.gaps === null || redemptions.gaps.length > 0;
      return { redemptions: explained ? redemptions : { ...redemptions, gaps: null }, ...journal };
    })();
  } catch (cause) {
    throw storeFault(cause);
  } finally {
    old.close();
  }
}

/** Makes the fresh database ready without looking at the damaged one. */
export function salvageNothing(_damaged: string, fresh: Connection): Salvage {
  migrate(fresh, 0);
  return nothing;
}

function openDamaged(path: string): Connection | null {
  try {
    const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 500 });
    database.pragma("trusted_schema = OFF");
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return database;
  } catch (cause) {
    const unreadable = cause instanceof Database.SqliteError;
    if (!unreadable) throw cause;
    return null;
  }
}

/** Gives the fresh database the version of the damaged one, so that the tables match; the newest when that cannot be said. */
function migrateAsFarAs(old: Connection, fresh: Connection): number {
  const found = Number(old.pragma("user_version", { simple: true }));
  const version = found >= 1 && found <= schemaVersion ? found : schemaVersion;
  migrate(fresh, 0, version);
  return version;
}

/** A table that somebody redefined (a view, a generated column) is not read. */
function isSameTable(old: Connection, fresh: Connection, name: string): boolean {
  const text = (database: Connection): unknown =>
    database
      .prepare<[string], { sql: string }>("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?")
      .get(name)?.sql;
  try {
    return text(old) !== undefined && text(old) === text(fresh);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return false;
  }
}

/** Copies every table but the journal's; answers what became of the memory of used passes. */
function copyMemory(
  old: Connection,
  fresh: Connection,
  tables: readonly Table[],
  same: readonly Table[],
): Salvage["redemptions"] {
  let kept = 0;
  let gaps: readonly Gap[] | null = [];
  for (const table of tables.filter(({ name }) => tableFates[name] !== "new")) {
    const isMemory = tableFates[table.name] !== "carried";
    const insert = inserter(fresh, table);
    const changed: { after: Key | null; before: Key | null }[] = [];
    let refused = 0;
    let last: Key | null = null;
    const take = (row: Row): void => {
      if (table.name === "meta" && ownFacts.has(row["name"] ?? null)) return;
      if (!isSealWhole(table.name, row)) {
        if (row["name"] === incidentsName) unreadIncidents(fresh);
        // It still lies where the pass belongs that it stood for: between its neighbours.
        changed.push({ after: last, before: null });
        return;
      }
      last = keyOf(table, row);
      for (const gap of changed) gap.before ??= last;
      // Its batch is not carried.
      if (!insert({ ...row, batch: null })) refused += 1;
      else if (isMemory) kept += 1;
    };
    const unread = same.includes(table) ? readTable(old, table, take) : [{ after: null, before: null }];
    if (!isMemory) continue;
    // Where rows were not read in their order, neighbours say nothing.
    if (unread.length > 0 && changed.length > 0) gaps = null;
    const missing = [...unread, ...changed];
    // A row that does not fit its own table stood for a pass that nobody can name now.
    const named: boolean = refused === 0 && passKey.every((name, at) => table.key[at] === name);
    const isAll = missing.some(({ after, before }) => after === null && before === null);
    gaps = gaps === null || isAll || (missing.length > 0 && !named) || refused > 0 ? null : [...gaps, ...missing];
  }
  return { kept, gaps };
}

/** Says to the next reader that there were incidents and that nobody knows which. */
function unreadIncidents(fresh: Connection): void {
  fresh.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, 'unreadable')").run(incidentsName);
}

/** Inserts rows of a table; false for one that its own constraints refuse. */
function inserter(fresh: Connection, table: Table): (row: Row) => boolean {
  const columns = table.columns.map((name) => `"${name}"`).join(", ");
  const statement = fresh.prepare<Cell[]>(
    `INSERT OR REPLACE INTO "${table.name}" (${columns}) VALUES (${table.columns.map(() => "?").join(", ")})`,
  );
  return (row) => {
    try {
      statement.run(...table.columns.map((name) => row[name] ?? null));
      return true;
    } catch (cause) {
      if (cause instanceof Database.SqliteError && cause.code.startsWith("SQLITE_CONSTRAINT")) return false;
      throw cause;
    }
  };
}

/** Carries the records that the cloud has not acknowledged, in their order, behind those of earlier incidents. */
function copyUnsent(
  old: Connection,
  fresh: Connection,
  tables: readonly Table[],
  uses: UseCheck,
): Pick<Salvage, "unsent" | "head" | "newestAt"> {
  const read = (name: string, take: (row: Row) => void): boolean => {
    const table = tables.find((candidate) => candidate.name === name);
    return table !== undefined && readTable(old, table, take).length === 0;
  };
  const waiting = new Set<number>();
  const dead = new Map<number, DeadLetter>();
  const queued = read("outbox", (row) => waiting.add(Number(row["sequence"])));
  const buried = read("dead_letters", (row) => {
    const [type, code, message] = [row["error_type"], row["error_code"], row["error_message"]].map(String);
    dead.set(Number(row["sequence"]), { type: type ?? "", code: code ?? "", message: message ?? "" });
  });
  // When the queue itself cannot be believed, everything is sent again: the cloud knows which records it has.
  const sendAll = !queued || !buried || !isSound(old);
  const keep = recordKeeper(fresh);
  let head = 0;
  let headText = "";
  let kept = 0;
  let refused = 0;
  read("scans", (row) => {
    const sequence = Number(row["sequence"]);
    const hash = String(row["hash"]);
    const text = recordText({ ...recordRow(row), sequence, hash });
    const isWhole = (): boolean => text !== null && isWholeRecord(text, hash);
    if (text !== null) uses.expect(text, isWhole);
    if (text !== null && sequence > head) [head, headText] = [sequence, text];
    const isWaiting = waiting.delete(sequence);
    const letter = dead.get(sequence) ?? null;
    dead.delete(sequence);
    if (!isWaiting && letter === null && !sendAll) return;
    // What is no JSON any more can neither be sent nor shown: it stays in the file that was set aside.
    if (text === null || parseObject(text) === null) {
      refused += 1;
      return;
    }
    const kind = letter ?? (isWhole() ? null : damagedRecord);
    if (keep({ id: row["id"] ?? null, record: text, hash }, kind)) kept += 1;
    else refused += 1;
  });
  const at = parseObject(headText)?.["scanned_at"];
  return {
    unsent: { kept, lost: waiting.size + dead.size + refused },
    head,
    newestAt: typeof at === "string" ? at : null,
  };
}

function recordRow(row: Row): Omit<RecordRow, "sequence" | "hash"> {
  const passId = row["pass_id"] ?? null;
  return {
    id: String(row["id"]),
    passId: passId === null ? null : String(passId),
    record: String(row["record"]),
  };
}

/** Every page makes sense, and every row has what it refers to. */
function isSound(database: Connection): boolean {
  try {
    return closeLook(database) === null;
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause;
    return false;
  }
}

interface DeadLetter {
  readonly type: string;
  readonly code: string;
  readonly message: string;
}

/** Kept, and shown to the operator; the cloud would refuse it. */
const damagedRecord = {
  type: "local",
  code: "record_damaged",
  message: "the stored text of this record does not agree with its hash",
} as const;

function recordKeeper(fresh: Connection): (row: Row, letter: DeadLetter | null) => boolean {
  const newest = fresh.prepare<[], { place: number | null }>("SELECT max(place) AS place FROM salvaged").get();
  const insert = fresh.prepare<Cell[]>(
    `INSERT INTO salvaged (place, id, record, hash, error_type, error_code, error_message) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  let place = newest?.place ?? firstPlace;
  return (row, letter) => {
    const cells = [row["id"] ?? null, row["record"] ?? null, row["hash"] ?? null];
    const error = letter === null ? [null, null, null] : [letter.type, letter.code, letter.message];
    place += 1;
    return insert.run(place, ...cells, ...error).changes > 0;
  };
}

/** Places lie below zero, before every sequence of a journal, with room for all that is ever salvaged. */
const firstPlace = -(2 ** 50);
