import { type CommandSpec, optionsOf } from "./command.ts";
import { exitCodes } from "./commands.ts";
import { columns } from "./text.ts";

const program = "pass-agent";

/** Help on all commands, or on those that begin with `words`. */
export function groupHelp(specs: readonly CommandSpec[], words: readonly string[]): string {
  const name = [program, ...words].join(" ");
  const within = specs.filter((spec) => words.every((word, index) => spec.words[index] === word));
  const examples = within.flatMap((spec) => spec.examples.slice(0, 1));
  const lines = [
    words.length === 0
      ? "pass-agent says, with no internet, whether the wallet pass in front of it is genuine."
      : `${name}: ${within.length} commands`,
    "",
    "Examples",
    ...columns(examples.map((example) => [example.line, example.says])),
    "",
    "Commands",
    ...columns(within.map((spec) => [[program, ...spec.words].join(" "), spec.summary])),
    "",
    `Help on one: ${name} <command> --help`,
  ];
  return `${[...lines, ...(words.length === 0 ? exitLines() : [])].join("\n")}\n`;
}

/** Help on one command. */
export function commandHelp(spec: CommandSpec): string {
  const name = [program, ...spec.words].join(" ");
  const positionals = spec.positionals.map(({ name: what, required }) => (required ? `<${what}>` : `[${what}]`));
  const options = optionsOf(spec).map((option) => {
    const short = option.short === null ? "    " : `-${option.short}, `;
    const value = option.value === null ? "" : ` <${option.value}>`;
    return [`${short}--${option.name}${value}`, option.doc] as const;
  });
  const lines = [
    `${name}: ${spec.summary}`,
    "",
    "Examples",
    ...columns(spec.examples.map((example) => [example.line, example.says])),
    "",
    "Usage",
    `  ${[name, ...positionals, "[options]"].join(" ")}`,
    ...(spec.positionals.length === 0
      ? []
      : ["", "Arguments", ...columns(spec.positionals.map((positional) => [positional.name, positional.doc]))]),
    "",
    "Options",
    ...columns(options),
  ];
  return `${lines.join("\n")}\n`;
}

function exitLines(): readonly string[] {
  const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
    good: "done",
    failed: "the answer is no, or it failed",
    usage: "the command line is wrong",
    unavailable: "no agent answers",
    noPermission: "this user may not",
    badConfig: "the configuration has mistakes",
    interrupted: "ended while it waited for input; nothing was done",
  };
  const rows = Object.entries(exitCodes).map(([name, code]) => {
    const meaning = Object.entries(meanings).find(([key]) => key === name)?.[1] ?? "";
    return [String(code), meaning] as const;
  });
  return ["", "Exit codes", ...columns(rows)];
}
