import { type CipherGCM, createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { MoveFault } from "./fault.ts";

/**
 * One encrypted file that holds a terminal: a line of JSON (how the key is made from the passphrase), then files, each as length
 * of its head, head (JSON) and bytes, all under one AES-256-GCM with the line as associated data; the tag of 16 bytes ends it.
 * Nothing of it may be used before the tag was checked.
 */

const kind = "pass-agent terminal";
/** RFC 7914: 64 MiB and about a quarter of a second; a stolen file costs that much for each guess. */
const scryptN = 2 ** 16;
const scryptR = 8;
const scryptMemory = 128 * scryptN * scryptR * 2;
const tagBytes = 16;
const longestLine = 1024;
const longestHead = 1024;
const pieceBytes = 1024 * 1024;
const shortestPassphrase = 12;
/** Entries of an export. */
const mostEntries = 64;

export interface SealedEntry {
  /** A plain file name. */
  readonly name: string;
  /** Bytes. */
  readonly length: number;
}

/** An entry on its way in; its bytes must be taken before the next entry. */
export interface OpenedEntry extends SealedEntry {
  readonly bytes: AsyncIterable<Uint8Array>;
}

interface SealLine {
  readonly v: 1;
  readonly kind: typeof kind;
  readonly salt: string;
  readonly nonce: string;
}

/** Throws `MoveFault` `passphrase_too_short`. */
export function checkPassphrase(passphrase: string): void {
  if (passphrase.length >= shortestPassphrase) return;
  const message = `the passphrase has fewer than ${shortestPassphrase} characters`;
  throw new MoveFault("passphrase_too_short", message, "the file holds this terminal's key: choose a longer one");
}

/**
 * Writes an export, on disk when it resolves. The caller made the file and removes it when this rejects.
 *
 * @param passphrase checked by `checkPassphrase`
 */
export async function writeSealed(
  file: FileHandle,
  passphrase: string,
  entries: readonly (SealedEntry & { readonly read: () => AsyncIterable<Uint8Array> })[],
): Promise<void> {
  const line: SealLine = {
    v: 1,
    kind,
    salt: randomBytes(16).toString("base64url"),
    nonce: randomBytes(12).toString("base64url"),
  };
  const head = Buffer.from(`${JSON.stringify(line)}\n`);
  const cipher: CipherGCM = createCipheriv(
    "aes-256-gcm",
    keyOf(passphrase, line),
    Buffer.from(line.nonce, "base64url"),
  );
  cipher.setAAD(head);
  await file.writeFile(head);
  const put = async (bytes: Uint8Array): Promise<void> => {
    await file.writeFile(cipher.update(bytes));
  };
  for (const { name, length, read } of entries) {
    const entryHead = Buffer.from(JSON.stringify({ name, length }));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(entryHead.length);
    await put(Buffer.concat([size, entryHead]));
    let written = 0;
    for await (const piece of read()) {
      await put(piece);
      written += piece.length;
    }
    if (written !== length) {
      throw new MoveFault("database_busy", `${name} changed while it was read`, "stop the agent, then export again");
    }
  }
  await file.writeFile(cipher.final());
  await file.writeFile(cipher.getAuthTag());
  await file.sync();
}

/**
 * Names an export without its passphrase: salt and nonce are made anew for each.
 *
 * @throws MoveFault `not_an_export` or `file_unreadable`
 */
export async function exportName(path: string): Promise<string> {
  await using file = await open(path, "r").catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  return (await readLine(file, path)).line.salt;
}

/**
 * Reads an export entry by entry. What `take` is given is not proved yet: only when this resolves was every byte what the
 * exporting terminal wrote.
 *
 * @throws MoveFault `not_an_export` or `wrong_passphrase` (which a damaged file looks like, too)
 */
export async function readSealed(
  path: string,
  passphrase: string,
  take: (entry: OpenedEntry) => Promise<void>,
): Promise<void> {
  await using file = await open(path, "r");
  const { line, head } = await readLine(file, path);
  const { size } = await file.stat();
  const end = size - tagBytes;
  const tag = Buffer.alloc(tagBytes);
  if (end < head.length || (await file.read(tag, 0, tagBytes, end)).bytesRead !== tagBytes) throw notAnExport(path);
  const decipher = createDecipheriv("aes-256-gcm", keyOf(passphrase, line), Buffer.from(line.nonce, "base64url"));
  decipher.setAAD(head);
  decipher.setAuthTag(tag);
  const source = pieces(file, head.length, end, (bytes) => decipher.update(bytes));
  try {
    await entries(source, take);
    // Throws unless every byte is as it was written.
    decipher.final();
  } catch (cause) {
    if (cause instanceof MoveFault && cause.code !== "not_an_export") throw cause;
    const isCipher = cause instanceof MoveFault || (cause instanceof Error && !("syscall" in cause));
    if (!isCipher) throw cause;
    throw new MoveFault(
      "wrong_passphrase",
      `${path} does not open with this passphrase, or is damaged`,
      "type the passphrase again; else export again on the old terminal",
      cause,
    );
  }
}

async function entries(source: Bytes, take: (entry: OpenedEntry) => Promise<void>): Promise<void> {
  for (let count = 0; !(await source.isOver()); count++) {
    if (count >= mostEntries) throw notAnExport("the file");
    const size = Buffer.from(await source.exactly(4)).readUInt32BE();
    if (size > longestHead) throw notAnExport("the file");
    const head = parse(Buffer.from(await source.exactly(size)).toString());
    const { name, length } = head;
    const isGood = typeof name === "string" && /^[a-z0-9][a-z0-9._-]{0,63}$/.test(name);
    if (!isGood || typeof length !== "number" || !Number.isSafeInteger(length) || length < 0)
      throw notAnExport("the file");
    await take({ name, length, bytes: source.next(length) });
  }
}

interface Bytes {
  isOver(): Promise<boolean>;
  exactly(count: number): Promise<Uint8Array>;
  /** The next bytes, as they come. */
  next(count: number): AsyncIterable<Uint8Array>;
}

function pieces(file: FileHandle, from: number, to: number, through: (bytes: Uint8Array) => Uint8Array): Bytes {
  let at = from;
  let held: Uint8Array = new Uint8Array(0);
  const fill = async (): Promise<boolean> => {
    if (held.length > 0) return true;
    const room = Buffer.alloc(Math.min(pieceBytes, to - at));
    const { bytesRead } = await file.read(room, 0, room.length, at);
    at += bytesRead;
    held = through(room.subarray(0, bytesRead));
    return held.length > 0;
  };
  async function* next(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      if (!(await fill())) throw notAnExport("the file");
      const part = held.subarray(0, left);
      held = held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
  return {
    isOver: async () => !(await fill()),
    next,
    async exactly(count) {
      const parts: Uint8Array[] = [];
      for await (const part of next(count)) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}

async function readLine(
  file: FileHandle,
  path: string,
): Promise<{ readonly line: SealLine; readonly head: Uint8Array }> {
  const bytes = Buffer.alloc(longestLine);
  const { bytesRead } = await file.read(bytes, 0, longestLine, 0);
  const end = bytes.subarray(0, bytesRead).indexOf("\n");
  const { v, kind: found, salt, nonce } = end === -1 ? {} : parse(bytes.subarray(0, end).toString());
  if (v !== 1 || found !== kind || typeof salt !== "string" || typeof nonce !== "string") throw notAnExport(path);
  if (Buffer.from(nonce, "base64url").length !== 12) throw notAnExport(path);
  return { line: { v, kind: found, salt, nonce }, head: bytes.subarray(0, end + 1) };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return {};
  }
}

function keyOf(passphrase: string, { salt }: SealLine): Uint8Array {
  return scryptSync(passphrase.normalize("NFC"), Buffer.from(salt, "base64url"), 32, {
    N: scryptN,
    r: scryptR,
    p: 1,
    maxmem: scryptMemory,
  });
}

function unreadable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("code" in cause)) return cause;
  const message = `${path} cannot be read (${String(cause.code)})`;
  return new MoveFault("file_unreadable", message, "give the file that pass-agent move export wrote", cause);
}

function notAnExport(what: string): MoveFault {
  return new MoveFault(
    "not_an_export",
    `${what} is no export of a terminal`,
    "give the file that pass-agent move export wrote",
  );
}
