import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The options of Node with which the unit starts the program. */
export function unitFlags(): readonly string[] {
  const unit = readFileSync(fileURLToPath(new URL("../../systemd/pass-agent.service", import.meta.url)), "utf8");
  const flags = unit.match(/^ExecStart=\S+ (--.*?) \S+\.mjs /m)?.[1]?.split(" ");
  if (flags === undefined) throw new Error("the unit starts Node without options");
  return flags;
}
