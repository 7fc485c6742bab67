import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { type Config, nearestName, type SerialReaderConfig, serialModels } from "../../config/index.ts";
import type { ScannerCheckView } from "../../devices-views.ts";
import { badUsage, integerOption } from "../arguments.ts";
import { agentOf, configIfAny, goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { CommandFault, exitCodes } from "../commands.ts";
import { columns, palette, plain, sentence } from "../text.ts";
import { listAt, textAt, toWire } from "../wire.ts";

export const doctorScannerCommand: CommandSpec = {
  words: ["doctor", "scanner"],
  summary: "shows what a serial scanner sends for one code, and how to configure it",
  examples: [
    { line: "pass-agent doctor scanner /dev/serial/by-id/usb-…", says: "before it is configured" },
    { line: "pass-agent doctor scanner gate-2-qr", says: "a configured one, while the agent is stopped" },
    { line: "pass-agent doctor scanner /dev/ttyS0 --model metrologic", says: "with that model's line speed" },
  ],
  positionals: [
    { name: "scanner", required: true, doc: "The id of a configured reader, or the path of a serial port." },
  ],
  options: [
    { name: "model", short: "m", value: "id", doc: "Row of docs/scanners.md to try; it may be asked what it is." },
    { name: "wait", short: "w", value: "s", doc: "How long to wait for the scan, 1 to 600 seconds. Without it 60." },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const waitS = integerOption(args, "wait", { min: 1, max: 600, otherwise: 60 });
    const model = modelOption(call);
    const subject = await subjectOf(call, args.positionals[0] ?? "");
    const view = await check(call, subject, model, waitS);
    if (view === null) {
      if (io.signal.aborted) return exitCodes.failed;
      throw new CommandFault("nothing_scanned", `Nothing came from ${subject.path} in ${waitS} s`, {
        remedy: "If it beeped at the code it is not in serial mode; see: pass-agent devices",
      });
    }
    await io.stdout.write(`${args.on("json") ? JSON.stringify(toWire(view)) : checkText(view, call).join("\n")}\n`);
    return exitCodes.good;
  },
};

interface Subject {
  readonly config: Config | null;
  readonly reader: SerialReaderConfig | null;
  readonly path: string;
}

function modelOption({ args }: Call): string | null {
  const model = args.option("model");
  if (model === null || serialModels.some((known) => known === model)) return model;
  const nearest = nearestName(model, serialModels);
  throw badUsage(
    `There is no model ${model}${nearest === null ? "" : `; did you mean ${nearest}?`}`,
    `There are: ${serialModels.join(", ")}`,
  );
}

/** What has a slash is a path, everything else the id of a reader. */
async function subjectOf(call: Call, written: string): Promise<Subject> {
  if (written.includes("/")) {
    const config = await configIfAny(call);
    const path = resolve(call.io.cwd, written);
    // Keyboards and HID devices have no line that could be listened to.
    if (/^\/dev\/(input\/|hidraw)/.test(path)) {
      const found = "pass-agent devices says what it is, and how a scanner that types becomes a serial port";
      throw badUsage(`${written} is no serial port`, found);
    }
    return { config, reader: config === null ? null : await readerAt(config, path), path };
  }
  const config = await goodConfig(call);
  const reader = config.readers.find(({ id }) => id === written);
  if (reader === undefined) {
    const ids = config.readers.map(({ id }) => id).join(", ");
    throw badUsage(`There is no reader ${written}`, `There are: ${ids}. A port is named by its path, with a slash`);
  }
  if (reader.kind !== "serial") {
    throw badUsage(`The reader ${written} is of kind ${reader.kind}, not a serial scanner`, "See: pass-agent devices");
  }
  return { config, reader, path: reader.path };
}

async function readerAt(config: Config, path: string): Promise<SerialReaderConfig | null> {
  const node = await nodeOf(path);
  for (const reader of config.readers) {
    if (reader.kind === "serial" && (await nodeOf(reader.path)) === node) return reader;
  }
  return null;
}

async function nodeOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function check(
  call: Call,
  subject: Subject,
  model: string | null,
  waitS: number,
): Promise<ScannerCheckView | null> {
  const { io, commands } = call;
  let prompted: Promise<void> | null = null;
  const ready = (identity: string | null) => {
    const says = identity === null ? "" : `The scanner says it is ${plain(identity)}. `;
    prompted = io.stderr.write(`${says}Scan anything now; I listen to ${plain(subject.path)} for ${waitS} s.\n`);
  };
  try {
    const view = await commands.checkScanner({ ...subject, model, waitMs: waitS * 1_000, ready }, io.signal);
    await prompted;
    return view;
  } catch (error) {
    throw (await heldByAgent(call, subject, error)) ?? error;
  }
}

/** A port that is busy because our own agent reads from it. */
async function heldByAgent(
  call: Call,
  { config, reader, path }: Subject,
  cause: unknown,
): Promise<CommandFault | null> {
  const busy = cause instanceof Error && "code" in cause && cause.code === "reader_busy";
  if (!busy || config === null || reader === null) return null;
  try {
    const status = await agentOf(call, config).get("/v1/status");
    const own = listAt(status, "readers").find((view) => textAt(view, "id") === reader.id);
    if (textAt(own ?? null, "state") !== "ready") return null;
  } catch (error) {
    if (error instanceof CommandFault) return null;
    throw error;
  }
  return new CommandFault("agent_holds_scanner", `The agent itself reads from ${path}, as its reader ${reader.id}`, {
    remedy: "Stop it first: sudo systemctl stop pass-agent; or unplug this scanner and try it on another machine",
    cause,
  });
}

/** One code of a pass has up to some 1,000 bytes; all of them are in the JSON answer. */
const shownBytes = 256;
const rowBytes = 16;

function checkText(view: ScannerCheckView, { io }: Call): readonly string[] {
  const colours = palette(io);
  const ends = { cr: "CR", lf: "LF", crlf: "CR LF", etx: "ETX", none: "nothing, only a pause" }[view.terminator];
  return [
    ...hexDump(view),
    "",
    ...columns([
      ...(view.identity === null ? [] : [["Says it is", plain(view.identity)]]),
      ["Ends with", ends],
      ["Around it", view.envelope ?? "nothing"],
      ["AIM id", plain(view.aim ?? "none")],
      ["Symbology", view.symbology ?? "not said"],
      ["Code", `${view.contentBytes} bytes`],
      ["Model", `${view.model.id}: ${view.model.name} (facts: ${view.model.evidence})`],
    ]),
    ...view.remarks.map((remark) => `${colours.warn("note")}: ${sentence(remark)}`),
    "",
    "To use it, paste into agent.toml:",
    view.block,
  ];
}

/** Offset, bytes and what of them is printable, as hexdump(1) shows them. */
function hexDump({ hex, bytes }: ScannerCheckView): readonly string[] {
  const shown = Buffer.from(hex, "hex").subarray(0, shownBytes);
  const rows: string[] = [];
  for (let at = 0; at < shown.length; at += rowBytes) {
    const row = shown.subarray(at, at + rowBytes);
    const spaced = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const printable = row.toString("latin1").replaceAll(/[^\x20-\x7e]/g, ".");
    rows.push(`  ${at.toString(16).padStart(4, "0")}  ${spaced.padEnd(rowBytes * 3)} ${printable}`);
  }
  return bytes > shownBytes ? [...rows, `  and ${bytes - shownBytes} bytes more, see --json`] : rows;
}
