import { type Cell, csvLine } from "../../books/csv.ts";
import { flatNames, flatScan } from "../../books/flat-scan.ts";
import type { Config, Json } from "../../config/index.ts";
import { badUsage } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import type { Call, CommandSpec } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { writeNewFile } from "../new-file.ts";
import { plain } from "../text.ts";
import { listAt, member, numberAt, toWire } from "../wire.ts";

export const exportScansCommand: CommandSpec = {
  words: ["export", "scans"],
  summary: "writes the stored scans of some days to a file, for a spreadsheet or a program",
  examples: [
    { line: "pass-agent export scans --from 2026-05-01 --to 2026-05-31 --format csv may.csv", says: "a month" },
    { line: "pass-agent export scans --format jsonl - | wc -l", says: "everything, to standard output" },
  ],
  positionals: [{ name: "file", required: false, doc: 'A file that is not there yet. Without it, or "-": stdout.' }],
  options: [
    {
      name: "from",
      short: null,
      value: "date",
      doc: "First day of the site, YYYY-MM-DD. Without it from the beginning.",
    },
    { name: "to", short: null, value: "date", doc: "Last day, included. Without it up to now." },
    {
      name: "format",
      short: null,
      value: "name",
      doc: "jsonl: the whole records, one a line. csv: one row each, with a header. Without it jsonl.",
    },
  ],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const format = args.option("format") ?? "jsonl";
    if (format !== "jsonl" && format !== "csv")
      throw badUsage(`--format ${JSON.stringify(format)} is not jsonl or csv`);
    const [file = "-"] = args.positionals;
    const query = { from: args.option("from"), to: args.option("to"), format } as const;
    const config = await goodConfig(call);
    if (file === "-") {
      await exportScans(call, config, query, (text) => io.stdout.write(text));
      return exitCodes.good;
    }
    const count = await writeNewFile(file, (write) => exportScans(call, config, query, write));
    await io.stdout.write(`${count === 1 ? "1 scan is" : `${count} scans are`} in ${plain(file)}.\n`);
    return exitCodes.good;
  },
};

interface Query {
  readonly from: string | null;
  readonly to: string | null;
  readonly format: "jsonl" | "csv";
}

/** Records looked at at once: small enough that a decision never waits for a page. */
const pageRecords = 500;

async function exportScans(
  call: Call,
  config: Config,
  query: Query,
  write: (text: string) => Promise<void>,
): Promise<number> {
  let count = 0;
  const take = async (rows: readonly Json[]): Promise<void> => {
    const lines = rows.map(query.format === "csv" ? csvRow : (row) => `${JSON.stringify(row)}\n`);
    if (lines.length > 0) await write(lines.join(""));
    count += rows.length;
  };
  const first = await factsOf(call, config, pagePath(query, 0), async ({ books }) => {
    if (query.format === "csv") await write(csvLine(flatNames));
    for (let after: number | null = 0; after !== null; ) {
      const { records, next }: Awaited<ReturnType<typeof books.scans>> = await books.scans({
        ...query,
        after,
        limit: pageRecords,
      });
      await take(records.map((record) => toWire(query.format === "csv" ? flatScan(record) : record)));
      after = next;
    }
    return null;
  });
  if (!first.live) return count;
  if (query.format === "csv") await write(csvLine(flatNames));
  for (let page = first.answer; ; ) {
    await take(listAt(page, "data"));
    const next = numberAt(page, "next_after_sequence");
    if (next === null) return count;
    page = await agentOf(call, config).get(pagePath(query, next));
  }
}

function pagePath({ from, to, format }: Query, after: number): string {
  const asked = new URLSearchParams({ limit: String(pageRecords), after_sequence: String(after) });
  if (from !== null) asked.set("from", from);
  if (to !== null) asked.set("to", to);
  if (format === "csv") asked.set("format", "flat");
  return `/v1/scans?${asked.toString()}`;
}

function csvRow(flat: Json): string {
  return csvLine(flatNames.map((name) => cellOf(member(flat, name))));
}

function cellOf(value: Json): Cell {
  return typeof value === "object" ? null : value;
}
