import { spawnSync } from "node:child_process";

/** System calls by which a program changes a disk, and how many of each are passed over between two kills. */
export const diskCalls = [
  { call: "pwrite64", stride: 12 },
  { call: "fsync", stride: 3 },
  { call: "rename", stride: 1 },
  { call: "unlink", stride: 1 },
  { call: "ftruncate", stride: 1 },
] as const;

/**
 * Runs a program and kills it (SIGKILL) before the n-th call of one kind of one of its threads.
 *
 * @returns false when it came to its end before that
 */
export function killAtCall(call: string, at: number, command: readonly string[]): boolean {
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${at}`];
  const run = spawnSync("strace", ["-f", "-qq", "-o", "/dev/null", ...inject, ...command], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return run.status !== 0;
}
