import { agentOf, goodConfig } from "../chosen-config.ts";
import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { localTime, plain } from "../text.ts";
import { listAt, textAt } from "../wire.ts";

const actMs = 10_000;

export const storeAcceptLossCommand: CommandSpec = {
  words: ["store", "accept-loss"],
  summary: "accepts that used passes were forgotten, and decides all passes as usual again",
  examples: [
    {
      line: "pass-agent store accept-loss",
      says: "from now on a pass used before the damage may be accepted once more",
    },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const { args, io } = call;
    const answer = await agentOf(call, await goodConfig(call)).post("/v1/store/accept-loss", {}, actMs);
    const losses = listAt(answer, "data");
    const lines = losses.map((loss) => {
      const file = textAt(loss, "file");
      const kept = file === null ? "" : ` The damaged database is kept as ${plain(file)}.`;
      return `Accepted: the loss found on ${localTime(textAt(loss, "at") ?? "", io.timeZone)}.${kept}`;
    });
    const text = args.on("json")
      ? JSON.stringify(answer)
      : (losses.length === 0 ? ["There is no loss to accept."] : lines).join("\n");
    await io.stdout.write(`${text}\n`);
    return exitCodes.good;
  },
};
