import { resolve } from "node:path";
import { badUsage } from "../arguments.ts";
import { configPath, goodConfig } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { askPassphrase, type PassphraseQuestions, readPassphrase } from "../passphrase.ts";
import { plain } from "../text.ts";
import { toWire } from "../wire.ts";

const passphraseOption = {
  name: "passphrase-file",
  short: null,
  value: "file",
  doc: 'Its first line is the passphrase, 12 characters or more; "-" (default): standard input.',
};

export const moveExportCommand: CommandSpec = {
  words: ["move", "export"],
  summary: "locks this terminal for good and writes all that it is into one encrypted file, for new hardware",
  examples: [
    {
      line: "pass-agent move export --to /media/usb/gate-1.move",
      says: "as its user, with the agent stopped",
    },
  ],
  positionals: [],
  options: [
    { name: "to", short: null, value: "file", doc: "A file that is not there yet." },
    passphraseOption,
    jsonOption,
  ],
  usesConfig: true,
  run: async (call) => {
    const to = call.args.option("to");
    if (to === null) throw badUsage("pass-agent move export needs --to <file>", "Name a file that is not there yet");
    const config = await goodConfig(call);
    const passphrase = await passphraseOf(call, {
      first: "New passphrase, 12 characters or more, then Enter (it is not shown): ",
      again: "The same again, then Enter: ",
    });
    const target = resolve(call.io.cwd, to);
    const request = { configFile: configPath(call), target, passphrase };
    const done = await call.commands.move.leave(config, request, call.io.signal);
    return say(call, done, [
      `${plain(done.scannerId)} is in ${plain(target)}, encrypted. This terminal is locked: it decides nothing any more.`,
      "Next, on the new terminal: pass-agent move import <file>. To go on with this one instead: pass-agent move cancel.",
    ]);
  },
};

export const moveImportCommand: CommandSpec = {
  words: ["move", "import"],
  summary: "makes this terminal the one that was exported: who it is, what it remembers and has not sent",
  examples: [
    {
      line: "pass-agent move import /media/usb/gate-1.move",
      says: "with an empty state folder and a network",
    },
  ],
  positionals: [{ name: "file", required: true, doc: "What pass-agent move export wrote." }],
  options: [passphraseOption, jsonOption],
  usesConfig: true,
  run: async (call) => {
    const config = await goodConfig(call);
    const passphrase = await passphraseOf(call, {
      first: "Passphrase of the file, then Enter (it is not shown): ",
      again: null,
    });
    const source = resolve(call.io.cwd, call.args.positionals[0] ?? "");
    const done = await call.commands.move.arrive(config, { source, passphrase }, call.io.signal);
    return say(call, done, [
      `This terminal is ${plain(done.scannerId)} now; the old one stays locked.`,
      "Next: sudo systemctl start pass-agent",
    ]);
  },
};

export const moveCancelCommand: CommandSpec = {
  words: ["move", "cancel"],
  summary: "unlocks an exported terminal again, when its export was imported nowhere",
  examples: [{ line: "pass-agent move cancel", says: "needs the network: the platform says who was first" }],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    await call.commands.move.cancel(await goodConfig(call), call.io.signal);
    return say(call, { unlocked: true }, ["This terminal is unlocked. The exported file is worth nothing any more."]);
  },
};

async function passphraseOf({ args, io }: Call, questions: PassphraseQuestions): Promise<string> {
  const file = args.option("passphrase-file") ?? "-";
  if (file === "-" && io.keyboard !== null) return askPassphrase(io, io.keyboard, questions);
  if (file === "-" && io.stderr.isTTY) await io.stderr.write("Passphrase, then Enter: ");
  return readPassphrase(file === "-" ? io.stdin : resolve(io.cwd, file));
}

async function say(call: Call, done: object, lines: readonly string[]): Promise<number> {
  await call.io.stdout.write(`${call.args.on("json") ? JSON.stringify(toWire(done)) : lines.join("\n")}\n`);
  return exitCodes.good;
}
