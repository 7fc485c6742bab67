import Database from "better-sqlite3";
import { migrations } from "./schema.ts";

/** "PAgt" in the file header (SQLite file format, offset 68): `file` and we can tell whose database this is. */
export const applicationId = 0x50416774;

/** Version this program writes. */
export const schemaVersion = migrations.length;

/** Why a database cannot be used as it is. */
export class SchemaFault extends Error {
  override readonly name = "SchemaFault";
  readonly code: "store_newer" | "store_foreign" | "store_corrupt";
  constructor(code: SchemaFault["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Which version a database has, from its header and its schema together: both must say the same, or one of them is damaged.
 * What somebody planted (a trigger, a view, a generated column) is a schema of no version.
 *
 * @returns 0 for an empty file, else 1 to `schemaVersion`
 * @throws SchemaFault for another program's file, a newer program's, or one whose header and schema disagree
 */
export function versionOf(database: Database.Database): number {
  const application = Number(database.pragma("application_id", { simple: true }));
  const version = Number(database.pragma("user_version", { simple: true }));
  const schema = schemaText(database);
  const schemas = schemasByVersion();
  const named = application === applicationId || application === 0;
  if (schemas.indexOf(schema) < 1) {
    if (!named) throw new SchemaFault("store_foreign", "the file is a database of another program");
    if (version > schemaVersion) {
      throw new SchemaFault(
        "store_newer",
        `the database has version ${version}, this program knows ${schemaVersion}: install the newer one`,
      );
    }
  }
  if (schemas[version] !== schema || !named) {
    throw new SchemaFault("store_corrupt", `the schema is not the one of version ${version}: the file was changed`);
  }
  return version;
}

/**
 * Brings a database from one version to another in one transaction: forward only, old or new and nothing between.
 *
 * @param from as `versionOf` found it
 */
export function migrate(database: Database.Database, from: number, to: number = schemaVersion): void {
  if (from >= to) return;
  database.transaction(() => {
    for (const step of migrations.slice(from, to)) database.exec(step);
    database.pragma(`user_version = ${to}`);
    database.pragma(`application_id = ${applicationId}`);
  })();
}

/** Everything the schema table holds, as one text; the migrations give the same text on every machine. */
export function schemaText(database: Database.Database): string {
  const rows = database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").raw().all();
  return JSON.stringify(rows);
}

/** The schema of each version from 0 on, made by the migrations themselves in a database in memory. */
function schemasByVersion(): readonly string[] {
  const database = new Database(":memory:");
  try {
    const texts = [schemaText(database)];
    for (const step of migrations) {
      database.exec(step);
      texts.push(schemaText(database));
    }
    return texts;
  } finally {
    database.close();
  }
}
