import type { Earlier, KeptPassage } from "../rules/index.ts";
import type { Connection } from "./connection.ts";
import { type PassKey, passColumns, passValues, thisPass } from "./pass-key.ts";

/**
 * Who went in and out of the zones: an append-only log, in which every row carries the totals after it, of its pass and of
 * its zone. The last row is the truth; there is no other one. Totals from before the zone was last empty count as none.
 */
export interface Passages {
  recall(pass: PassKey, zone: ZoneNow): { inside: number; outside: number; entry: Earlier | null };
  /** Persons of all passes in the zone: one indexed look-up. */
  occupancy(zone: ZoneNow): number;
  add(pass: PassKey, passage: KeptPassage, scan: { id: string; lane: string; atMs: number }): void;
  /** Undoes what this scan wrote, if it did, by a row of its own. */
  takeBack(pass: PassKey, scan: string, correction: string): void;
  /** Whose passage this scan wrote; null when it wrote none. Reads the whole table. */
  passOf(scan: string): PassKey | null;
  /** Passages dated after `nowMs` cannot be: from here on they count as made now. */
  bringBack(zone: string, nowMs: number): void;
  /** When the zone was last passed, milliseconds. */
  lastAt(zone: string): number | null;
}

interface ZoneNow {
  readonly id: string;
  /** When it was last empty by rule; null: never. */
  readonly sinceMs: number | null;
}

interface Totals {
  readonly number: number;
  readonly at: number;
  readonly since: number | null;
  readonly inside: number;
  readonly outside: number;
  readonly occupancy: number;
}

interface Row {
  readonly at: number;
  readonly since: number | null;
  readonly scan: string;
  readonly lane: string;
  readonly way: "entry" | "exit" | "undo";
  readonly inside: number;
  readonly outside: number;
}

interface Written {
  readonly zone: string;
  readonly number: number;
  readonly at: number;
  readonly lane: string;
  readonly inside: number;
  readonly outside: number;
}

type PassValues = ReturnType<typeof passValues>;

/** Rows that can count no more are kept this long, for corrections; then they go, a few with every passage. */
const keepMs = 7 * 86_400_000;
const pruneAtOnce = 4;

export function openPassages(database: Connection): Passages {
  const totals = "SELECT number, at, since, inside, outside, occupancy FROM passages";
  const ofPass = database.prepare<[...PassValues, string], Totals>(
    `${totals} WHERE ${thisPass} AND zone = ? ORDER BY number DESC LIMIT 1`,
  );
  const ofZone = database.prepare<[string], Totals>(`${totals} WHERE zone = ? ORDER BY number DESC LIMIT 1`);
  const lastEntry = database.prepare<[...PassValues, string], { atMs: number; lane: string }>(
    `SELECT at AS atMs, lane FROM passages WHERE ${thisPass} AND zone = ? AND way = 'entry' ORDER BY number DESC LIMIT 1`,
  );
  const insert = database.prepare(
    `INSERT INTO passages (${passColumns}, zone, number, at, since, scan, lane, way,
       inside_change, outside_change, inside, outside, occupancy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const written = database.prepare<[...PassValues, string], Written>(
    `SELECT zone, number, at, lane, inside_change AS inside, outside_change AS outside FROM passages
     WHERE ${thisPass} AND scan = ? AND way IN ('entry', 'exit')`,
  );
  const passOf = database.prepare<[string], Omit<PassKey, "index"> & { idx: number }>(
    `SELECT ${passColumns} FROM passages WHERE scan = ? AND way IN ('entry', 'exit') LIMIT 1`,
  );
  const markUndone = database.prepare("UPDATE passages SET way = 'undone' WHERE zone = ? AND number = ?");
  const bringBack = database.prepare("UPDATE passages SET at = ?, since = min(since, ?) WHERE zone = ? AND at > ?");
  const pruneEmptied = database.prepare(
    `DELETE FROM passages WHERE zone = ? AND number IN (SELECT number FROM
       (SELECT number, at FROM passages WHERE zone = ? ORDER BY number LIMIT ${pruneAtOnce}) WHERE at < ?)`,
  );
  // The last entry stays: it says since when who is inside is inside.
  const pruneOvertaken = database.prepare(
    `DELETE FROM passages WHERE zone = ? AND number IN (SELECT number FROM
       (SELECT number, at FROM passages WHERE ${thisPass} AND zone = ? ORDER BY number LIMIT ${pruneAtOnce})
       WHERE at < ? AND number < (SELECT max(number) FROM passages WHERE ${thisPass} AND zone = ? AND way = 'entry'))`,
  );

  const append = (pass: PassKey, zone: string, row: Row): void => {
    const { since, scan, lane, way } = row;
    const key = passValues(pass);
    const own = current(ofPass.get(...key, zone), since);
    const last = ofZone.get(zone);
    const inside = (own?.inside ?? 0) + row.inside;
    const outside = (own?.outside ?? 0) + row.outside;
    // Never fewer than this pass alone has inside, also where the hour at which the zone empties was changed meanwhile.
    const occupancy = Math.max(inside, (current(last, since)?.occupancy ?? 0) + row.inside);
    // In order of time, or a total would end with a scan that was drafted before midnight and decided after it.
    const at = Math.max(row.at, last?.at ?? 0);
    const number = (last?.number ?? 0) + 1;
    insert.run(
      ...key,
      ...[zone, number, at, since, scan, lane, way, row.inside, row.outside, inside, outside, occupancy],
    );
  };

  return {
    recall(pass, { id, sinceMs }) {
      const key = passValues(pass);
      const own = current(ofPass.get(...key, id), sinceMs);
      const entry = own === undefined || own.inside === 0 ? undefined : lastEntry.get(...key, id);
      return { inside: own?.inside ?? 0, outside: own?.outside ?? 0, entry: entry ?? null };
    },
    occupancy: ({ id, sinceMs }) => current(ofZone.get(id), sinceMs)?.occupancy ?? 0,
    add(pass, { zone, sinceMs, way, inside, outside }, { id, lane, atMs }) {
      append(pass, zone, { at: atMs, since: sinceMs, scan: id, lane, way, inside, outside });
      const own = [...passValues(pass), zone];
      if (sinceMs === null) pruneOvertaken.run(zone, ...own, atMs - keepMs, ...own);
      else pruneEmptied.run(zone, zone, sinceMs - keepMs);
    },
    takeBack(pass, scan, correction) {
      for (const row of written.all(...passValues(pass), scan)) {
        markUndone.run(row.zone, row.number);
        const last = ofZone.get(row.zone);
        // What was counted before the zone was last empty counts no more.
        if (last === undefined || (last.since !== null && row.at < last.since)) continue;
        const own = current(ofPass.get(...passValues(pass), row.zone), last.since);
        append(pass, row.zone, {
          at: last.at,
          since: last.since,
          scan: correction,
          lane: row.lane,
          way: "undo",
          // What happened since may have left less to undo.
          inside: Math.max(-(own?.inside ?? 0), -row.inside),
          outside: Math.max(-(own?.outside ?? 0), -row.outside),
        });
      }
    },
    passOf(scan) {
      const found = passOf.get(scan);
      if (found === undefined) return null;
      const { idx: index, ...pass } = found;
      return { ...pass, index };
    },
    bringBack(zone, nowMs) {
      bringBack.run(nowMs, nowMs, zone, nowMs);
    },
    lastAt: (zone) => ofZone.get(zone)?.at ?? null,
  };
}

function current(totals: Totals | undefined, since: number | null): Totals | undefined {
  return totals === undefined || (since !== null && totals.at < since) ? undefined : totals;
}
