import { agentOf, goodConfig } from "../chosen-config.ts";
import type { CommandSpec } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { numberAt } from "../wire.ts";

export const webhookRetryCommand: CommandSpec = {
  words: ["webhook", "retry"],
  summary: "delivers again what a receiver of scans refused, after its cause was removed",
  examples: [{ line: "pass-agent webhook retry", says: "all of it, at once" }],
  positionals: [],
  options: [],
  usesConfig: true,
  run: async (call) => {
    const answer = await agentOf(call, await goodConfig(call)).post("/v1/webhooks/retry", {}, actMs);
    const count = numberAt(answer, "retried") ?? 0;
    await call.io.stdout.write(count === 1 ? "1 scan is delivered again.\n" : `${count} scans are delivered again.\n`);
    return exitCodes.good;
  },
};

const actMs = 10_000;
