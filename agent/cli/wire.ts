import type { Json } from "../config/index.ts";

export { toWire } from "../wire-form.ts";

/**
 * JSON as the local API speaks it. The agent that answers may be older or newer than this program, so every member is
 * looked up with its type and may be missing.
 */

/** The member at the end of `path`; null when any part of it is missing. */
export function member(value: Json, ...path: readonly string[]): Json {
  let at = value;
  for (const name of path) {
    if (!isMembers(at) || !Object.hasOwn(at, name)) return null;
    at = at[name] ?? null;
  }
  return at;
}

export function textAt(value: Json, ...path: readonly string[]): string | null {
  const found = member(value, ...path);
  return typeof found === "string" ? found : null;
}

export function numberAt(value: Json, ...path: readonly string[]): number | null {
  const found = member(value, ...path);
  return typeof found === "number" ? found : null;
}

export function flagAt(value: Json, ...path: readonly string[]): boolean {
  return member(value, ...path) === true;
}

/** The list there, or an empty one. */
export function listAt(value: Json, ...path: readonly string[]): readonly Json[] {
  const found = member(value, ...path);
  return isList(found) ? found : [];
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMembers(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
