import { type MistakeCode, nearestName } from "./mistake.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;
export interface Refused {
  readonly ok: false;
  readonly code: MistakeCode;
  readonly problem: string;
  readonly nearest: string | null;
}

/** What a value may be: one description that reads it, explains it, and writes its JSON Schema. */
export interface ValueType<T> {
  /** What is allowed, a phrase for a person. */
  readonly allowed: string;
  readonly jsonSchema: JsonObject;
  /** Stands in for a refused value while the rest is checked; never leaves, because a mistake was noted. */
  readonly placeholder: T;
  /** True for a value that may hold a secret: no message repeats it. */
  readonly conceals?: (value: unknown) => boolean;
  parse(value: unknown): Parsed<T>;
}

/** One of a closed list of words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words): ValueType<Words[number]> {
  return {
    allowed: alternatives(words.map((word) => JSON.stringify(word))),
    jsonSchema: { type: "string", enum: [...words] },
    placeholder: words[0],
    parse: (value) => {
      if (typeof value !== "string") return wrongType("a text in quotes");
      const found = words.find((word) => word === value);
      if (found !== undefined) return { ok: true, value: found };
      const nearest = nearestName(value, words);
      return refuse("is not one of the known words", nearest === null ? null : JSON.stringify(nearest));
    },
  };
}

/** A whole number from `min` to `max`, both included. */
export function integer(range: {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}): ValueType<number> {
  const unit = range.unit === undefined ? "" : ` ${range.unit}`;
  return {
    allowed: `a whole number from ${range.min} to ${range.max}${unit}`,
    jsonSchema: { type: "integer", minimum: range.min, maximum: range.max },
    placeholder: range.min,
    parse: (value) => {
      if (typeof value !== "number" || !Number.isInteger(value)) return wrongType("a whole number");
      if (value < range.min || value > range.max) return refuse("is out of range");
      return { ok: true, value: value === 0 ? 0 : value };
    },
  };
}

/** A whole number out of a closed list. */
export function oneNumberOf(numbers: readonly [number, ...number[]]): ValueType<number> {
  return {
    allowed: numbers.join(", "),
    jsonSchema: { type: "integer", enum: [...numbers] },
    placeholder: numbers[0],
    parse: (value) => {
      if (typeof value !== "number") return wrongType("a whole number");
      return numbers.includes(value) ? { ok: true, value } : refuse("is not one of the known values");
    },
  };
}

/** A whole number from `min` to `max`, or this one word. */
export function integerOr<const Word extends string>(
  word: Word,
  range: { readonly min: number; readonly max: number },
): ValueType<number | Word> {
  const number = integer(range);
  return {
    allowed: `${number.allowed}, or ${JSON.stringify(word)}`,
    jsonSchema: { oneOf: [number.jsonSchema, { type: "string", enum: [word] }] },
    placeholder: number.placeholder,
    parse: (value) => (value === word ? { ok: true, value: word } : number.parse(value)),
  };
}

/** `true` or `false`. */
export const flag: ValueType<boolean> = {
  allowed: "true or false",
  jsonSchema: { type: "boolean" },
  placeholder: false,
  parse: (value) => (typeof value === "boolean" ? { ok: true, value } : wrongType("true or false")),
};

/**
 * A text of 1 to `max` characters that matches `pattern`, then passes `check`.
 *
 * @param check a phrase that says what is wrong, or null
 */
export function text(rule: {
  readonly allowed: string;
  readonly pattern: RegExp;
  readonly max: number;
  readonly check?: (value: string) => string | null;
  readonly conceals?: (value: unknown) => boolean;
}): ValueType<string> {
  return {
    ...(rule.conceals === undefined ? {} : { conceals: rule.conceals }),
    allowed: rule.allowed,
    jsonSchema: { type: "string", minLength: 1, maxLength: rule.max, pattern: rule.pattern.source },
    placeholder: "",
    parse: (value) => {
      if (typeof value !== "string") return wrongType("a text in quotes");
      if (value === "") return refuse("is empty");
      if (value.length > rule.max) return refuse(`is longer than ${rule.max} characters`);
      if (!rule.pattern.test(value)) return refuse("does not have the right form");
      const problem = rule.check?.(value) ?? null;
      return problem === null ? { ok: true, value } : refuse(problem);
    },
  };
}

/** A list of at most `max` different values. */
export function listOf<T>(item: ValueType<T>, max: number): ValueType<readonly T[]> {
  return {
    allowed: `a list of at most ${max}, each ${item.allowed}`,
    jsonSchema: { type: "array", maxItems: max, uniqueItems: true, items: item.jsonSchema },
    placeholder: [],
    parse: (value) => {
      if (!Array.isArray(value)) return wrongType("a list in square brackets");
      if (value.length > max) return refuse(`has more than ${max} entries`);
      const values: T[] = [];
      for (const [index, entry] of value.entries()) {
        const parsed = item.parse(entry);
        if (!parsed.ok) return { ...parsed, problem: `has an entry (number ${index + 1}) that ${parsed.problem}` };
        if (values.includes(parsed.value)) return refuse(`names entry number ${index + 1} twice`);
        values.push(parsed.value);
      }
      return { ok: true, value: values };
    },
  };
}

/** The same value, or null when the key is left out (TOML has no null). */
export function optional<T>(type: ValueType<T>): ValueType<T | null> {
  return { ...type, placeholder: null };
}

/** `a, b or c`. */
function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function refuse(problem: string, nearest: string | null = null): Refused {
  return { ok: false, code: "not_allowed", problem, nearest };
}

function wrongType(expected: string): Refused {
  return { ok: false, code: "wrong_type", problem: `is not ${expected}`, nearest: null };
}
