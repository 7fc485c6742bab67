import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Ack } from "./acks.ts";

/** What children/careless.ts acknowledged and is not there any more. */
export function judgeCareless(folder: string, acks: readonly Ack[]): readonly string[] {
  const file = join(folder, "careless.sqlite");
  if (!existsSync(file)) return acks.length === 0 ? [] : ["lost: the database itself"];
  const database = new Database(file);
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema").all();
    if (tables.length === 0) return acks.map(({ id }) => `lost: ${id}`);
    const find = database.prepare("SELECT 1 FROM scans WHERE id = ?");
    return acks.flatMap(({ id }) =>
      find.get(id) === undefined ? [`lost: ${id} was acknowledged and is not there`] : [],
    );
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause;
    return [`unreadable: ${cause.code}`];
  } finally {
    database.close();
  }
}
