import { resolve } from "node:path";
import { openBundleFile, writeBundleFile } from "../../bundle/index.ts";
import type { Config, Json } from "../../config/index.ts";
import { badUsage } from "../arguments.ts";
import { agentOf, goodConfig } from "../chosen-config.ts";
import { nobodyListens } from "../client.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes, type StoredTrust } from "../commands.ts";
import { noFacts } from "../facts.ts";
import { plain } from "../text.ts";
import { reportText, trustText } from "../trust-text.ts";
import { textAt, toWire } from "../wire.ts";

const fileArgument = { name: "file", required: true, doc: "The bundle: an uncompressed tar of signed documents." };

export const trustShowCommand: CommandSpec = {
  words: ["trust", "show"],
  summary: "shows what this terminal trusts: root, keys, head, revocation lists, clock",
  examples: [
    { line: "pass-agent trust show", says: "all of it" },
    { line: "pass-agent trust show --json | jq -r .head.expires_at", says: "until when it may stay offline" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const trust = await askOrOpen(
      call,
      "read",
      (config) => agentOf(call, config).get("/v1/trust"),
      async (desk) => toWire(await desk.view()),
    );
    return print(call, trust, trustText(trust, call));
  },
};

export const trustExportCommand: CommandSpec = {
  words: ["trust", "export"],
  summary: "writes all signed trust data into one file, to be carried to terminals without a network",
  examples: [{ line: "pass-agent trust export /media/stick/trust.tar", says: "onto a USB stick" }],
  positionals: [fileArgument],
  options: [],
  usesConfig: true,
  run: async (call) => {
    const path = fileOf(call);
    const bytes = await askOrOpen(
      call,
      "read",
      (config) => agentOf(call, config).download("/v1/trust/bundle", exchangeMs, (all) => writeBundleFile(path, all)),
      (desk) => writeBundleFile(path, desk.exportBundle()),
    );
    await call.io.stdout.write(`Wrote ${plain(path)}, ${bytes} bytes. It holds nothing secret.\n`);
    return exitCodes.good;
  },
};

export const trustImportCommand: CommandSpec = {
  words: ["trust", "import"],
  summary: "takes signed trust data from a file, by the rules of the network (exit 1 when it is refused)",
  examples: [{ line: "pass-agent trust import /media/stick/trust.tar", says: "from a USB stick" }],
  positionals: [fileArgument],
  options: [jsonOption],
  usesConfig: true,
  run: (call) => takeBundle(call, { access: "write", path: "/v1/trust/bundle", isCheck: false }),
};

export const trustCheckCommand: CommandSpec = {
  words: ["trust", "check"],
  summary: "says what importing a file would do, and changes nothing (exit 1 when it would be refused)",
  examples: [
    { line: "pass-agent trust check trust.tar", says: "against what this terminal has" },
    { line: "pass-agent trust check trust.tar --root 47DEQpj8…", says: "on any machine, against a given pin" },
  ],
  positionals: [fileArgument],
  options: [
    {
      name: "root",
      short: null,
      value: "sha256",
      doc: "Check against this pin alone: the SHA-256 of root/1.json, in base64url or hex.",
    },
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const root = call.args.option("root");
    if (root === null) return takeBundle(call, { access: "read", path: "/v1/trust/bundle?check=true", isCheck: true });
    const pin = pinOf(root);
    await using file = await openBundleFile(fileOf(call));
    return printReport(call, toWire(await call.commands.checkBundle(file.chunks(), pin)), true);
  },
};

/** The pin in base64url, as configuration and enrolment codes have it; `sha256sum root/1.json` gives the other spelling. */
function pinOf(written: string): string {
  if (/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(written)) return written;
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(written)?.[1];
  if (hex !== undefined) return Buffer.from(hex, "hex").toString("base64url");
  throw badUsage("--root is no SHA-256", "Give 43 base64url characters, or 64 hexadecimal digits");
}

/** A slow stick and a slow disk, for 64 MiB. */
const exchangeMs = 60_000;

interface Taking {
  readonly access: "read" | "write";
  /** Of the local API. */
  readonly path: string;
  readonly isCheck: boolean;
}

async function takeBundle(call: Call, { access, path, isCheck }: Taking): Promise<number> {
  const name = fileOf(call);
  const report = await askOrOpen(
    call,
    access,
    async (config) => {
      await using file = await openBundleFile(name);
      const sent = { type: "application/x-tar", length: file.length, chunks: file.chunks() };
      return await agentOf(call, config).upload(path, sent, exchangeMs);
    },
    async (desk) => {
      await using file = await openBundleFile(name);
      return toWire(await (isCheck ? desk.checkBundle(file.chunks()) : desk.importBundle(file.chunks())));
    },
  );
  return printReport(call, report, isCheck);
}

/** Asks the running agent; when nobody listens, opens what is on disk and says so on stderr. */
async function askOrOpen<T>(
  call: Call,
  access: "read" | "write",
  ask: (config: Config) => Promise<T>,
  act: (desk: StoredTrust) => Promise<T>,
): Promise<T> {
  const config = await goodConfig(call);
  try {
    return await ask(config);
  } catch (error) {
    if (!nobodyListens(error)) throw error;
    const desk = await call.commands.openTrust(config, access);
    if (desk === "locked" || desk === "absent") throw noFacts(desk, config, error);
    try {
      await call.io.stderr.write(
        `pass-agent: the agent is not running; this is what is on disk in ${plain(config.stateDir)}.\n`,
      );
      return await act(desk);
    } finally {
      await desk.close();
    }
  }
}

function fileOf({ args, io }: Call): string {
  return resolve(io.cwd, args.positionals[0] ?? "");
}

async function printReport(call: Call, report: Json, isCheck: boolean): Promise<number> {
  await print(call, report, reportText(report, fileOf(call), isCheck, call));
  const outcome = textAt(report, "outcome");
  return outcome === "taken" || outcome === "current" ? exitCodes.good : exitCodes.failed;
}

async function print(call: Call, answer: Json, lines: readonly string[]): Promise<number> {
  const text = call.args.on("json") ? JSON.stringify(answer) : lines.join("\n");
  await call.io.stdout.write(`${text}\n`);
  return exitCodes.good;
}
