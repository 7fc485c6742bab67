import type { Config, Json } from "../../config/index.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import type { Call, CommandSpec } from "../command.ts";
import { CommandFault, exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { writeNewFile } from "../new-file.ts";
import { plain } from "../text.ts";
import { listAt, numberAt, toWire } from "../wire.ts";

const actMs = 10_000;

export const outboxRetryCommand: CommandSpec = {
  words: ["outbox", "retry"],
  summary: "puts dead letters back into the queue, after their cause was removed",
  examples: [
    { line: "pass-agent outbox retry", says: "all of them" },
    { line: "pass-agent outbox retry scan_01J…", says: "one" },
  ],
  positionals: [{ name: "scan", required: false, doc: "Id of one scan among the dead letters." }],
  options: [],
  usesConfig: true,
  run: async (call) => {
    const [scan] = call.args.positionals;
    const agent = agentOf(call, await goodConfig(call));
    const answer = await agent.post("/v1/outbox/retry", scan === undefined ? {} : { scan_id: scan }, actMs);
    const count = numberAt(answer, "retried") ?? 0;
    if (count === 0 && scan !== undefined) {
      throw new CommandFault("scan_not_found", `${plain(scan)} is not among the dead letters`, {
        remedy: "See which are there with: pass-agent outbox",
      });
    }
    await call.io.stdout.write(
      count === 1 ? "1 dead letter is sent again.\n" : `${count} dead letters are sent again.\n`,
    );
    return exitCodes.good;
  },
};

export const outboxSendCommand: CommandSpec = {
  words: ["outbox", "send"],
  summary: "tries the upload now instead of at the end of the wait",
  examples: [{ line: "pass-agent outbox send", says: "now" }],
  positionals: [],
  options: [],
  usesConfig: true,
  run: async (call) => {
    await agentOf(call, await goodConfig(call)).post("/v1/outbox/send", {}, actMs);
    await call.io.stdout.write("The upload is tried now.\n");
    return exitCodes.good;
  },
};

export const outboxExportCommand: CommandSpec = {
  words: ["outbox", "export"],
  summary: "writes every scan that the cloud has not acknowledged to a file, one JSON record a line",
  examples: [
    { line: "pass-agent outbox export /media/usb/scans.jsonl", says: "to a USB stick" },
    { line: "pass-agent outbox export - | wc -l", says: "to standard output" },
  ],
  positionals: [{ name: "file", required: true, doc: 'A file that is not there yet, or "-".' }],
  options: [],
  usesConfig: true,
  run: async (call) => {
    const [file = "-"] = call.args.positionals;
    const config = await goodConfig(call);
    if (file === "-") {
      await exportRecords(call, config, (line) => call.io.stdout.write(line));
      return exitCodes.good;
    }
    const count = await writeNewFile(file, (write) => exportRecords(call, config, write));
    await call.io.stdout.write(`${count} scans are in ${plain(file)}. They stay in the queue too.\n`);
    return exitCodes.good;
  },
};

/** Records asked for at once. */
const pageRecords = 500;

async function exportRecords(call: Call, config: Config, write: (line: string) => Promise<void>): Promise<number> {
  let count = 0;
  let after: number | null = null;
  for (;;) {
    const from: number | null = after;
    const path = `/v1/outbox/records?limit=${pageRecords}${from === null ? "" : `&after=${from}`}`;
    const { answer }: { answer: Json } = await factsOf(call, config, path, async (facts) => {
      const { records, next } = await facts.unacknowledged(from, pageRecords);
      return toWire({ data: records, next_after: next });
    });
    const records: readonly Json[] = listAt(answer, "data");
    for (const record of records) {
      await write(`${JSON.stringify(record)}\n`);
    }
    count += records.length;
    after = numberAt(answer, "next_after");
    if (after === null) return count;
  }
}
