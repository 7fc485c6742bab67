import type { Json } from "../config/index.ts";

/**
 * JSON as the local API speaks it. The agent that answers may be older or newer than this program, so every member is
 * looked up with its type and may be missing.
 */

/** Members in snake_case, as on the wire; what JSON cannot say is left out. */
export function toWire(value: unknown): Json {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object") return null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && typeof member !== "function")
      .map(([name, member]) => [snakeCase(name), toWire(member)]),
  );
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

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
