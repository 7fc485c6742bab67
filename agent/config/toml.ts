import { parse, stringify, TomlError } from "smol-toml";
import type { KeyPath, Mistake } from "./mistake.ts";

export type TomlTable = Readonly<Record<string, unknown>>;

/** Lists and inline tables may nest this deep; the configuration needs two levels. */
const maxDepth = 16;

/**
 * Above these, line numbers of single keys are not looked up: each costs a few parses of a part of the file, and a file of
 * this size whose every line is wrong takes a fraction of a second.
 */
const maxLinesForLookup = 1000;
const maxCharactersForLookup = 64 * 1024;

/** Parses TOML 1.0 (toml.io); a syntax error comes back as the one mistake there is. A byte order mark is skipped. */
export function parseToml(text: string): { readonly table: TomlTable } | { readonly mistake: Mistake } {
  try {
    return { table: parse(text, { maxDepth }) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n", 1)[0] ?? "";
    return {
      mistake: {
        code: "syntax",
        path: "",
        line: error.line,
        value: null,
        problem,
        allowed: null,
        nearest: null,
        excerpt: error.codeblock.trimEnd(),
      },
    };
  }
}

/** Writes a table as TOML; null members are left out. */
export function writeToml(table: TomlTable): string {
  return `${stringify(table).trim()}\n`;
}

/**
 * Finds the line of a key by asking the parser itself: the shortest beginning of the file that parses and holds the key
 * ends on its line. Exact for any spelling (dotted, inline, quoted); for a value over several lines it is the last one.
 *
 * @returns a function from key path to line (from 1). Of a key that is missing, the line of the header it should follow;
 * null where there is none either
 */
export function lineFinder(text: string): (path: KeyPath) => number | null {
  const ends = text.length > maxCharactersForLookup ? [] : lineEnds(text);
  if (ends.length === 0 || ends.length > maxLinesForLookup) return () => null;
  const beginnings = new Map<number, TomlTable | null>();
  const beginning = (line: number): TomlTable | null => {
    let known = beginnings.get(line);
    if (known === undefined) {
      const reading = parseToml(text.slice(0, ends[line - 1]));
      known = "table" in reading ? reading.table : null;
      beginnings.set(line, known);
    }
    return known;
  };
  const holdsBy = (line: number, path: KeyPath): boolean => {
    // A beginning that ends inside a list or a long string does not parse: the last one before it that does knows as much.
    for (let back = line; back > 0; back--) {
      const table = beginning(back);
      if (table !== null) return holds(table, path);
    }
    return false;
  };
  return (wanted) => {
    let path = wanted;
    while (path.length > 0 && !holdsBy(ends.length, path)) path = path.slice(0, -1);
    if (path.length === 0) return null;
    let low = 1;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holdsBy(middle, path)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function lineEnds(text: string): readonly number[] {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) ends.push(at + 1);
  if ((ends.at(-1) ?? 0) < text.length) ends.push(text.length);
  return ends;
}

function holds(table: TomlTable, path: KeyPath): boolean {
  let value: unknown = table;
  for (const part of path) {
    if (typeof part === "number") {
      if (!Array.isArray(value) || part >= value.length) return false;
      value = value[part];
    } else {
      if (!isTable(value) || !Object.hasOwn(value, part)) return false;
      value = value[part];
    }
  }
  return true;
}

/** True for what `[name]` and `{…}` give; false for lists and dates. */
export function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
