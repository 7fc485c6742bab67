import { type Read, unknownName } from "./members.ts";
import type { Problem } from "./problem.ts";

/** Members of a request, each read by what it must be. The first mistake is the answer. */

export type Members = Readonly<Record<string, unknown>>;

/** The members of an object that has no other ones than these. */
export function readMembers(body: unknown, known: readonly string[]): Read<Members> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse("type_mismatch", "body", "The body is not a JSON object");
  }
  const problem = unknownName(Object.keys(body), known);
  return problem === null ? { ok: true, value: Object.fromEntries(Object.entries(body)) } : { ok: false, problem };
}

export interface TextForm {
  readonly pattern: RegExp;
  /** What the text must be, completing "name must be". */
  readonly says: string;
}

/** A text that must be there. */
export function readText(members: Members, name: string, form: TextForm): Read<string> {
  const value = members[name];
  if (value === undefined || value === null) return refuse("missing_field", name, `${name} is missing`);
  if (typeof value !== "string") return refuse("type_mismatch", name, `${name} must be a text`);
  return form.pattern.test(value)
    ? { ok: true, value }
    : refuse("pattern_mismatch", name, `${name} must be ${form.says}`);
}

/** As `readText`; null when it is left out. */
export function readOptionalText(members: Members, name: string, form: TextForm): Read<string | null> {
  return (members[name] ?? null) === null ? { ok: true, value: null } : readText(members, name, form);
}

/** One of a closed list of words. */
export function readWord<Word extends string>(members: Members, name: string, words: readonly Word[]): Read<Word> {
  const value = members[name];
  if (value === undefined || value === null) return refuse("missing_field", name, `${name} is missing`);
  const word = words.find((known) => known === value);
  return word === undefined
    ? refuse("invalid_enum", name, `${name} must be one of ${words.join(", ")}`)
    : { ok: true, value: word };
}

/** A whole number; `otherwise` when it is left out, or a refusal where that is null. */
export function readWhole(
  members: Members,
  name: string,
  range: { readonly min: number; readonly max: number; readonly otherwise: number | null },
): Read<number> {
  const value = members[name] ?? range.otherwise;
  if (value === null) return refuse("missing_field", name, `${name} is missing`);
  if (typeof value !== "number" || !Number.isInteger(value)) {
    return refuse("type_mismatch", name, `${name} must be a whole number`);
  }
  return value < range.min || value > range.max
    ? refuse("out_of_range", name, `${name} must be ${range.min} to ${range.max}`)
    : { ok: true, value };
}

export function refuse(
  code: Problem["code"],
  param: string,
  detail: string,
): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, param, detail } };
}
