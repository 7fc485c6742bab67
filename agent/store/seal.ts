import { hash } from "node:crypto";
import type { Cell, Row } from "./table-reader.ts";

/**
 * Check values of rows that no hash chain and no signature covers: 48 bits of a SHA-256 over the columns that never change by
 * themselves. SQLite does not notice a bit that flips inside a row; without them a used pass would turn into another one,
 * unseen. They are against failing disks, not against people.
 */
const sealed = {
  // "at" and "reported" change later (redemptions.ts, late-revocations.ts).
  uses: ["tenant", "environment", "list", "idx", "counter", "scan", "lane", "persons"],
  meta: ["name", "value"],
  reservations: ["scan", "tenant", "environment", "list", "idx", "record"],
  codes: ["tenant", "environment", "list", "idx", "turn", "step_s", "accepted_at", "lane", "scan", "wrong", "wrong_at"],
} as const;

/** @param row the columns by name */
export function sealOf(table: keyof typeof sealed, row: Readonly<Record<string, Cell>>): number {
  const text = JSON.stringify(sealed[table].map((name) => row[name] ?? null));
  return hash("sha256", text, "buffer").readUIntBE(0, 6);
}

/** False for a row that is not as it was written. Rows without a seal, of other tables and older versions, pass. */
export function isSealWhole(table: string, row: Row): boolean {
  const { seal } = row;
  if (seal === undefined || seal === null || !isSealed(table)) return true;
  return seal === sealOf(table, row);
}

function isSealed(table: string): table is keyof typeof sealed {
  return Object.hasOwn(sealed, table);
}
