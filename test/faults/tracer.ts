import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Why calls cannot be refused here; null where they can. */
export function tracerMissing(): string | null {
  return existsSync("/usr/bin/strace") ? null : "strace is not installed";
}

/**
 * The beginning of a command line that refuses or delays system calls of the program that follows. The program is the child
 * itself and the tracer stands beside it (-D), so that the tracer may leave while the program runs on (-I2).
 *
 * @param inject as in strace(1): `fsync:error=EIO:when=3`
 * @param paths only calls on these files are counted and touched: a program has to be loaded before it can fail; none: all
 */
export function tracing(inject: string, paths: readonly string[]): readonly string[] {
  return ["strace", "-D", ...touching(inject, paths)];
}

function touching(inject: string, paths: readonly string[]): readonly string[] {
  const [call = ""] = inject.split(":", 1);
  const only = paths.flatMap((path) => ["-P", path]);
  return ["-I2", "-f", "-qq", "-o", "/dev/null", ...only, "-e", `trace=${call}`, "-e", `inject=${inject}`];
}

/** Touches the calls of a program that runs already, until disposed of. Resolves when the tracer has it. */
export async function traceRunning(pid: number, inject: string, paths: readonly string[]): Promise<AsyncDisposable> {
  const tracer = spawn("strace", [...touching(inject, paths), "-p", String(pid)], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => tracer.once("close", () => resolve()));
  // It stops every thread one after the other; calls on the way are counted from then on.
  while (tracer.exitCode === null && !threadsOf(pid).every((thread) => tracerOf(thread) !== 0)) await sleep(5);
  return {
    async [Symbol.asyncDispose]() {
      tracer.kill("SIGTERM");
      await Promise.race([ended, sleep(leavesWithinMs)]);
      tracer.kill("SIGKILL");
      await ended;
    },
  };
}

function threadsOf(pid: number): readonly number[] {
  return existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`).map(Number) : [];
}

/** The files that a store writes to. */
export function storeFiles(file: string): readonly string[] {
  return ["", "-wal", "-journal", ".mark", ".lock", ".fresh"].map((suffix) => file + suffix);
}

/** Resolves when the tracer has left: from now on every call of the program succeeds as the machine says. */
export async function dismissTracer(pid: number): Promise<void> {
  const tracer = tracerOf(pid);
  if (tracer === 0) return;
  signal(tracer, "SIGTERM");
  for (const begun = performance.now(); tracerOf(pid) === tracer; await sleep(10)) {
    // It may wait for ever for a thread that ends just then; the kernel lets the others go when it dies.
    if (performance.now() - begun > leavesWithinMs) signal(tracer, "SIGKILL");
  }
}

const leavesWithinMs = 1_000;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    // It ended with its program meanwhile.
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause;
  }
}

/** proc_pid_status(5); 0 when nobody traces it, or when it is gone. */
function tracerOf(pid: number): number {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return 0;
  return Number(/^TracerPid:\s+(\d+)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? 0);
}
