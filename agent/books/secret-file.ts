import { constants } from "node:fs";
import { open } from "node:fs/promises";

export type Secrets =
  | { readonly ok: true; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly problem: string };

const largestFileBytes = 4_096;
const shortestSecret = 16;
const mostSecrets = 4;

/**
 * The secrets of a webhook receiver: one a line, at least 16 characters each, at most 4; the file is readable by its owner
 * and group only. It is read for each delivery, so a new secret needs no restart.
 */
export async function readSecrets(path: string): Promise<Secrets> {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return refuse(path, "is no file");
    if ((mode & 0o007) !== 0) return refuse(path, "can be read or written by everybody: chmod o= would cure that");
    if (size > largestFileBytes) return refuse(path, `is larger than ${largestFileBytes} bytes`);
    const text = (await file.readFile("utf8")).slice(0, largestFileBytes);
    const secrets = text.split(/\r?\n/).filter((line) => line !== "");
    if (secrets.length === 0) return refuse(path, "is empty");
    if (secrets.length > mostSecrets) return refuse(path, `holds more than ${mostSecrets} lines`);
    if (secrets.some((secret) => secret.length < shortestSecret)) {
      return refuse(path, `holds a secret of fewer than ${shortestSecret} characters`);
    }
    return { ok: true, secrets };
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    return refuse(path, `cannot be read (${String(cause.code)})`);
  }
}

function refuse(path: string, what: string): Secrets {
  return { ok: false, problem: `the secret file ${path} ${what}` };
}
