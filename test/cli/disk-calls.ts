import { readFileSync } from "node:fs";
import type { Box, Typed, TypeOptions } from "./played.ts";

/** One system call by which a command changes the disk, so that it can be found again in the next run. */
export interface DiskCall {
  readonly call: string;
  readonly path: string;
  /** The n-th such call on that path. */
  readonly at: number;
}

/** What changes what files hold; a sync changes nothing for a program that is killed on a machine that runs on. */
const calls = ["openat", "mkdir", "write", "pwrite64", "rename", "unlink", "rmdir", "ftruncate"];
/** One thread for files, so that the n-th call is the same one in every run. */
const oneThread = ["env", "UV_THREADPOOL_SIZE=1"];

/**
 * Types a command to its end and answers, in their order, the calls by which it changed something under one of `folders`.
 *
 * @param log a file that this may write to
 */
export async function diskCalls(
  box: Box,
  argv: readonly string[],
  options: TypeOptions & { readonly log: string; readonly folders: readonly string[] },
): Promise<{ readonly typed: Typed; readonly found: readonly DiskCall[] }> {
  const { log, folders } = options;
  const strace = ["strace", "-f", "-y", "-qq", "-o", log, "-e", `trace=${calls.join()}`];
  const typed = await box.type(argv, { ...options, wrap: [...oneThread, ...strace] });
  const counts = new Map<string, number>();
  const found = readFileSync(log, "utf8")
    .split("\n")
    .flatMap((line): DiskCall[] => {
      const call = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? "";
      const path = /["<](\/[^">]*)[">]/.exec(line.replace(/^.*?AT_FDCWD<[^>]*>, /, ""))?.[1] ?? "";
      // Held, and always empty.
      if (!folders.some((folder) => path.startsWith(folder)) || path.endsWith(".lock")) return [];
      const at = (counts.get(`${call} ${path}`) ?? 0) + 1;
      counts.set(`${call} ${path}`, at);
      const changesNothing = (call === "openat" && !line.includes("O_CREAT")) || / = -1 /.test(line);
      return changesNothing ? [] : [{ call, path, at }];
    });
  return { typed, found };
}

/** Types the command and kills it before that call; the signal of its answer is null when it ended before. */
export function killedAt(box: Box, argv: readonly string[], { call, path, at }: DiskCall, stdin = ""): Promise<Typed> {
  const inject = ["-P", path, "-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${at}`];
  return box.type(argv, { stdin, wrap: [...oneThread, "strace", "-f", "-qq", "-o", "/dev/null", ...inject] });
}
