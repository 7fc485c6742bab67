import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Connection } from "./connection.ts";
import { syncFolder } from "./mark.ts";

/**
 * Keeps a copy of the database before a migration changes it: `agent.sqlite.v1.bak`, written beside, synced, renamed. Only
 * the newest copy is kept. Without room for it there is no migration.
 *
 * @param version the one the database has now
 * @returns the copy's name
 * @throws what SQLite and the file system throw
 */
export function backUp(database: Connection, file: string, version: number): string {
  const folder = dirname(file);
  const name = `${basename(file)}.v${version}.bak`;
  const beside = join(folder, `${basename(file)}.bak.new`);
  rmSync(beside, { force: true });
  database.prepare("VACUUM INTO ?").run(beside);
  const copy = openSync(beside, "r+");
  try {
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
  renameSync(beside, join(folder, name));
  for (const other of backupsOf(file).filter((candidate) => candidate !== name)) rmSync(join(folder, other));
  syncFolder(folder);
  return name;
}

/** Names of the copies in the database's folder. */
export function backupsOf(file: string): readonly string[] {
  const start = `${basename(file)}.v`;
  return readdirSync(dirname(file)).filter((name) => name.startsWith(start) && name.endsWith(".bak"));
}
