import { type Connection, isDamage } from "./connection.ts";
import type { Gap, Key } from "./damage-views.ts";

/** A value as SQLite holds it in a STRICT table. */
export type Cell = string | number | Buffer | null;
export type Row = Readonly<Record<string, Cell>>;

/** A table as the schema describes it; `key` is what its rows are ordered by. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /** How many members of the key a leap keeps; the next one is a number, and is raised. */
  readonly leapsAt: number;
}

/** After so many gaps the rest of a table counts as one. */
const mostGaps = 1_000;
/** Key steps tried to get past a bad page: 1, 2, 4 and so on up to 2 to this power. */
const longestLeap = 40;

/** The tables of a database, in the order of their names. */
export function tablesOf(database: Connection): readonly Table[] {
  return database
    .prepare<[], { name: string; rowless: number }>(
      "SELECT name, wr AS rowless FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    )
    .all()
    .map(({ name, rowless }) => {
      const columns = database
        .prepare<[string], { name: string; pk: number }>("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid")
        .all(name);
      const primary = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
      const key = rowless === 1 ? primary.map((column) => column.name) : ["rowid"];
      // The index of a pass in its list counts up through a table; behind it only details follow.
      const leapsAt = Math.max(0, key.includes("idx") ? key.indexOf("idx") : key.length - 1);
      return { name, columns: columns.map((column) => column.name), key, leapsAt };
    });
}

/**
 * Reads all that can be read of a table, whatever pages of it are damaged: forward to the first bad page, past it by leaps
 * of the last key column, and from the end backward where no leap helps.
 *
 * A table whose rows have lost their order beside a bad page cannot be walked: what comes then counts as one stretch without
 * bounds. So every round begins at a higher key, and there is an end.
 *
 * @param take gets each row once, in no particular order; what it throws goes through
 * @returns the stretches that could not be read
 */
export function readTable(database: Connection, table: Table, take: (row: Row) => void): readonly Gap[] {
  const gaps: Gap[] = [];
  let last: Key | null = null;
  for (;;) {
    const forward = readRun(database, table, { from: last, ascending: true, until: null }, take);
    last = forward.last ?? last;
    if (forward.ended) return gaps;
    if (forward.disordered) return [...gaps, unbounded];
    const landing: Key | null = gaps.length < mostGaps ? leap(database, table, last ?? floorOf(database, table)) : null;
    if (landing !== null && last !== null && !isBeyond(landing, last)) return [...gaps, unbounded];
    // Backward from the landing (or from the end) to the bad page: what is left between is the gap.
    const backward = readRun(database, table, { from: landing, ascending: false, until: last }, take);
    if (backward.disordered) return [...gaps, unbounded];
    if (backward.ended) {
      if (landing === null) return gaps;
    } else gaps.push({ after: last, before: backward.last ?? landing });
    if (landing === null) return gaps;
    last = landing;
    // The landing itself is neither behind nor before it.
    readOne(database, table, landing, take);
  }
}

const unbounded: Gap = { after: null, before: null };

/** As SQLite compares them: numbers by value, text by its bytes, numbers before text. */
function isBeyond(key: Key, other: Key): boolean {
  for (const [at, member] of key.entries()) {
    const than = other[at];
    // Where a leap begins only the beginning of a key is named.
    if (than === undefined) return true;
    const order = compare(member, than);
    if (order !== 0) return order > 0;
  }
  return false;
}

function compare(one: string | number, other: string | number): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "string" && typeof other === "string") return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return typeof one === "number" ? -1 : 1;
}

/**
 * Reads one page of a table in key order.
 *
 * @returns the rows, and the key of the last; null when the table ends here
 * @throws what SQLite throws for a damaged page
 */
export function nextRows(
  database: Connection,
  table: Table,
  after: Key | null,
  limit: number,
): { readonly rows: readonly Row[]; readonly last: Key | null } {
  const text = `${selection(table, { from: after, ascending: true, until: null })} LIMIT ${Math.trunc(limit)}`;
  const rows = database.prepare<unknown[], Row>(text).all(...(after ?? []));
  const last = rows.at(-1);
  return { rows, last: last === undefined || rows.length < limit ? null : keyOf(table, last) };
}

interface Run {
  readonly from: Key | null;
  readonly ascending: boolean;
  /** Stops before this key. */
  readonly until: Key | null;
}

