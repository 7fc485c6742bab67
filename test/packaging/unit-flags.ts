import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The options of Node with which the unit starts the program. */
export function unitFlags(): readonly string[] {
  return wordsOf(/^ExecStart=\S+ (--.*?) \S+\.mjs /m);
}

/** The environment with which it does, as `NAME=value`. */
export function unitEnvironment(): readonly string[] {
  return wordsOf(/^Environment=(.+)$/m);
}

function wordsOf(line: RegExp): readonly string[] {
  const unit = readFileSync(fileURLToPath(new URL("../../systemd/pass-agent.service", import.meta.url)), "utf8");
  const words = unit.match(line)?.[1]?.split(" ");
  if (words === undefined) throw new Error(`the unit has no line like ${line}`);
  return words;
}
