import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { Agent as HttpAgent, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../../scripts/build/bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles the program as a device runs it, into a folder; answers the path of its entry. */
export async function buildProgram(folder: string): Promise<string> {
  const outDir = join(folder, "program");
  mkdirSync(outDir);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  await bundle(root, outDir);
  return join(outDir, "pass-agent.mjs");
}

/** A running agent program. */
export interface Program {
  readonly child: ChildProcess;
  /** Its newest words, at most 20,000 characters. */
  said(): string;
  readonly ended: Promise<{
    readonly exit: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly said: string;
  }>;
}

/** @param wrap a command that runs the program, such as strace with its options */
export function startProgram(
  entry: string,
  args: readonly string[],
  options: { readonly wrap?: readonly string[]; readonly node?: readonly string[] } = {},
): Program {
  const [command = "", ...rest] = [...(options.wrap ?? []), process.execPath, ...(options.node ?? []), entry, ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const hear = (part: Buffer): void => {
    said = (said + part.toString()).slice(-20_000);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const { promise, resolve } = Promise.withResolvers<Awaited<Program["ended"]>>();
  child.once("close", (exit, signal) => resolve({ exit, signal, said }));
  return { child, said: () => said, ended: promise };
}

/** Memory of a running program that is in use now, bytes (proc_pid_status(5)). */
export function residentBytes({ child }: Pick<Program, "child">): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

/** Asks an agent over its Unix socket; null when nobody answers, whatever the reason. */
export function askProgram(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
  body: object | null,
  timeoutMs = 20_000,
): Promise<{ readonly status: number; readonly body: unknown } | null> {
  if (!existsSync(socketPath)) return Promise.resolve(null);
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: unknown } | null>();
  const sent = request(
    {
      socketPath,
      method,
      path,
      agent: new HttpAgent({ keepAlive: false }),
      headers: { Host: "localhost", "Content-Type": "application/json" },
      timeout: timeoutMs,
    },
    (response) => {
      let text = "";
      response.on("data", (part: Buffer) => {
        text += part.toString();
      });
      // An answer that was cut acknowledges nothing.
      response.on("error", () => resolve(null));
      response.on("close", () => {
        resolve(response.complete ? { status: response.statusCode ?? 0, body: parse(text) } : null);
      });
    },
  );
  sent.on("timeout", () => sent.destroy());
  sent.on("error", () => resolve(null));
  sent.end(body === null ? undefined : JSON.stringify(body));
  return promise;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return text;
  }
}
