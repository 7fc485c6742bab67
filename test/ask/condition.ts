import type { Condition } from "../../agent/views.ts";

/** A reader that is not there. */
export const condition = (part: Partial<Condition> = {}): Condition => ({
  code: "reader_absent",
  subject: "gate-1-nfc",
  severity: "error",
  detail: "it is not there",
  remedy: "plug it in",
  since: "2026-05-19T10:00:00.000Z",
  ...part,
});
