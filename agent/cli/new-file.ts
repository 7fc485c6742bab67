import { type FileHandle, open, unlink } from "node:fs/promises";
import { CommandFault, exitCodes } from "./commands.ts";
import { plain } from "./text.ts";

/**
 * Makes a file (mode 0600) and has it filled; it is on disk when this resolves. Nothing is overwritten, and what could not be
 * finished is removed: half a file looks like a whole one.
 *
 * @throws CommandFault `file_exists`, `file_unwritable`, or what `fill` throws
 */
export async function writeNewFile<T>(
  path: string,
  fill: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const file = await newFile(path);
  let result: T;
  try {
    result = await fill(async (text) => {
      await file.writeFile(text);
    });
    await file.sync();
  } catch (cause) {
    await file.close();
    await unlink(path);
    throw cause;
  }
  await file.close();
  return result;
}

async function newFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    const there = code === "EEXIST";
    const message = there ? `${plain(path)} is there already` : `${plain(path)} cannot be written (${code})`;
    throw new CommandFault(there ? "file_exists" : "file_unwritable", message, {
      remedy: there ? "Give another name: nothing is overwritten" : "Give a file in a folder that you may write to",
      exit: code === "EACCES" ? exitCodes.noPermission : exitCodes.failed,
      cause,
    });
  }
}
