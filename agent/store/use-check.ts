import { parseObject } from "./chain.ts";
import type { Connection } from "./connection.ts";

/** Holds the redemption memory against the journal: whoever was let in and counted must be remembered. */
export interface UseCheck {
  /** Takes one record's text, whatever it is. Only a whole one says what was decided; asked when it matters. */
  expect(text: string, isWhole: () => boolean): void;
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
    expect(text, isWhole) {
      if (missing.size >= mostMissing || !mayCount(text)) return;
      // A damaged record may lack anything.
      const { id, supersedes, decision } = parseObject(text) ?? {};
      const { outcome } = Object(decision);
      if (outcome === "rejected" && isWhole()) takenBack.add(String(supersedes));
      else if (outcome === "accepted" && find.get(String(id)) === undefined && isWhole()) missing.add(String(id));
    },
    isComplete() {
      database.exec("DROP INDEX use_check");
      return [...missing].every((id) => takenBack.has(id));
    },
  };
}

/** Could it be a record that counted a use, or one that takes another back? Looked at as text: most are neither. */
function mayCount(text: string): boolean {
  const isOriginal = text.includes('"supersedes":null');
  if (!isOriginal) return text.includes('"outcome":"rejected"');
  return /"kind":"(?:single|count|period)"/.test(text) && text.includes('"outcome":"accepted"');
}
