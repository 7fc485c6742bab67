import type { ScanRecord } from "../record.ts";
import type { Connection } from "./connection.ts";

/** Holds the redemption memory against the journal: whoever was let in and counted must be remembered. */
export interface UseCheck {
  /** Takes one record's text, whatever it is. */
  expect(text: string): void;
  /** True when every record that counted a use, and was not taken back, has its row. */
  isComplete(): boolean;
}

/** Beyond this many the memory has holes in any case. */
const mostMissing = 1_000;

/** @param database holds the memory; gets an index while this lasts, so call it inside a transaction */
export function openUseCheck(database: Connection): UseCheck {
  database.exec("CREATE INDEX use_check ON uses (scan)");
  const find = database.prepare<[string]>("SELECT 1 FROM uses WHERE scan = ?");
  const missing = new Set<string>();
  const takenBack = new Set<string>();
  return {
    expect(text) {
      const record = countedRecord(text);
      if (record === null || missing.size >= mostMissing) return;
      if (record.decision.outcome === "rejected") takenBack.add(String(record.supersedes));
      else if (find.get(record.id) === undefined) missing.add(record.id);
    },
    isComplete() {
      database.exec("DROP INDEX use_check");
      return [...missing].every((id) => takenBack.has(id));
    },
  };
}

/** A record that counted a use, or one that takes another back. */
function countedRecord(text: string): Pick<ScanRecord, "id" | "decision" | "supersedes"> | null {
  // Most records are neither: looked at as text first.
  const counts = /"kind":"(?:single|count|period)"/.test(text) && text.includes('"supersedes":null');
  const takesBack = text.includes('"outcome":"rejected"') && !text.includes('"supersedes":null');
  if (!takesBack && !(counts && text.includes('"outcome":"accepted"'))) return null;
  try {
    const record: ScanRecord = JSON.parse(text);
    return record;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return null;
  }
}
