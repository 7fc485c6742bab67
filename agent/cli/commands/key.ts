import { goodConfig } from "../chosen-config.ts";
import { type CommandSpec, jsonOption } from "../command.ts";
import { exitCodes } from "../commands.ts";
import { plain } from "../text.ts";

export const keyRotateCommand: CommandSpec = {
  words: ["key", "rotate"],
  summary: "gives this terminal a new device key; the old one vouches for it and ends",
  examples: [
    {
      line: "pass-agent key rotate",
      says: "as the agent's user; a running agent goes on by itself",
    },
  ],
  positionals: [],
  options: [jsonOption],
  usesConfig: true,
  run: async (call) => {
    const { thumbprint } = await call.commands.rotateKey(await goodConfig(call), call.io.signal);
    const text = call.args.on("json")
      ? JSON.stringify({ thumbprint })
      : `This terminal signs with the key ${plain(thumbprint)} now. Scans already signed with the old one stay good.`;
    await call.io.stdout.write(`${text}\n`);
    return exitCodes.good;
  },
};
