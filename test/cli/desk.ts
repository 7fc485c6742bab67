import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../loop/gate.ts";
import type { Box, Town } from "./played.ts";

/** A person who has typed a command at a real terminal and sits there until it ends. */
export interface Desk {
  /** Resolves when that text has been on the screen. */
  shows(text: string): Promise<void>;
  /** Presses keys, as the bytes that a terminal sends for them. */
  press(keys: string): void;
  /** Sends a signal to the program, past the terminal. */
  signal(name: NodeJS.Signals): void;
  readonly left: Promise<Left>;
}

export interface Left {
  readonly exit: number | null;
  readonly screen: string;
  /** The terminal is set as it was before, in every flag. */
  readonly terminalAsBefore: boolean;
}

/** A command that takes longer is stuck, milliseconds. */
const commandMs = 20_000;

/** Types a command, whose words need no quotes, at a pty of its own. */
export function sitDown({ folder, entry }: Town, box: Box, argv: readonly string[]): Desk {
  const own = mkdtempSync(join(folder, "desk-"));
  const script = join(own, "typed.sh");
  const command = [process.execPath, entry, ...argv].join(" ");
  writeFileSync(
    script,
    `#!/bin/sh
stty -g > ${own}/before
sh -c 'echo $$ > ${own}/pid; exec ${command}'
echo $? > ${own}/exit
stty -g > ${own}/after
`,
    { mode: 0o700 },
  );
  const terminal = spawn("socat", ["-t", "0.2", "STDIO", `EXEC:${script},pty,setsid,ctty,stderr`], {
    cwd: folder,
    env: { PATH: process.env["PATH"], PASS_AGENT_CONFIG: box.configFile, TZ: "UTC" },
    timeout: commandMs,
    killSignal: "SIGKILL",
  });
  let screen = "";
  const see = (part: Buffer) => {
    screen += part.toString();
  };
  terminal.stdout.on("data", see);
  terminal.stderr.on("data", see);
  terminal.stdin.on("error", () => {});
  const left = Promise.withResolvers<Left>();
  const read = (name: string) => readFileSync(join(own, name), "utf8");
  terminal.once("error", left.reject);
  terminal.once("close", (code) => {
    if (code === 0)
      left.resolve({ exit: Number(read("exit")), screen, terminalAsBefore: read("after") === read("before") });
    else left.reject(new Error(`the terminal ended with ${code}: ${screen}`));
  });
  return {
    shows: (text) => until(() => screen.includes(text), `"${text}" on the screen`),
    press: (keys) => {
      terminal.stdin.write(keys);
    },
    signal: (name) => {
      process.kill(Number(read("pid")), name);
    },
    left: left.promise,
  };
}
