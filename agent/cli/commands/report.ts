import { badUsage } from "../arguments.ts";
import { goodConfig } from "../chosen-config.ts";
import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { reportCsv, reportText } from "../report-text.ts";
import { toWire } from "../wire.ts";

export const reportDayCommand: CommandSpec = {
  words: ["report", "day"],
  summary: "adds up one day of the site and says whether it is complete (exit 0 either way)",
  examples: [
    { line: "pass-agent report day", says: "the day that runs now" },
    { line: "pass-agent report day --date 2026-05-19 --csv", says: "another one, for a spreadsheet" },
    { line: "pass-agent report day --json | jq .complete", says: "true when the day may be posted" },
  ],
  positionals: [],
  options: [
    { name: "date", short: null, value: "date", doc: "Day of the site, YYYY-MM-DD. Without it the one that runs now." },
    { name: "csv", short: null, value: null, doc: "Rows of section, key and figures, with a header." },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    if (args.on("csv") && args.on("json")) throw badUsage("--csv and --json exclude each other");
    const date = args.option("date");
    const config = await goodConfig(call);
    const path = `/v1/reports/day${date === null ? "" : `?date=${encodeURIComponent(date)}`}`;
    const fromDisk = async ({ books }: Parameters<Parameters<typeof factsOf>[3]>[0]) =>
      toWire(await books.dayReport(date));
    const { answer } = await factsOf(call, config, path, fromDisk, reportMs);
    if (args.on("json")) await io.stdout.write(`${JSON.stringify(answer)}\n`);
    else if (args.on("csv")) await io.stdout.write(reportCsv(answer));
    else await io.stdout.write(`${reportText(answer, call).join("\n")}\n`);
    return exitCodes.good;
  },
};

/** A day of a hundred thousand scans takes some seconds on a slow disk. */
const reportMs = 60_000;
