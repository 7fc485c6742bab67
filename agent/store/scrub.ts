import { type Connection, StoreFault } from "./connection.ts";
import type { ScrubPage, ScrubPlace } from "./damage-views.ts";
import { isSealWhole } from "./seal.ts";
import { nextRows, type Table, tablesOf } from "./table-reader.ts";

/**
 * Reads one page of the tables that no hash chain covers, to find pages that cannot be read, and rows that are not as they
 * were written, before a guest does. The journal is proved by the audit.
 *
 * @param after null: from the first row of the first table
 * @throws StoreFault `store_corrupt`, and what SQLite throws for a damaged page
 */
export function scrubPage(database: Connection, after: ScrubPlace | null, limit: number): ScrubPage {
  const tables = tablesOf(database).filter(({ name }) => name !== "scans");
  const table = after === null ? tables[0] : tables.find(({ name }) => name === after.table);
  if (table === undefined) return { rows: 0, next: null };
  const page = nextRows(database, table, after?.after ?? null, limit);
  const broken = page.rows.find((row) => !isSealWhole(table.name, row));
  if (broken !== undefined) {
    throw new StoreFault("store_corrupt", `a row of the table ${table.name} is not as it was written`);
  }
  const next = page.last === null ? nextTable(tables, table) : { table: table.name, after: page.last };
  return { rows: page.rows.length, next };
}

/**
 * All pages at once, for a small file.
 *
 * @throws as `scrubPage`
 */
export function scrubAll(database: Connection): void {
  let place: ScrubPlace | null = null;
  do place = scrubPage(database, place, wholePage).next;
  while (place !== null);
}

const wholePage = 5_000;

function nextTable(tables: readonly Table[], table: Table): ScrubPlace | null {
  const next = tables[tables.indexOf(table) + 1];
  return next === undefined ? null : { table: next.name, after: null };
}
