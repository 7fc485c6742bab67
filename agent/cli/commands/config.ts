import { type Config, configJsonSchema, configShape, configToml } from "../../config/index.ts";
import { badConfig, configPath, goodConfig, mistakeLines, readingOf } from "../chosen-config.ts";
import { type Call, type CommandSpec, jsonOption } from "../command.ts";
import { CommandFault, exitCodes } from "../commands.ts";
import { columns, plain } from "../text.ts";
import { toWire } from "../wire.ts";

export const configCheckCommand: CommandSpec = {
  words: ["config", "check"],
  summary: "lists every mistake in the configuration (exit 78 when there is one)",
  examples: [
    { line: "pass-agent config check", says: "the configuration in force" },
    { line: "pass-agent config check --config ./agent.toml", says: "another file, before it is installed" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const path = configPath(call);
    const reading = await readingOf(call);
    const mistakes = "mistakes" in reading ? reading.mistakes : [];
    if (args.on("json")) {
      await io.stdout.write(`${JSON.stringify({ path, good: mistakes.length === 0, mistakes: toWire(mistakes) })}\n`);
      return mistakes.length === 0 ? exitCodes.good : exitCodes.badConfig;
    }
    if ("mistakes" in reading) {
      await io.stdout.write(mistakeLines(reading.mistakes, path));
      throw badConfig(path, reading.mistakes.length);
    }
    await io.stdout.write(`${plain(path)}: good. ${summary(reading.config)}\n`);
    return exitCodes.good;
  },
};

export const configShowCommand: CommandSpec = {
  words: ["config", "show"],
  summary: "prints the configuration with all defaults filled in",
  examples: [
    { line: "pass-agent config show", says: "as TOML, which reads back to the same" },
    { line: "pass-agent config show --json | jq .api.port", says: "one value" },
    {
      line: "pass-agent config show --effective",
      says: "what is in force, and who says so: file, platform, default",
    },
  ],
  positionals: [],
  options: [
    jsonOption,
    {
      name: "effective",
      short: null,
      value: null,
      doc: "One value a line with where it comes from, after what the platform set was put under the file.",
    },
  ],
  usesConfig: true,
  run: async (call) => {
    const config = await goodConfig(call);
    if (call.args.on("effective")) return showEffective(call, config);
    const text = call.args.on("json") ? `${JSON.stringify(configShape(config))}\n` : configToml(config);
    await call.io.stdout.write(text);
    return exitCodes.good;
  },
};

async function showEffective(call: Call, config: Config): Promise<number> {
  const view = await readable(() => call.commands.effectiveConfig(config, configPath(call)), config.stateDir);
  if (call.args.on("json")) {
    await call.io.stdout.write(`${JSON.stringify(toWire(view))}\n`);
    return exitCodes.good;
  }
  const { path, mistakes } = view.setup;
  if (mistakes.length > 0) {
    const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
    const remark = `pass-agent: ${plain(path)} has ${count} and counts for nothing:\n`;
    await call.io.stderr.write(`${remark}${mistakeLines(mistakes, path)}`);
  }
  const version = view.version === null ? "none" : `${view.version}${view.onTrial ? ", on trial" : ""}`;
  const refused =
    view.refused === null ? [] : [`# version ${view.refused.version} refused: ${plain(view.refused.reason)}`];
  const head = [`# the platform's version: ${version}; enabled: ${view.enabled} (remote)`, ...refused];
  const rows = view.values.map(({ key, value, origin }) => [origin, `${plain(key)} = ${plain(JSON.stringify(value))}`]);
  await call.io.stdout.write(`${[...head, ...columns(rows)].join("\n")}\n`);
  return exitCodes.good;
}

/** The state folder is the agent's own. */
async function readable<T>(read: () => Promise<T>, stateDir: string): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (code !== "EACCES" && code !== "EPERM") throw cause;
    throw new CommandFault("state_forbidden", `This user may not read ${stateDir}, where the platform's values are`, {
      remedy: "Run the command as root or as the agent's user, e.g. with: sudo",
      exit: exitCodes.noPermission,
      cause,
    });
  }
}

export const configSchemaCommand: CommandSpec = {
  words: ["config", "schema"],
  summary: "prints the JSON Schema of the configuration, for editors",
  examples: [
    {
      line: "pass-agent config schema > agent.schema.json",
      says: "then begin agent.toml with #:schema ./agent.schema.json",
    },
  ],
  positionals: [],
  options: [],
  usesConfig: false,
  run: async ({ io }) => {
    await io.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    return exitCodes.good;
  },
};

function summary(config: Config): string {
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return `${config.environment}, ${count(config.lanes.length, "lane")}, ${count(config.readers.length, "reader")}.`;
}
