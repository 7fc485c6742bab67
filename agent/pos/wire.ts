import type { Condition } from "../views.ts";

/** The same value with every member name in snake_case, as the API and the cloud write them. Dates and classes do not occur. */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeName(name), snakeKeys(member)]));
}

function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A list as the cloud writes it. */
export function list(items: readonly unknown[], hasMore: boolean): Readonly<Record<string, unknown>> {
  return { data: items, has_more: hasMore };
}

/** What anybody on this machine may know of a condition: no sentences, which name files, addresses and devices. */
export function publicCondition(condition: Condition): Readonly<Record<string, string | null>> {
  const { code, subject, severity, since } = condition;
  return { code, subject, severity, since };
}