/** Reads from a key on. `ended`: nothing stopped it but the end or `until`. `disordered`: keys went back and forth. */
function readRun(
  database: Connection,
  table: Table,
  run: Run,
  take: (row: Row) => void,
): { readonly ended: boolean; readonly last: Key | null; readonly disordered: boolean } {
  let last: Key | null = null;
  let disordered = false;
  const rows = select(database, table, run);
  if (rows === null) return { ended: false, last, disordered };
  try {
    for (;;) {
      const next = advance(rows);
      if (next === "damaged") return { ended: false, last, disordered };
      if (next === null) return { ended: true, last, disordered };
      const key = keyOf(table, next);
      const before = last ?? run.from;
      if (before !== null && !(run.ascending ? isBeyond(key, before) : isBeyond(before, key))) disordered = true;
      last = key;
      take(next);
    }
  } finally {
    // What `take` throws must not leave the connection busy.
    rows.return?.();
  }
}

function readOne(database: Connection, table: Table, key: Key, take: (row: Row) => void): void {
  const rows = guard(() =>
    database
      .prepare<unknown[], Row>(
        `SELECT ${selected(table)} FROM "${table.name}" WHERE ${keyTuple(table, key)} = ${places(key)}`,
      )
      .all(...key),
  );
  for (const row of rows === "damaged" ? [] : rows) take(row);
}

/** Where a leap begins when not even the first row can be read: just below all keys that share the last row's beginning. */
function floorOf(database: Connection, table: Table): Key | null {
  const rows = select(database, table, { from: null, ascending: false, until: null });
  const newest = rows === null ? "damaged" : advance(rows);
  if (newest === null || newest === "damaged") return null;
  rows?.return?.();
  return [...keyOf(table, newest).slice(0, table.leapsAt), -1];
}

/** The first key that can be read again beyond a bad page, or null. */
function leap(database: Connection, table: Table, last: Key | null): Key | null {
  const edge = last?.[table.leapsAt];
  if (last === null || typeof edge !== "number") return null;
  for (let power = 0; power <= longestLeap; power++) {
    const from = [...last.slice(0, table.leapsAt), edge + 2 ** power];
    const rows = select(database, table, { from, ascending: true, until: null });
    const first = rows === null ? "damaged" : advance(rows);
    if (first === null) return null;
    if (first !== "damaged") {
      rows?.return?.();
      return keyOf(table, first);
    }
  }
  return null;
}

function select(database: Connection, table: Table, run: Run): IterableIterator<Row> | null {
  const bounds = [...(run.from ?? []), ...(run.until ?? [])];
  const rows = guard(() => database.prepare<unknown[], Row>(selection(table, run)).iterate(...bounds));
  return rows === "damaged" ? null : rows;
}

function selection(table: Table, { from, ascending, until }: Run): string {
  const bound = (key: Key | null, sign: string): string[] =>
    key === null ? [] : [`${keyTuple(table, key)} ${sign} ${places(key)}`];
  const where = [...bound(from, ascending ? ">" : "<"), ...bound(until, ascending ? "<" : ">")].join(" AND ");
  const order = table.key.map((name) => `${quoted(name)} ${ascending ? "ASC" : "DESC"}`).join(", ");
  return `SELECT ${selected(table)} FROM "${table.name}" ${where === "" ? "" : `WHERE ${where}`} ORDER BY ${order}`;
}

function advance(rows: IterableIterator<Row>): Row | "damaged" | null {
  const next = guard(() => rows.next());
  if (next === "damaged") return "damaged";
  return next.done === true ? null : next.value;
}

function guard<T>(read: () => T): T | "damaged" {
  try {
    return read();
  } catch (cause) {
    // A sector that cannot be read hides rows just as a page that makes no sense.
    if (isDamage(cause) || isReadFault(cause)) return "damaged";
    throw cause;
  }
}

function isReadFault(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && /^SQLITE_IOERR/.test(String(cause.code));
}

export function keyOf(table: Table, row: Row): Key {
  return table.key.map((name, at) => {
    const value = row[`key_${at}`] ?? row[name];
    return typeof value === "string" || typeof value === "number" ? value : String(value);
  });
}

function selected(table: Table): string {
  const columns = table.columns.map(quoted);
  return [...columns, ...table.key.map((name, at) => `${quoted(name)} AS key_${at}`)].join(", ");
}

/** As many members of the key as are given. */
function keyTuple(table: Table, key: Key): string {
  return `(${table.key.slice(0, key.length).map(quoted).join(", ")})`;
}

function places(key: Key): string {
  return `(${key.map(() => "?").join(", ")})`;
}

/** Names come from our own schema (checked before), never from what somebody sent. */
function quoted(name: string): string {
  return name === "rowid" ? name : `"${name}"`;
}
