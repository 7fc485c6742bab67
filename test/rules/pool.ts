import Database from "better-sqlite3";
import type { Gatehouse } from "./gatehouse.ts";

/** Rules of a site with one zone that empties when the day begins, at four in Berlin; `more` goes to the end of the zone. */
export const pool = (more = "") => `[site]
time_zone = "Europe/Berlin"
day_begins = "04:00"
[[zone]]
id = "pool"
entry = ["pool-in"]
exit = ["pool-out"]
empties = "daily"
${more}
`;

/** A time of the day, UTC, for the samples. */
export const day = (hours: string, date = "2026-05-19") => `${date}T${hours}:00.000Z`;

/** How many guests the newest passage left inside. */
export async function occupancy(gate: Gatehouse): Promise<number> {
  return (await numbers(gate, "SELECT occupancy AS n FROM passages ORDER BY number DESC LIMIT 1"))[0] ?? 0;
}

/** Reads a column `n` of the file while the store is closed for a moment: it lets nobody else in. */
export async function numbers(gate: Gatehouse, sql: string): Promise<readonly number[]> {
  const found: number[] = [];
  await gate.restart(() => {
    const database = new Database(gate.file, { readonly: true });
    found.push(
      ...database
        .prepare<[], { n: number }>(sql)
        .all()
        .map(({ n }) => n),
    );
    database.close();
  });
  return found;
}
