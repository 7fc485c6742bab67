// `npm run check`: types, style and the unit file, one line each. The rules on imports are a test (test/rooms).
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool, type StepResult } from "./check/step.ts";
import { readUnit, scoreUnit, verifyUnit } from "./check/unit.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const installPackages = "it is not installed (node scripts/setup.mjs test)";

const steps: readonly { readonly name: string; readonly run: () => StepResult }[] = [
  { name: "types (tsc)", run: () => short(local("tsc", [])) },
  { name: "style (biome)", run: () => short(local("biome", ["check"])) },
  { name: "unit file (systemd-analyze verify)", run: () => verifyUnit(readUnit(root)) },
  { name: "unit file (systemd-analyze security)", run: () => scoreUnit(readUnit(root)) },
];

function local(name: string, args: readonly string[]): StepResult {
  const command = join(root, "node_modules", ".bin", name);
  return existsSync(command)
    ? runTool(root, installPackages, command, args)
    : { outcome: "skipped", said: installPackages };
}

/** A tool that is content has nothing to add. */
function short(result: StepResult): StepResult {
  return result.outcome === "passed" ? { outcome: "passed", said: "" } : result;
}

const marks = { passed: "ok     ", failed: "FAILED ", skipped: "! skipped:" } as const;

for (const { name, run } of steps) {
  const start = performance.now();
  const result = run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const said = result.outcome === "failed" || result.said === "" ? "" : `: ${result.said}`;
  console.log(`${marks[result.outcome]} ${name}${said} [${seconds} s]`);
  if (result.outcome !== "failed") continue;
  console.log(result.output);
  process.exitCode = 1;
}
