import type { Arguments, OptionSpec } from "./arguments.ts";
import type { Commands } from "./commands.ts";
import type { CliIo } from "./io.ts";

/** One row of the table of commands: everything help shows and the dispatcher needs. */
export interface CommandSpec {
  /** How it is called, e.g. `["config", "check"]`. */
  readonly words: readonly string[];
  /** Completes the name to a sentence; no capital, no full stop. */
  readonly summary: string;
  /** At least one, the commonest first. */
  readonly examples: readonly { readonly line: string; readonly says: string }[];
  /** Names of what may follow the words. */
  readonly positionals: readonly { readonly name: string; readonly required: boolean; readonly doc: string }[];
  readonly options: readonly OptionSpec[];
  /** Whether `--config` means something to it. */
  readonly usesConfig: boolean;
  run(call: Call): Promise<number>;
}

/** One call of a command. */
export interface Call {
  readonly args: Arguments;
  readonly io: CliIo;
  readonly commands: Commands;
}

export const jsonOption: OptionSpec = {
  name: "json",
  short: null,
  value: null,
  doc: "One JSON document for machines instead of text for people.",
};

export const helpOption: OptionSpec = { name: "help", short: "h", value: null, doc: "This page." };

export const configOption: OptionSpec = {
  name: "config",
  short: "c",
  value: "file",
  doc: "Configuration file. Else $PASS_AGENT_CONFIG, else /etc/pass-agent/agent.toml.",
};

/** All options a command takes. */
export function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  return [...spec.options, ...(spec.usesConfig ? [configOption] : []), helpOption];
}
