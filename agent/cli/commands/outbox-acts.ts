import { open } from "node:fs/promises";
import type { Config, Json } from "../../config/index.ts";
import { badUsage } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import type { Call, CommandSpec } from "../command.ts";
import { CommandFault, exitCodes } from "../commands.ts";
import { factsOf } from "../facts.ts";
import { writeNewFile } from "../new-file.ts";
import { plain } from "../text.ts";
import { listAt, numberAt, textAt, toWire } from "../wire.ts";

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
    {
      line: "pass-agent outbox export --signed /media/usb/gate-1.scans",
      says: "to be uploaded elsewhere",
    },
  ],
  positionals: [{ name: "file", required: true, doc: 'A file that is not there yet, or "-".' }],
  options: [
    {
      name: "signed",
      short: null,
      value: null,
      doc: "Signed, for pass-agent outbox upload elsewhere. For the agent's user.",
    },
  ],
  usesConfig: true,
  run: async (call) => {
    const [file = "-"] = call.args.positionals;
    const config = await goodConfig(call);
    if (call.args.on("signed")) return exportSigned(call, config, file);
    if (file === "-") {
      await exportRecords(call, config, (line) => call.io.stdout.write(line));
      return exitCodes.good;
    }
    const count = await writeNewFile(file, (write) => exportRecords(call, config, write));
    await call.io.stdout.write(`${scans(count)} in ${plain(file)}, and in the queue too.\n`);
    return exitCodes.good;
  },
};

/** All that waits, as batches that another terminal can upload in this one's name. */
async function exportSigned(call: Call, config: Config, file: string): Promise<number> {
  const records: Json[] = [];
  await exportRecords(call, config, async (line) => {
    const record: Json = JSON.parse(line);
    records.push(record);
  });
  if (records.length === 0) {
    await call.io.stderr.write("pass-agent: No scan waits for the cloud; nothing was written.\n");
    return exitCodes.good;
  }
  const lines = await call.commands.carry.sign(config, records);
  const text = lines.map((line) => `${line}\n`).join("");
  if (file === "-") await call.io.stdout.write(text);
  else {
    await writeNewFile(file, (write) => write(text));
    await call.io.stdout.write(`${scans(records.length)} in ${plain(file)}, signed, and in the queue too.\n`);
  }
  return exitCodes.good;
}

export const outboxUploadCommand: CommandSpec = {
  words: ["outbox", "upload"],
  summary: "uploads scans that another terminal exported, and keeps the platform's signed receipts for it",
  examples: [
    {
      line: "pass-agent outbox upload gate-1.scans --receipts r.txt",
      says: "on an enrolled terminal of the same tenant",
    },
  ],
  positionals: [{ name: "file", required: true, doc: "What pass-agent outbox export --signed wrote." }],
  options: [{ name: "receipts", short: null, value: "file", doc: "A file that is not there yet." }],
  usesConfig: true,
  run: async (call) => {
    const target = call.args.option("receipts");
    if (target === null) {
      throw badUsage("pass-agent outbox upload needs --receipts <file>", "The terminal needs them: name a new file");
    }
    const config = await goodConfig(call);
    const { carry } = call.commands;
    const [source = ""] = call.args.positionals;
    const lines = carry.lines(await readText(source), source);
    // The place for the receipts is there before anything is sent.
    const { receipts, stopped } = await writeNewFile(target, async (write) => {
      const outcome = await carry.upload(config, lines, call.io.signal);
      if (outcome.receipts.length === 0 && outcome.stopped !== null) throw uploadStopped(outcome.stopped, "");
      for (const jws of outcome.receipts) await write(`${jws}\n`);
      return outcome;
    });
    const count = lines.length === 1 ? "The batch is" : `${receipts.length} of ${lines.length} batches are`;
    await call.io.stdout.write(`${count} at the platform; take ${plain(target)} back to the terminal.\n`);
    if (stopped === null) return exitCodes.good;
    throw uploadStopped(stopped, " with another name for the receipts");
  },
};

/** @param how what to change when it is run again */
function uploadStopped(why: string, how: string): CommandFault {
  return new CommandFault("upload_stopped", `The upload stopped: ${plain(why)}`, {
    remedy: `Check the network, then run it again${how}: nothing is taken twice`,
  });
}

export const outboxImportReceiptsCommand: CommandSpec = {
  words: ["outbox", "import-receipts"],
  summary: "takes out of the queue what the platform's signed receipts say that it has",
  examples: [{ line: "pass-agent outbox import-receipts /media/usb/gate-1.receipts", says: "back at the terminal" }],
  positionals: [{ name: "file", required: true, doc: "What pass-agent outbox upload wrote." }],
  options: [],
  usesConfig: true,
  run: async (call) => {
    const agent = agentOf(call, await goodConfig(call));
    const [source = ""] = call.args.positionals;
    const receipts = call.commands.carry.receipts(await readText(source), source);
    const own = textAt(await agent.get("/v1/status"), "scanner_id");
    const strange = receipts.find(({ scannerId }) => scannerId !== own);
    if (strange !== undefined) {
      const message = `${plain(source)} is for ${plain(strange.scannerId)}, and this terminal is ${plain(own ?? "nobody")}`;
      throw new CommandFault("other_terminal", message, { remedy: "Take it to the terminal that it is for" });
    }
    let count = 0;
    for (const { jws } of receipts) {
      count += numberAt(await agent.post("/v1/outbox/receipts", { receipt: jws }, actMs), "acknowledged") ?? 0;
    }
    const text =
      count === 0
        ? "No scan has left the queue: what these receipts prove had left it before, or the log says receipt_refused."
        : `${count === 1 ? "1 scan has" : `${count} scans have`} left the queue.`;
    await call.io.stdout.write(`${text}\n`);
    return exitCodes.good;
  },
};

function scans(count: number): string {
  return count === 1 ? "1 scan is" : `${count} scans are`;
}

/** A hundred thousand scans have some 100 MB. */
const longestFile = 512 * 1024 * 1024;

async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    if ((await file.stat()).size > longestFile) throw new CommandFault("file_too_large", `${plain(path)} is too large`);
    return await file.readFile("utf8");
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    const code = "code" in cause ? ` (${String(cause.code)})` : "";
    throw new CommandFault("file_unreadable", `${plain(path)} cannot be read${code}`, {
      remedy: "Give the name of a file that this user may read",
      cause,
    });
  }
}

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
