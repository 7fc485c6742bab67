import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { open, rename, stat } from "node:fs/promises";
import { ApiFault, errnoOf } from "./fault.ts";

/** 256 random bits as base64url without padding. */
const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 random bits, base64url, 43 characters. */
export function makeToken(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * The access token in `file`; made there, readable by the owner alone, when the file is missing.
 *
 * @throws ApiFault `token_unsafe` when others may read or write it, `token_unreadable` for everything else
 */
export async function readOrMakeToken(file: string): Promise<string> {
  try {
    const found = await readToken(file);
    return found ?? (await writeToken(file));
  } catch (cause) {
    if (cause instanceof ApiFault) throw cause;
    throw new ApiFault("token_unreadable", `The access token ${file} cannot be used: ${errnoOf(cause) ?? "unknown"}`, {
      remedy: "Check the owner and the free space of its folder",
      cause,
    });
  }
}

async function readToken(file: string): Promise<string | null> {
  const mode = await fileMode(file);
  if (mode === null) return null;
  if ((mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    throw new ApiFault("token_unsafe", `The access token ${file} has mode ${shown}: others may have read it`, {
      remedy: `Remove it and start again (rm ${file}): a new one is made`,
    });
  }
  const opened = await open(file, "r");
  try {
    // A token has 43 characters; more than this is some other file.
    const { bytesRead, buffer } = await opened.read(Buffer.alloc(256), 0, 256, 0);
    const text = buffer.toString("utf8", 0, bytesRead).trim();
    if (tokenForm.test(text)) return text;
  } finally {
    await opened.close();
  }
  throw new ApiFault("token_unreadable", `${file} does not hold an access token`, {
    remedy: `Remove it and start again (rm ${file}): a new one is made`,
  });
}

async function fileMode(file: string): Promise<number | null> {
  try {
    return (await stat(file)).mode;
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return null;
    throw cause;
  }
}

/** Written beside, synced and renamed: a cut leaves no token or a whole one. */
async function writeToken(file: string): Promise<string> {
  const token = makeToken();
  const beside = `${file}.${randomBytes(6).toString("hex")}`;
  const opened = await open(beside, "wx", 0o600);
  try {
    await opened.writeFile(`${token}\n`);
    await opened.sync();
  } finally {
    await opened.close();
  }
  await rename(beside, file);
  return token;
}

/** Compares in constant time, whatever the lengths. */
export function sameToken(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
