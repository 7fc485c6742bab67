import type { ScanRecord } from "./record.ts";
import type { Presented } from "./store/index.ts";

/** A presentation that was refused, kept for a while for the operator who decides otherwise. */
export interface Refusal {
  readonly asked: Presented;
  /** Id that the overriding record will have, however often it is asked for. */
  readonly overrideId: string;
}

/** The last refusals of this start. */
export interface Refusals {
  note(record: ScanRecord, asked: Presented): void;
  /** Null once it is too old, or too many came after it. */
  find(scanId: string): Refusal | null;
}

const most = 64;
/** An override is for whoever still stands there, milliseconds. */
export const overrideWithinMs = 600_000;

export function openRefusals(parts: { readonly monotonicMs: () => number; readonly newId: () => string }): Refusals {
  const kept = new Map<string, Refusal & { readonly atMs: number }>();
  return {
    note(record, asked) {
      if (record.decision.outcome === "accepted") return;
      kept.set(record.id, { asked, overrideId: `scan_${parts.newId()}`, atMs: parts.monotonicMs() });
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
    find(scanId) {
      const found = kept.get(scanId);
      return found === undefined || parts.monotonicMs() - found.atMs > overrideWithinMs ? null : found;
    },
  };
}
