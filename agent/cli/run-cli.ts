import { nearestName } from "../config/index.ts";
import { badUsage, parseArguments } from "./arguments.ts";
import { type CommandSpec, optionsOf } from "./command.ts";
import { type Commands, exitCodes } from "./commands.ts";
import { asFault, faultText } from "./fault-text.ts";
import { commandHelp, groupHelp } from "./help.ts";
import { type CliIo, OutputClosed } from "./io.ts";
import { commandTable } from "./registry.ts";

/**
 * Runs one command line.
 *
 * @param argv without the names of runtime and program
 * @returns the exit code: 0 good, 1 the answer is no, 2 bad usage, 69 no agent answers, 77 no permission, 78 bad configuration,
 *   130 interrupted before anything was done
 */
export async function runCli(argv: readonly string[], io: CliIo, commands: Commands): Promise<number> {
  try {
    return await dispatch(argv, io, commands);
  } catch (error) {
    if (error instanceof OutputClosed) return exitCodes.good;
    return report(error, io);
  }
}

async function report(error: unknown, io: CliIo): Promise<number> {
  const fault = asFault(error);
  try {
    if (fault === null) {
      const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
      await io.stderr.write(
        `pass-agent: this is a defect; please report it with the lines below. [internal]\n${trace}\n`,
      );
      return exitCodes.failed;
    }
    await io.stderr.write(`${faultText(fault)}\n`);
  } catch (cause) {
    if (!(cause instanceof OutputClosed)) throw cause;
  }
  return fault?.exit ?? exitCodes.failed;
}

async function dispatch(argv: readonly string[], io: CliIo, commands: Commands): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    await io.stderr.write(groupHelp(commandTable, []));
    return exitCodes.usage;
  }
  if (first === "--version") return dispatch(["version", ...rest], io, commands);
  if (first === "help") return dispatch([...rest, "--help"], io, commands);
  if (isHelp(first)) {
    await io.stdout.write(groupHelp(commandTable, []));
    return exitCodes.good;
  }
  if (first.startsWith("-"))
    throw badUsage(`The command comes before its options, not ${first}`, "See: pass-agent --help");
  const spec = commandTable.find((candidate) => candidate.words.every((word, index) => argv[index] === word));
  if (spec !== undefined) return call(spec, argv.slice(spec.words.length), io, commands);
  return groupOrUnknown(argv, io);
}

async function call(spec: CommandSpec, argv: readonly string[], io: CliIo, commands: Commands): Promise<number> {
  const args = parseArguments(argv, optionsOf(spec));
  if (args.on("help")) {
    await io.stdout.write(commandHelp(spec));
    return exitCodes.good;
  }
  const name = ["pass-agent", ...spec.words].join(" ");
  const missing = spec.positionals.find(({ required }, index) => required && (args.positionals[index] ?? "") === "");
  if (missing !== undefined) throw badUsage(`${name} needs <${missing.name}>`, `See: ${name} --help`);
  const extra = args.positionals[spec.positionals.length];
  if (extra !== undefined) throw badUsage(`${name} does not know what to do with ${extra}`, `See: ${name} --help`);
  return spec.run({ args, io, commands });
}

/** The first word of longer commands has help of its own; anything else is a typing error. */
async function groupOrUnknown(argv: readonly string[], io: CliIo): Promise<number> {
  const [first = "", second] = argv;
  const group = commandTable.filter((spec) => spec.words.length > 1 && spec.words[0] === first);
  if (group.length > 0) {
    if (second === undefined || isHelp(second)) {
      await (second === undefined ? io.stderr : io.stdout).write(groupHelp(commandTable, [first]));
      return second === undefined ? exitCodes.usage : exitCodes.good;
    }
    throw unknownCommand(
      `${first} ${second}`,
      second,
      group.map((spec) => spec.words[1] ?? ""),
      `pass-agent ${first}`,
    );
  }
  throw unknownCommand(
    first,
    first,
    commandTable.map((spec) => spec.words[0] ?? ""),
    "pass-agent",
  );
}

function unknownCommand(written: string, word: string, known: readonly string[], prefix: string) {
  const nearest = nearestName(word, known);
  const hint = nearest === null ? "" : `; did you mean ${prefix} ${nearest}?`;
  return badUsage(`There is no command ${written}${hint}`, `See: ${prefix} --help`);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}
