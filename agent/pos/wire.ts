import type { Condition } from "../views.ts";

/** A list as the cloud writes it. */
export function list(items: readonly unknown[], hasMore: boolean): Readonly<Record<string, unknown>> {
  return { data: items, has_more: hasMore };
}

/** What anybody on this machine may know of a condition: no sentences, which name files, addresses and devices. */
export function publicCondition(condition: Condition): Readonly<Record<string, string | null>> {
  const { code, subject, severity, since } = condition;
  return { code, subject, severity, since };
}
