import { configPath, goodConfig } from "../chosen-config.ts";
import type { CommandSpec } from "../command.ts";

export const runCommand: CommandSpec = {
  words: ["run"],
  summary: "runs the agent until it is told to stop",
  examples: [
    { line: "pass-agent run", says: "with /etc/pass-agent/agent.toml" },
    { line: "pass-agent run --config ./agent.toml", says: "with another configuration" },
  ],
  positionals: [],
  options: [],
  usesConfig: true,
  run: async (call) => call.commands.run(await goodConfig(call), call.io, configPath(call)),
};
