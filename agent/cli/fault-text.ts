import { type CommandFault, exitCodes } from "./commands.ts";
import { plain } from "./text.ts";

/** What happened, to what, what to do, and the code at the end in brackets (one line). */
export function faultText(fault: Pick<CommandFault, "message" | "remedy" | "code">): string {
  const remedy = fault.remedy === null || fault.remedy === "" ? "" : ` ${capital(sentence(fault.remedy))}`;
  return `pass-agent: ${sentence(fault.message)}${remedy} [${plain(fault.code)}]`;
}

function sentence(text: string): string {
  const clean = plain(text);
  return /[.?!]$/.test(clean) ? clean : `${clean}.`;
}

/** Other rooms write remedies as phrases. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Any typed fault (an error with a `code`) in the shape of a `CommandFault`; null for an error nobody foresaw. */
export function asFault(
  error: unknown,
): (Pick<CommandFault, "message" | "remedy" | "code"> & { readonly exit: number }) | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return {
    message: error.message,
    code: error.code,
    remedy: "remedy" in error && typeof error.remedy === "string" ? error.remedy : null,
    exit: "exit" in error && typeof error.exit === "number" ? error.exit : exitCodes.failed,
  };
}
