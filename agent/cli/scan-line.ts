import type { Json } from "../config/index.ts";
import type { CliIo } from "./io.ts";
import { ago, localTime, type Palette, plain } from "./text.ts";
import { flagAt, numberAt, textAt } from "./wire.ts";

/** One scan record as the cells of a line: number, time, how long ago, where, pass, answer. */
export function scanCells(scan: Json, io: CliIo, colours: Palette): readonly string[] {
  const at = textAt(scan, "scanned_at") ?? "";
  return [
    String(numberAt(scan, "sequence") ?? "?"),
    localTime(at, io.timeZone),
    colours.faint(ago(at, io.now())),
    plain(`${textAt(scan, "lane") ?? "?"}/${textAt(scan, "reader") ?? "?"}`),
    plain(textAt(scan, "pass_id") ?? "-"),
    answerText(scan, io, colours),
  ];
}

export const scanHeaders = ["NO", "WHEN", "", "LANE/READER", "PASS", "ANSWER"];

/** `rejected: already_redeemed, first 2026-05-19 12:14:22 +02:00 (2 min ago) at gate-2`. */
export function answerText(scan: Json, io: CliIo, colours: Palette): string {
  const outcome = textAt(scan, "decision", "outcome") ?? "?";
  const by = textAt(scan, "decision", "by") ?? "agent";
  const reason = textAt(scan, "decision", "reason") ?? "?";
  const word = outcome === "accepted" ? colours.good(outcome) : colours.bad(plain(outcome));
  const decider = by === "agent" ? "" : ` by ${plain(by)}`;
  const why = reason === "ok" ? "" : `: ${plain(reason)}`;
  return [`${word}${decider}${why}`, firstUse(scan, io), nextUse(scan, io), flagAt(scan, "offline") ? "offline" : null]
    .filter((part) => part !== null)
    .join(", ");
}

/** Only a refusal is explained by an earlier use. */
function firstUse(scan: Json, io: CliIo): string | null {
  const at = textAt(scan, "use", "first_at");
  if (at === null || textAt(scan, "decision", "outcome") === "accepted") return null;
  const lane = textAt(scan, "use", "first_lane");
  const where = lane === null ? "" : ` at ${plain(lane)}`;
  return `first ${localTime(at, io.timeZone)} (${ago(at, io.now())})${where}`;
}

function nextUse(scan: Json, io: CliIo): string | null {
  const at = textAt(scan, "use", "next_at");
  return at === null ? null : `good again from ${localTime(at, io.timeZone)}`;
}
