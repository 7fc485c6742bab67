import { chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { storeFileName } from "../agent.ts";
import { deviceKeyName, identityName } from "../identity.ts";
import { setupFileName } from "../remote/start.ts";
import { remoteFileName } from "../remote/state.ts";
import { rotationKeysName } from "../rotation-keys.ts";
import { syncFolder } from "../store/mark.ts";
import { type OpenedEntry, readSealed } from "./sealed-file.ts";

/** The files that make a terminal what it is, on their way into another one. */

/** Name under which the old terminal's configuration file comes along: to compare, never read. */
export const movedConfigName = "moved-agent.toml";
const stagingName = "moving-in";

/** What goes along, in the order in which it is put in place: the identity last, which makes it a terminal. */
export const movedNames = [
  storeFileName,
  `${storeFileName}.mark`,
  remoteFileName,
  setupFileName,
  rotationKeysName,
  movedConfigName,
  deviceKeyName,
  identityName,
] as const;

/** Decrypts into a folder beside; the tag is checked when this resolves. Answers the folder. */
export async function unpack(
  stateDir: string,
  { source, passphrase }: { readonly source: string; readonly passphrase: string },
): Promise<string> {
  const staging = join(stateDir, stagingName);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  await readSealed(source, passphrase, (entry) => writeEntry(staging, entry));
  return staging;
}

async function writeEntry(staging: string, { name, bytes }: OpenedEntry): Promise<void> {
  // A name that this version does not know is of a newer one: its bytes are passed over.
  const known = movedNames.some((moved) => moved === name);
  await using file = await open(known ? join(staging, name) : "/dev/null", "w", 0o600);
  for await (const piece of bytes) await file.writeFile(piece);
  if (known) await file.sync();
}

/** Puts in its place what `unpack` has brought, owned like the state folder. */
export function putInPlace(stateDir: string): void {
  const staging = join(stateDir, stagingName);
  // What an agent that was never enrolled here left: an empty database.
  if (existsSync(join(staging, storeFileName))) {
    for (const suffix of ["", "-wal", "-shm", ".mark"])
      rmSync(join(stateDir, `${storeFileName}${suffix}`), { force: true });
  }
  for (const name of movedNames) {
    if (existsSync(join(staging, name))) renameSync(join(staging, name), join(stateDir, name));
  }
  dropUnpacked(stateDir);
  ownLikeFolder(stateDir, movedNames);
  syncFolder(stateDir);
}

/** Root may type the command for the agent's user: gives those files that are there to whom the folder belongs. */
export function ownLikeFolder(stateDir: string, names: readonly string[]): void {
  const { uid, gid } = statSync(stateDir);
  for (const name of names) {
    if (existsSync(join(stateDir, name))) chownSync(join(stateDir, name), uid, gid);
  }
}

/** What was brought is of no use. */
export function dropUnpacked(stateDir: string): void {
  rmSync(join(stateDir, stagingName), { recursive: true, force: true });
}
