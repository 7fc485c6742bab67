/** What can be wrong with one key. Codes are API: add, never rename. */
export const mistakeCodes = [
  "syntax",
  "unknown_key",
  "wrong_place",
  "missing_key",
  "wrong_type",
  "not_allowed",
  "duplicate",
  "unknown_lane",
  "unsafe",
] as const;
export type MistakeCode = (typeof mistakeCodes)[number];

/** One mistake in a configuration, with all a person needs to mend it. */
export interface Mistake {
  readonly code: MistakeCode;
  /** `reader[2].baud_rate`, counted from 0; empty for a syntax error. */
  readonly path: string;
  /** Line of the file, from 1, where the parser can name one. */
  readonly line: number | null;
  /** The bad value as JSON, shortened; null when a key is missing or its value is beside the point. */
  readonly value: string | null;
  /** What is wrong, a phrase that follows the key. */
  readonly problem: string;
  readonly allowed: string | null;
  /** A known name or value within two typing errors of what was written. */
  readonly nearest: string | null;
  /** For a syntax error: the lines around it with a caret under the spot. */
  readonly excerpt: string | null;
}

/** Key path: names and, inside `[[lists]]`, positions from 0. */
export type KeyPath = readonly (string | number)[];

/** A list longer than this helps nobody; the rest shows after these are mended. */
const maxMistakes = 100;

/** Gathers every mistake of one reading, so that all are reported at once. */
export interface Findings {
  add(path: KeyPath, mistake: NewMistake): void;
  /** True when something was already said about exactly this key: a second remark on its stand-in would be noise. */
  spoiled(path: KeyPath): boolean;
  list(): readonly Mistake[];
}

export interface NewMistake {
  readonly code: MistakeCode;
  readonly problem: string;
  /** The value as parsed; leave out to show none. */
  readonly value?: unknown;
  readonly allowed?: string;
  readonly nearest?: string | null;
}

/** @param lineOf where a key stands in the file, or null */
export function openFindings(lineOf: (path: KeyPath) => number | null): Findings {
  const found: Mistake[] = [];
  const said = new Set<string>();
  return {
    add: (path, mistake) => {
      const name = pathText(path);
      said.add(name);
      if (found.length >= maxMistakes) return;
      found.push({
        code: mistake.code,
        path: name,
        line: lineOf(path),
        value: "value" in mistake ? valueText(mistake.value) : null,
        problem: mistake.problem,
        allowed: mistake.allowed ?? null,
        nearest: mistake.nearest ?? null,
        excerpt: null,
      });
    },
    spoiled: (path) => said.has(pathText(path)),
    list: () => found,
  };
}

/**
 * One mistake as text: where, what, what is allowed, code at the end. A syntax error is followed by its excerpt.
 *
 * @param source name of the file
 */
export function describeMistake(mistake: Mistake, source: string): string {
  const where = mistake.line === null ? source : `${source}:${mistake.line}`;
  const subject = mistake.value === null ? mistake.path : `${mistake.path} = ${mistake.value}`;
  const text = [`${where}: ${[subject, mistake.problem].filter((part) => part !== "").join(" ")}.`];
  if (mistake.nearest !== null) text.push(`Did you mean ${mistake.nearest}?`);
  if (mistake.allowed !== null) text.push(`Allowed: ${mistake.allowed}.`);
  text.push(`[${mistake.code}]`);
  const line = text.join(" ");
  return mistake.excerpt === null ? line : `${line}\n${mistake.excerpt}`;
}

/** `["reader", 2, "baud_rate"]` as `reader[2].baud_rate`; names that TOML would quote are quoted. */
export function pathText(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = /^[A-Za-z0-9_-]{1,60}$/.test(part) ? part : valueText(part);
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

const longestValue = 60;

function valueText(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null) return "a table";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}

/**
 * The one name of `known` that `written` was probably meant to be: at most two typing errors away (insert, drop, change,
 * swap neighbours), or one is the beginning of the other (three letters at least). Null when none is.
 */
export function nearestName(written: string, known: readonly string[]): string | null {
  if (written.length > 64) return null;
  const lower = written.toLowerCase();
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const name of known) {
    const distance = editDistance(lower, name.toLowerCase());
    // Two errors in a word of three letters leave nothing of it.
    const allowed = Math.min(2, Math.floor(Math.min(name.length, written.length) / 2));
    if (distance <= allowed && (best === null || distance < best.distance)) best = { name, distance };
  }
  if (best !== null) return best.name;
  if (lower.length < 3) return null;
  return known.find((name) => name.startsWith(lower) || (name.length >= 3 && lower.startsWith(name))) ?? null;
}

/** Optimal string alignment distance; both words are short. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(above, column) + 1,
        at(current, column - 1) + 1,
        at(above, column - 1) + change,
        swapped ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = above;
    above = current;
  }
  return at(above, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
