import { resolve } from "node:path";
import type { Key, TableSpec } from "./key.ts";
import type { Findings, KeyPath } from "./mistake.ts";
import { isTable, type TomlTable } from "./toml.ts";

/** How one table of the file is read, whatever it is about. */

export interface Context {
  readonly findings: Findings;
  /** Folder of the file, absolute. */
  readonly folder: string;
}

export type ReadKey = <T>(key: Key<T>) => T;

/** For a table that cannot be read: says nothing more about it. */
export const standIn: ReadKey = (key) => (key.fallback.kind === "value" ? key.fallback.value : key.type.placeholder);

/** Reads one key of one table: its value, its default, or (with a mistake noted) a stand-in. */
export function keyReader(context: Context, table: TomlTable, path: KeyPath): ReadKey {
  const { findings } = context;
  return (key) => {
    const at = [...path, key.name];
    if (!Object.hasOwn(table, key.name)) {
      if (key.fallback.kind === "value") return key.fallback.value;
      findings.add(at, { code: "missing_key", problem: "is missing", allowed: key.type.allowed });
      return key.type.placeholder;
    }
    const value = table[key.name];
    const parsed = key.type.parse(value);
    if (parsed.ok) return parsed.value;
    const { code, problem, nearest } = parsed;
    const concealed = key.type.conceals?.(value) === true;
    findings.add(at, { code, problem, nearest, allowed: key.type.allowed, ...(concealed ? {} : { value }) });
    return key.type.placeholder;
  };
}

/** The table that `spec` describes; empty when it is left out or no table. */
export function subTable(context: Context, file: TomlTable, spec: TableSpec): TomlTable {
  return tableAt(context, file[spec.name], [spec.name], spec.header);
}

/** The table at `path`; empty, with a mistake noted, when it is something else. */
export function tableAt(context: Context, value: unknown, path: KeyPath, header: string): TomlTable {
  if (value === undefined) return {};
  if (isTable(value)) return value;
  const problem = Array.isArray(value) ? "is a list and must be one table" : "is not a table";
  context.findings.add(path, { code: "wrong_type", problem, value, allowed: `keys under the header ${header}` });
  return {};
}

/** The tables under `[[…]]`, at least one. */
export function readList<T>(
  context: Context,
  file: TomlTable,
  spec: TableSpec,
  max: number,
  read: (context: Context, table: TomlTable, path: KeyPath) => T,
): readonly T[] {
  const { findings } = context;
  const path = [spec.name];
  const value = file[spec.name];
  const allowed = `1 to ${max} times the header ${spec.header}, two brackets on each side`;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    findings.add(path, { code: "missing_key", problem: "is missing", allowed });
    return [];
  }
  if (!Array.isArray(value)) {
    const problem = isTable(value) ? "is one table and must be a list of tables" : "is not a list of tables";
    findings.add(path, { code: "wrong_type", problem, value, allowed });
    return [];
  }
  if (value.length > max) {
    findings.add(path, { code: "not_allowed", problem: `is there ${value.length} times`, allowed });
    return [];
  }
  if (!value.every(isTable)) {
    findings.add(path, { code: "wrong_type", problem: "holds something that is not a table", value, allowed });
    return [];
  }
  return value.map((entry, index) => read(context, entry, [...path, index]));
}

/** As `readList`, for tables that may be left out. */
export function optionalList<T>(
  context: Context,
  file: TomlTable,
  spec: TableSpec,
  max: number,
  read: (context: Context, table: TomlTable, path: KeyPath) => T,
): readonly T[] {
  const value = file[spec.name];
  const none = value === undefined || (Array.isArray(value) && value.length === 0);
  return none ? [] : readList(context, file, spec, max, read);
}

/** A path as the file means it: relative to the folder of the file. */
export function absolute(context: Context, path: string | null): string | null {
  return path === null ? null : resolve(context.folder, path);
}
