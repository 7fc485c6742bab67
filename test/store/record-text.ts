import type Database from "better-sqlite3";
import { recordText } from "../../agent/store/record-row.ts";

/** The text of a row of `scans`, in SQL, once `teachRecordText` was called. */
export const textOfRow = "record_text(sequence, id, pass_id, record, hash)";

/** For tests that look into a terminal's database with SQL. */
export function teachRecordText(database: Database.Database): void {
  database.function(
    "record_text",
    { deterministic: true },
    (sequence: number, id: string, passId: string | null, record: string, hash: string) =>
      recordText({ sequence, id, passId, record, hash }),
  );
}
