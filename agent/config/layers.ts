import type { Config } from "./config.ts";
import { type ConfigReading, readTable } from "./read.ts";
import { configShape } from "./show.ts";
import { isTable, type TomlTable } from "./toml.ts";

/**
 * A configuration is put together from layers, the strongest first: the file, what a set-up page left in the state folder,
 * what the platform signed, the defaults (contract.md 2.4). Key by key: a layer answers only what no stronger one answers.
 */

/** A configuration file as it is written. */
export interface ConfigFile {
  /** Absolute; relative paths in it are relative to its folder. */
  readonly path: string;
  readonly table: TomlTable;
}

/** The layers above the defaults; an empty table says nothing. */
export interface ConfigLayers {
  readonly file: ConfigFile;
  readonly setup: TomlTable;
  readonly remote: TomlTable;
}

/** Who says what a key is. */
export type Origin = "file" | "setup" | "remote" | "default";

/** What the platform may say; `all`: every key of the table. Addresses, folders, roots and secrets are the terminal's own. */
const remoteKeys: Readonly<Record<string, "all" | readonly string[]>> = {
  locale: "all",
  cloud: ["poll_interval_s"],
  lane: "all",
  reader: "all",
  policy: "all",
  site: "all",
  zone: "all",
  rule: "all",
  storage: ["after_loss"],
};

/** Lists whose entries have an id: a weaker layer adds to an entry, and never another entry. */
const namedLists = new Set(["lane", "reader", "zone"]);

/** What changes while the agent goes on deciding. All other keys need its lanes and readers to be opened again. */
export const liveKeys: readonly string[] = ["cloud.poll_interval_s", "policy", "zone", "rule"];

/** The first key that the platform may not set, dotted; null when there is none. */
export function remoteProblem(remote: TomlTable): string | null {
  for (const [name, value] of Object.entries(remote)) {
    const allowed = Object.hasOwn(remoteKeys, name) ? remoteKeys[name] : undefined;
    if (allowed === undefined) return name;
    if (allowed === "all" || !isTable(value)) continue;
    const stranger = Object.keys(value).find((key) => !allowed.includes(key));
    if (stranger !== undefined) return `${name}.${stranger}`;
  }
  return null;
}

/** The configuration that the layers make together, or every mistake in it (without lines). */
export function effectiveConfig({ file, setup, remote }: ConfigLayers): ConfigReading {
  return readTable(under(under(file.table, setup), remote), file.path, () => null);
}

/** `strong`, and what only `weak` says. */
function under(strong: TomlTable, weak: TomlTable): TomlTable {
  const merged: Record<string, unknown> = { ...strong };
  for (const [name, value] of Object.entries(weak)) {
    merged[name] = Object.hasOwn(strong, name) ? together(name, strong[name], value) : value;
  }
  return merged;
}

function together(name: string, strong: unknown, weak: unknown): unknown {
  if (isTable(strong) && isTable(weak)) return under(strong, weak);
  if (!namedLists.has(name) || !Array.isArray(strong) || !Array.isArray(weak)) return strong;
  return strong.map((entry: unknown) => {
    const more: unknown = weak.find(
      (other: unknown) => isTable(entry) && isTable(other) && other["id"] === entry["id"],
    );
    return isTable(entry) && isTable(more) ? under(entry, more) : entry;
  });
}

/**
 * Who says what this key is.
 *
 * @param path as in `configShape`: names, and positions in lists
 * @param config what the layers made, to find the entries of lists by their ids
 */
export function originOf(path: readonly (string | number)[], layers: ConfigLayers, config: Config): Origin {
  const shape: unknown = configShape(config);
  if (says(layers.file.table, path, shape)) return "file";
  if (says(layers.setup, path, shape)) return "setup";
  return says(layers.remote, path, shape) ? "remote" : "default";
}

function says(table: unknown, path: readonly (string | number)[], shape: unknown): boolean {
  let here: unknown = table;
  let there: unknown = shape;
  for (const part of path) {
    there = memberOf(there, part);
    here = typeof part === "number" ? entryOf(here, part, there) : memberOf(here, part);
    if (here === undefined) return false;
  }
  return true;
}

function memberOf(value: unknown, part: string | number): unknown {
  if (typeof part === "number") return Array.isArray(value) ? value[part] : undefined;
  return isTable(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}

/** The entry of a layer's list that stands behind an entry of the whole: by its id where it has one. */
function entryOf(list: unknown, at: number, whole: unknown): unknown {
  if (!Array.isArray(list)) return undefined;
  if (!isTable(whole) || typeof whole["id"] !== "string") return list[at];
  return list.find((entry: unknown) => isTable(entry) && entry["id"] === whole["id"]);
}

/** Which keys differ: names of tables and of keys in `cloud`, dotted. */
export function changedKeys(before: Config, after: Config): readonly string[] {
  const [old, fresh] = [flat(configShape(before)), flat(configShape(after))];
  return [...new Set([...old.keys(), ...fresh.keys()])].filter((name) => old.get(name) !== fresh.get(name));
}

function flat(shape: TomlTable): ReadonlyMap<string, string> {
  const entries = Object.entries(shape).flatMap(([name, value]): [string, string][] =>
    name === "cloud" && isTable(value)
      ? Object.entries(value).map(([key, inner]) => [`cloud.${key}`, JSON.stringify(inner)])
      : [[name, JSON.stringify(value)]],
  );
  return new Map(entries);
}
