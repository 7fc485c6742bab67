import { csvLine } from "../books/csv.ts";
import type { Json } from "../config/index.ts";
import type { Call } from "./command.ts";
import { capital, columns, palette, plain, sentence } from "./text.ts";
import { flagAt, listAt, numberAt, textAt } from "./wire.ts";

/** The day report for people. */
export function reportText(report: Json, call: Call): readonly string[] {
  const colours = palette(call.io);
  const counts = (row: Json): readonly string[] => [figure(row, "accepted"), figure(row, "rejected")];
  const head = (...names: readonly string[]): readonly string[] => names.map(colours.faint);
  const table = (name: string, rows: readonly (readonly string[])[]): readonly string[] =>
    rows.length === 0 ? [] : ["", ...columns([head(name, "ACCEPTED", "REJECTED"), ...rows])];
  const corrections = numberAt(report, "corrections", "count") ?? 0;
  const earlier = numberAt(report, "corrections", "earlier_days") ?? 0;
  return [
    colours.strong(plain(`${textAt(report, "date") ?? "?"}, ${textAt(report, "time_zone") ?? "?"}`)),
    ...columns([
      ["Presentations", `${counts(presentations(report)).join(" accepted, ")} rejected`],
      ["Corrections", earlier === 0 ? String(corrections) : `${corrections}, ${earlier} of them about earlier days`],
      ...listAt(report, "amounts").map(amountCells),
    ]),
    ...table(
      "VERDICT",
      listAt(report, "verdicts").map((row) => {
        const accepted = textAt(row, "outcome") === "accepted";
        const count = figure(row, "count");
        return [verdictName(row), accepted ? count : "0", accepted ? "0" : count];
      }),
    ),
    ...table(
      "TEMPLATE, USE",
      listAt(report, "kinds").map((row) => [kindName(row), ...counts(row)]),
    ),
    ...table(
      "LANE",
      listAt(report, "lanes").map((row) => [plain(textAt(row, "lane") ?? "?"), ...counts(row)]),
    ),
    ...table(
      "CHANNEL",
      listAt(report, "channels").map((row) => [plain(textAt(row, "channel") ?? "?"), ...counts(row)]),
    ),
    ...untrusted(numberAt(report, "clock_untrusted") ?? 0),
    "",
    ...completeText(report, call),
  ];
}

function completeText(report: Json, call: Call): readonly string[] {
  const colours = palette(call.io);
  if (flagAt(report, "complete")) return [`Is the day complete? ${colours.good("Yes")}.`];
  const reasons = listAt(report, "missing").map((reason) => {
    const detail = capital(sentence(textAt(reason, "detail") ?? ""));
    return `  ${detail} [${plain(textAt(reason, "code") ?? "?")}]`;
  });
  return [`Is the day complete? ${colours.bad("No")}.`, ...reasons];
}

function untrusted(count: number): readonly string[] {
  if (count === 0) return [];
  const scans = count === 1 ? "1 record was" : `${count} records were`;
  return ["", `${scans} made while the clock was not to be trusted: the day may be another.`];
}

function amountCells(row: Json): readonly string[] {
  const sum = (name: string): string => {
    const cents = numberAt(row, name);
    return cents === null ? "more than can be shown" : String(cents);
  };
  const parts = `sales ${sum("sales_cents")}, corrections ${sum("corrections_cents")}, net ${sum("net_cents")}`;
  return [plain(`${textAt(row, "currency") ?? "?"}, cents`), parts];
}

/** The same figures as rows of a CSV file; `key` joins what the section is counted by. */
export function reportCsv(report: Json): string {
  const date = textAt(report, "date");
  const line = (section: string, key: string | null, accepted: number | null, rejected: number | null): string =>
    csvLine([date, section, key, accepted, rejected, null, null]);
  const counted = (section: string, key: string | null, row: Json): string =>
    line(section, key, numberAt(row, "accepted"), numberAt(row, "rejected"));
  return [
    csvLine(["date", "section", "key", "accepted", "rejected", "amount_cents", "currency"]),
    counted("presentations", null, presentations(report)),
    ...listAt(report, "verdicts").map((row) => {
      const accepted = textAt(row, "outcome") === "accepted";
      const count = numberAt(row, "count");
      return line("verdict", verdictName(row), accepted ? count : 0, accepted ? 0 : count);
    }),
    ...listAt(report, "kinds").map((row) => counted("kind", kindName(row), row)),
    ...listAt(report, "lanes").map((row) => counted("lane", textAt(row, "lane"), row)),
    ...listAt(report, "channels").map((row) => counted("channel", textAt(row, "channel"), row)),
    ...listAt(report, "amounts").flatMap((row) =>
      (["sales", "corrections", "net"] as const).map((name) =>
        csvLine([date, "amount", name, null, null, numberAt(row, `${name}_cents`), textAt(row, "currency")]),
      ),
    ),
    csvLine([date, "complete", flagAt(report, "complete") ? "yes" : "no", null, null, null, null]),
    ...listAt(report, "missing").map((row) => csvLine([date, "missing", textAt(row, "code"), null, null, null, null])),
  ].join("");
}

function presentations(report: Json): Json {
  return {
    accepted: numberAt(report, "presentations", "accepted"),
    rejected: numberAt(report, "presentations", "rejected"),
  };
}

function verdictName(row: Json): string {
  return plain(`${textAt(row, "result") ?? "?"}: ${textAt(row, "reason") ?? "?"}`);
}

function kindName(row: Json): string {
  return plain(`${textAt(row, "template_id") ?? "no template"}, ${textAt(row, "use_kind") ?? "?"}`);
}

function figure(row: Json, name: string): string {
  return String(numberAt(row, name) ?? "?");
}
