import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool, type StepResult } from "./step.ts";

const unitName = "pass-agent.service";
const installSystemd = "systemd-analyze is not here (as root: apt-get install -y systemd)";
/** Exposure times ten that the unit must not exceed: reliability of the sandbox, as systemd-analyze counts it. */
const exposureLimit = 15;

/**
 * Asks systemd whether it accepts the unit. A copy is asked, which differs in one word: its ExecStart names the Node that
 * runs this, because the real one is only there once the package is installed.
 *
 * @param unit text of the unit file
 */
export function verifyUnit(unit: string): StepResult {
  const runnable = unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`);
  const result = withUnit(runnable, (path) => ["verify", "--man=no", "--recursive-errors=one", path]);
  if (result.outcome !== "passed") return result;
  // Older releases exit 0 after a warning about a key they do not know.
  return result.said.includes(unitName)
    ? { outcome: "failed", output: result.said }
    : { outcome: "passed", said: "accepted, with ExecStart pointed at an existing Node" };
}

/** The exposure score of the unit, 0.0 (shut) to 10.0 (open); failed above the limit. */
export function scoreUnit(unit: string): StepResult {
  const result = withUnit(unit, (path) => [
    ...["security", "--offline=true", `--threshold=${exposureLimit}`, "--no-pager", path],
  ]);
  if (result.outcome !== "passed") return result;
  const verdict = result.said.split("\n").findLast((line) => line.includes("Overall exposure level"));
  const score = verdict?.match(/: ([0-9]+\.[0-9])/)?.[1];
  if (score === undefined) return { outcome: "failed", output: `no score in:\n${result.said}` };
  return { outcome: "passed", said: `exposure ${score} of 10 (limit ${exposureLimit / 10})` };
}

export function readUnit(root: string): string {
  return readFileSync(join(root, "systemd", unitName), "utf8");
}

function withUnit(unit: string, args: (path: string) => readonly string[]): StepResult {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-unit-"));
  try {
    const path = join(folder, unitName);
    writeFileSync(path, unit);
    return runTool(folder, installSystemd, "systemd-analyze", args(path));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
