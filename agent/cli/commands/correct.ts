import { correctionReasons } from "../../record.ts";
import { badUsage } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { readSaleOptions, saleOptions } from "../sale-options.ts";
import { plain } from "../text.ts";
import { textAt } from "../wire.ts";

export const correctCommand: CommandSpec = {
  words: ["correct"],
  summary: "writes a record that corrects amount or receipt of an earlier scan; the scan itself stays as it is",
  examples: [
    { line: "pass-agent correct scan_01J… --reason refunded --amount=-1250", says: "12.50 went back" },
    { line: "pass-agent correct scan_01J… --reason amended --ref pos_check:4711", says: "the receipt was missing" },
  ],
  positionals: [{ name: "scan", required: true, doc: "Id of the scan." }],
  options: [
    { name: "reason", short: null, value: "word", doc: `Why: ${correctionReasons.join(" or ")}. Required.` },
    ...saleOptions,
    { name: "id", short: null, value: "scan", doc: "Id of the new record, scan_<ULID>: asking twice writes once." },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const [scan = ""] = args.positionals;
    const reason = args.option("reason");
    if (reason === null) throw badUsage("pass-agent correct needs --reason", `Give ${correctionReasons.join(" or ")}`);
    const id = args.option("id");
    const body = { reason, ...(id === null ? {} : { id }), ...readSaleOptions(args) };
    const agent = agentOf(call, await goodConfig(call));
    const record = await agent.post(`/v1/scans/${encodeURIComponent(scan)}/correct`, body, actMs);
    const text = `Recorded as ${plain(textAt(record, "id") ?? "?")}, which supersedes ${plain(textAt(record, "supersedes") ?? "?")}.`;
    await io.stdout.write(`${args.on("json") ? JSON.stringify(record) : text}\n`);
    return exitCodes.good;
  },
};

const actMs = 10_000;
