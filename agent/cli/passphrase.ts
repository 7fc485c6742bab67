import { open } from "node:fs/promises";
import { badUsage } from "./arguments.ts";
import { CommandFault } from "./commands.ts";
import { hiddenLine, type LineState } from "./hidden-line.ts";
import { type CliIo, Interrupted, type Keyboard, type Output } from "./io.ts";
import { carriageReturn, lineFeed, readLine } from "./stdin.ts";
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

export interface PassphraseQuestions {
  readonly first: string;
  /** Asks for the same once more, where a mistake would be found too late; null: once is enough. */
  readonly again: string | null;
}

/**
 * Asks a person, who sees nothing of what they type.
 *
 * @throws Interrupted at Ctrl-C, Ctrl-D, a signal or the end of the keys
 * @throws CommandFault `passphrases_differ`, or `bad_usage` for too much or no text
 */
export function askPassphrase(
  io: Pick<CliIo, "stdout" | "stderr">,
  keyboard: Keyboard,
  { first, again }: PassphraseQuestions,
): Promise<string> {
  // Standard output only when nobody looks at the other one.
  const screen = io.stderr.isTTY || !io.stdout.isTTY ? io.stderr : io.stdout;
  return keyboard.silently(async (keys) => {
    const bytes = bytesOf(keys);
    const passphrase = await answer(screen, bytes, first);
    if (again !== null && (await answer(screen, bytes, again)) !== passphrase) {
      throw new CommandFault("passphrases_differ", "The two passphrases are not the same", {
        remedy: "Nothing was changed: type the command again",
      });
    }
    return passphrase;
  });
}

/** What is left of one question belongs to the next: both may be pasted at once. */
async function* bytesOf(keys: AsyncIterable<Uint8Array>): AsyncGenerator<number> {
  let before = 0;
  for await (const stroke of keys) {
    for (const byte of stroke) {
      // A pasted line end of two bytes is one Enter.
      if (byte !== lineFeed || before !== carriageReturn) yield byte;
      before = byte;
    }
  }
}

async function answer(screen: Output, bytes: AsyncIterator<number>, question: string): Promise<string> {
  await screen.write(question);
  const line = hiddenLine(maxBytes);
  let state: LineState = "open";
  try {
    while (state === "open") {
      const next = await bytes.next();
      state = next.done === true ? "left" : line.press(next.value);
    }
  } finally {
    // Enter was not shown either.
    await screen.write("\n");
  }
  if (state === "left") throw new Interrupted();
  if (state === "too_long") throw badUsage(`The passphrase is longer than ${maxBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(line.bytes);
  } catch {
    // The only thing a fatal decoder throws.
    throw badUsage("The passphrase is not UTF-8 text", "Set this terminal to UTF-8, or give a file of one line");
  }
}
