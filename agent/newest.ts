import type { Clock } from "./clock.ts";

/** Tells the newest of values that may change faster than anybody wants to hear of. */
export interface Newest<Value> {
  set(key: string, value: Value): void;
}

/**
 * For each key a value is told at once, and then at most one every `everyMs`: the newest, unless it says the same as the one
 * that was told last. There is one entry for each key that was ever set: keys must come from a bounded set.
 *
 * @param print what makes two values the same
 */
export function openNewest<Value>(
  everyMs: number,
  clock: Pick<Clock, "after">,
  print: (value: Value) => string,
  tell: (value: Value) => void,
): Newest<Value> {
  const entries = new Map<string, { told: string; next: Value | null; waiting: boolean }>();
  return {
    set(key, value) {
      const entry = entries.get(key) ?? { told: "", next: null, waiting: false };
      entries.set(key, entry);
      entry.next = value;
      const say = (): void => {
        const { next } = entry;
        entry.next = null;
        entry.waiting = next !== null && print(next) !== entry.told;
        if (next === null || !entry.waiting) return;
        entry.told = print(next);
        tell(next);
        clock.after(everyMs, say);
      };
      if (!entry.waiting) say();
    },
  };
}
