import { type CommandFault, type ExitCode, exitCodes } from "./commands.ts";
import { capital, plain, sentence } from "./text.ts";

export type Fault = Pick<CommandFault, "message" | "remedy" | "code" | "exit">;

/** What happened, to what, what to do, and the code at the end in brackets (one line). */
export function faultText(fault: Omit<Fault, "exit">): string {
  const remedy = fault.remedy === null || fault.remedy === "" ? "" : ` ${capital(sentence(fault.remedy))}`;
  return `pass-agent: ${sentence(fault.message)}${remedy} [${plain(fault.code)}]`;
}

/** Any typed fault (an error with a `code`) in the shape of a `CommandFault`; null for an error nobody foresaw. */
export function asFault(error: unknown): Fault | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  const { message, code } = error;
  const remedy = "remedy" in error && typeof error.remedy === "string" ? error.remedy : null;
  // A refusal of the system itself that no room has translated: errno(3) says at least whose leave is missing.
  if (code === "EACCES" || code === "EPERM") {
    return { message, code, remedy: remedy ?? askTheOwner, exit: exitCodes.noPermission };
  }
  return { message, code, remedy, exit: "exit" in error ? exitCode(error.exit) : exitCodes.failed };
}

const askTheOwner = "Run the command as root or as the agent's user, e.g. with: sudo -u pass-agent";

function exitCode(value: unknown): ExitCode {
  return Object.values(exitCodes).find((code) => code === value) ?? exitCodes.failed;
}
