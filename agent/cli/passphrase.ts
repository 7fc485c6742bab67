import { open } from "node:fs/promises";
import { CommandFault } from "./commands.ts";
import { readLine } from "./stdin.ts";
import { plain } from "./text.ts";

const maxBytes = 4096;

/**
 * The first line of a file or of standard input.
 *
 * @throws CommandFault `passphrase_unreadable`, or `bad_usage` for too much or no text
 */
export async function readPassphrase(source: string | AsyncIterable<Uint8Array>): Promise<string> {
  if (typeof source !== "string") return readLine(source, maxBytes);
  try {
    await using file = await open(source, "r");
    return await readLine(file.createReadStream({ autoClose: false }), maxBytes);
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    const code = "code" in cause ? ` (${String(cause.code)})` : "";
    throw new CommandFault("passphrase_unreadable", `${plain(source)} cannot be read${code}`, {
      remedy: "Give a file whose first line is the passphrase",
      cause,
    });
  }
}
