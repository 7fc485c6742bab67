import { spawnSync } from "node:child_process";

/** How one check ended. `said` is one line for the person, `output` what the tool printed. */
export type StepResult =
  | { readonly outcome: "passed"; readonly said: string }
  | { readonly outcome: "failed"; readonly output: string }
  /** The tool is not here: `said` names what to install. */
  | { readonly outcome: "skipped"; readonly said: string };

const timeoutMs = 120_000;
const maxOutputBytes = 16 * 1024 * 1024;

/**
 * Runs a tool to its end, at most two minutes.
 *
 * @param cwd where it runs
 * @param install what to say when the command does not exist
 */
export function runTool(cwd: string, install: string, command: string, args: readonly string[]): StepResult {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: maxOutputBytes, timeout: timeoutMs });
  if (result.error !== undefined) {
    const code = "code" in result.error ? result.error.code : undefined;
    if (code === "ENOENT") return { outcome: "skipped", said: install };
    return { outcome: "failed", output: `${command}: ${result.error.message}` };
  }
  const output = `${result.stdout}${result.stderr}`.trim();
  return result.status === 0 ? { outcome: "passed", said: output } : { outcome: "failed", output };
}
