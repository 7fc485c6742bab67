import type { Earlier, Question } from "../rules/index.ts";
import type { Connection } from "./connection.ts";
import { type PassKey, passColumns, passValues, thisPass } from "./pass-key.ts";
import { sealOf } from "./seal.ts";

/** The uses of passes: one row for each accepted scan that a rule counts. */
export interface Uses {
  recall(pass: PassKey, question: Question): { used: number; first: Earlier | null; last: Earlier | null };
  add(pass: PassKey, use: { counter: string; persons: number; atMs: number; scan: string; lane: string }): void;
  /** Takes back what this scan wrote, if it did. */
  takeBack(pass: PassKey, scan: string): void;
  /** Uses dated after `nowMs` cannot be: from here on they count as made now. */
  bringBack(pass: PassKey, nowMs: number): void;
}

type PassValues = ReturnType<typeof passValues>;

export function openUses(database: Connection): Uses {
  type Tally = { used: number; at: number | null; lane: string | null };
  // With one min() the other columns are those of its row: SQLite documents it so (lang_select.html, bare columns).
  const tally = "SELECT coalesce(sum(persons), 0) AS used, min(at) AS at, lane FROM uses";
  const latest = "SELECT at, lane FROM uses";
  const order = "ORDER BY at DESC LIMIT 1";
  const tallyOne = database.prepare<[...PassValues, string], Tally>(`${tally} WHERE ${thisPass} AND counter = ?`);
  const tallyAll = database.prepare<PassValues, Tally>(`${tally} WHERE ${thisPass}`);
  // A bound on a column of an index makes SQLite plan anew at every call: only asked for a period.
  const tallyOneSince = database.prepare<[...PassValues, string, number], Tally>(
    `${tally} WHERE ${thisPass} AND counter = ? AND at >= ?`,
  );
  const tallyAllSince = database.prepare<[...PassValues, number], Tally>(`${tally} WHERE ${thisPass} AND at >= ?`);
  const lastOne = database.prepare<[...PassValues, string], { at: number; lane: string }>(
    `${latest} WHERE ${thisPass} AND counter = ? ${order}`,
  );
  const lastAll = database.prepare<PassValues, { at: number; lane: string }>(`${latest} WHERE ${thisPass} ${order}`);
  const insert = database.prepare(
    `INSERT INTO uses (${passColumns}, counter, at, scan, lane, persons, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare(`DELETE FROM uses WHERE ${thisPass} AND scan = ?`);
  const bringBack = database.prepare(`UPDATE uses SET at = ? WHERE ${thisPass} AND at > ?`);
  return {
    recall(pass, { counter, sinceMs }) {
      const key = passValues(pass);
      const inPeriod = (ms: number): Tally | undefined =>
        counter === null ? tallyAllSince.get(...key, ms) : tallyOneSince.get(...key, counter, ms);
      const ever = (): Tally | undefined => (counter === null ? tallyAll.get(...key) : tallyOne.get(...key, counter));
      const found = sinceMs === null ? ever() : inPeriod(sinceMs);
      // Never used: there is no last use either.
      if (sinceMs === null && toEarlier(found) === null) return { used: 0, first: null, last: null };
      const last = counter === null ? lastAll.get(...key) : lastOne.get(...key, counter);
      return {
        used: found?.used ?? 0,
        first: toEarlier(found),
        last: toEarlier(last),
      };
    },
    add(pass, { counter, persons, atMs, scan, lane }) {
      const { tenant, environment, list, index: idx } = pass;
      const seal = sealOf("uses", { tenant, environment, list, idx, counter, scan, lane, persons });
      insert.run(...passValues(pass), counter, atMs, scan, lane, persons, seal);
    },
    takeBack(pass, scan) {
      remove.run(...passValues(pass), scan);
    },
    bringBack(pass, nowMs) {
      bringBack.run(nowMs, ...passValues(pass), nowMs);
    },
  };
}

function toEarlier(row: { at: number | null; lane: string | null } | undefined): Earlier | null {
  return row === undefined || row.at === null || row.lane === null ? null : { atMs: row.at, lane: row.lane };
}
