import type { Condition, ConditionCode } from "./views.ts";

/** What is wrong now: raised once, cleared once, one per code and subject. */
export interface Conditions {
  raise(condition: Omit<Condition, "since">): void;
  clear(code: ConditionCode, subject: string | null): void;
  list(): readonly Condition[];
  has(code: ConditionCode, subject?: string | null): boolean;
}

/**
 * @param now RFC 3339 time of the moment
 * @param changed is told of each condition that came or went; not of a repeat with the same severity
 */
export function openConditions(
  now: () => string,
  changed: (condition: Condition, raised: boolean) => void,
): Conditions {
  const standing = new Map<string, Condition>();
  const key = (code: ConditionCode, subject: string | null): string => `${code} ${subject ?? ""}`;
  return {
    raise(condition) {
      const at = key(condition.code, condition.subject);
      const before = standing.get(at);
      const after = { ...condition, since: before?.since ?? now() };
      standing.set(at, after);
      if (before?.severity !== after.severity) changed(after, true);
    },
    clear(code, subject) {
      const at = key(code, subject);
      const before = standing.get(at);
      if (before === undefined) return;
      standing.delete(at);
      changed(before, false);
    },
    list: () => [...standing.values()],
    has: (code, subject) =>
      subject === undefined ? [...standing.values()].some((c) => c.code === code) : standing.has(key(code, subject)),
  };
}
