import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";

export const versionCommand: CommandSpec = {
  words: ["version"],
  summary: "prints the versions of this program and of the runtime under it",
  examples: [
    { line: "pass-agent version", says: "one line" },
    { line: "pass-agent version --json | jq -r .version", says: "only the program's" },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: false,
  run: async ({ args, io, commands }) => {
    const facts = {
      version: commands.version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    const text = `pass-agent ${facts.version} (node ${facts.node}, ${facts.platform})`;
    await io.stdout.write(`${args.on("json") ? JSON.stringify(facts) : text}\n`);
    return exitCodes.good;
  },
};
