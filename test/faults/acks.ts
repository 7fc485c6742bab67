import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a client was told of one scan. */
export interface Ack {
  readonly id: string;
  readonly outcome: "accepted" | "rejected";
}

/** What a child program of the tests told until it ended. */
export interface Told {
  readonly acks: readonly Ack[];
  /** Scans that could not be recorded, as the child was told. */
  readonly unrecorded: readonly string[];
  /** Other lines, in their order. */
  readonly lines: readonly string[];
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child, and what it told so far. */
export interface Child {
  readonly pid: number;
  readonly told: () => Omit<Told, "exit" | "signal">;
  /** Resolves when `reached` is true of what it told, or when it ended. */
  until(reached: (told: Omit<Told, "exit" | "signal">) => boolean): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Told>;
}

export function childPath(name: string): string {
  return fileURLToPath(new URL(`./children/${name}`, import.meta.url));
}

/** Starts a program and reads its lines: `A <id> <outcome>` is an acknowledgement, `U <id>` a scan not recorded. */
export function startChild(command: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const [program = "", ...args] = command;
  const child: ChildProcess = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const acks: Ack[] = [];
  const unrecorded: string[] = [];
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  child.stdout?.on("data", (part: Buffer) => {
    const text = rest + part.toString();
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    rest = text.slice(whole.length);
    for (const line of whole.split("\n").filter((one) => one !== "")) {
      const [kind, id = "", outcome] = line.split(" ");
      if (kind === "A") acks.push({ id, outcome: outcome === "accepted" ? "accepted" : "rejected" });
      else if (kind === "U") unrecorded.push(id);
      else lines.push(line);
    }
    for (const look of waiting) look();
  });
  let lastWords = "";
  child.stderr?.on("data", (part: Buffer) => {
    lastWords = (lastWords + part.toString()).slice(-2_000);
  });
  const told = () => ({ acks, unrecorded, lines });
  const { promise: ended, resolve } = Promise.withResolvers<Told>();
  let isOver = false;
  child.once("close", (exit, signal) => {
    isOver = true;
    if (lastWords.trim() !== "") lines.push(`stderr: ${lastWords.trim()}`);
    resolve({ ...told(), exit, signal });
    for (const look of waiting) look();
  });
  return {
    pid: child.pid ?? 0,
    told,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
    async until(reached) {
      const { promise, resolve: done } = Promise.withResolvers<void>();
      const look = (): void => {
        if (isOver || reached(told())) done();
      };
      waiting.add(look);
      look();
      await promise;
      waiting.delete(look);
    },
  };
}
