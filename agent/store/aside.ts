import { existsSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "./mark.ts";

/** What belongs to one SQLite database, the database itself last. */
const suffixes = ["-wal", "-shm", ""] as const;

/** A name beside the database that nothing has yet: `agent.sqlite.damaged-20261121T193000Z`. */
export function asideName(file: string, openedAt: string): string {
  const stamp = openedAt.replaceAll(/[-:]|\.\d+/g, "");
  for (let serial = 1; ; serial++) {
    const name = `${basename(file)}.damaged-${stamp}${serial === 1 ? "" : `-${serial}`}`;
    if (suffixes.every((suffix) => !existsSync(join(dirname(file), name + suffix)))) return name;
  }
}

/** Renames a database with its log; may be cut and called again at any point. Nothing is deleted. */
export function moveAside(file: string, name: string): void {
  const folder = dirname(file);
  for (const suffix of suffixes) {
    const from = file + suffix;
    const to = join(folder, name + suffix);
    if (existsSync(from) && !existsSync(to)) renameSync(from, to);
  }
  syncFolder(folder);
}

/** True for the name of a database file that was set aside. */
export function isAside(name: string, file: string): boolean {
  return name.startsWith(`${basename(file)}.damaged-`) && !name.endsWith("-wal") && !name.endsWith("-shm");
}
