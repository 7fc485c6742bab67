import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { storeFileName } from "../agent.ts";
import { type Clock, rfc3339 } from "../clock.ts";
import type { Config } from "../config/index.ts";
import { deviceKeyName, identityName, readDeviceKey, readIdentity, readNextKey } from "../identity.ts";
import { changeKey } from "../key-change.ts";
import { setupFileName } from "../remote/start.ts";
import { remoteFileName } from "../remote/state.ts";
import { rotationKeysName } from "../rotation-keys.ts";
import { openStore, StoreFault } from "../store/index.ts";
import { lockStore } from "../store/lock.ts";
import { syncFolder } from "../store/mark.ts";

import { ulidMaker } from "../ulid.ts";
import { MoveFault } from "./fault.ts";
import { readTerminalLock, removeTerminalLock, type TerminalLock, writeTerminalLock } from "./lock.ts";
import { exportName, type OpenedEntry, readSealed, type SealedEntry, writeSealed } from "./sealed-file.ts";

/**
 * Replacing a terminal. What may never happen is that two terminals admit by the same memory. So:
 *
 * 1. Export locks the old terminal on disk before a byte leaves it; locked, it decides nothing and sends nothing, for ever.
 * 2. What is exported can be unlocked in one way only: by changing the device key at the cloud, which lets the key name one
 *    follower. Import does that on the new terminal, `cancel` on the old one. Whoever is first has the identity, the other
 *    stays locked, whatever copies of the file there are.
 *
 * Each of the three can be cut at any step and run again.
 */
export interface MoveParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Name under which the old terminal's configuration file comes along: to compare, never read. */
export const movedConfigName = "moved-agent.toml";
const stagingName = "moving-in";

/** What goes along, in the order in which it is put in place: the identity last, which makes it a terminal. */
const movedNames = [
  storeFileName,
  `${storeFileName}.mark`,
  remoteFileName,
  setupFileName,
  rotationKeysName,
  movedConfigName,
  deviceKeyName,
  identityName,
] as const;

/**
 * Locks this terminal and writes everything that it is into one encrypted file.
 *
 * @param configFile the configuration file, which goes along
 * @param target a file that is not there yet
 * @throws MoveFault, `StoreFault`, or what the disk says; from the moment the lock is on disk it stays there
 */
export async function exportTerminal(
  config: Config,
  request: { readonly configFile: string; readonly target: string; readonly passphrase: string },
  { clock }: MoveParts,
): Promise<{ readonly scannerId: string; readonly bytes: number }> {
  const { stateDir } = config;
  const identity = readIdentity(stateDir);
  if (identity === null || readDeviceKey(stateDir) === null) throw notEnrolled(stateDir);
  if (readTerminalLock(stateDir)?.kind === "moving_in") {
    throw new MoveFault("not_enrolled", "this terminal's own import is not finished", "pass-agent move import <file>");
  }
  if (readNextKey(stateDir) !== null) {
    throw new MoveFault("key_change_unfinished", "a change of the device key is not finished", "pass-agent key rotate");
  }
  await settleStore(config, clock);
  const release = hold(stateDir);
  try {
    writeTerminalLock(stateDir, { kind: "moved", at: rfc3339(clock.wallMs()), file: null, unpacked: false });
    const sources = movedNames.flatMap((name): SourceFile[] => {
      const path = name === movedConfigName ? request.configFile : join(stateDir, name);
      return existsSync(path) ? [{ name, length: statSync(path).size, read: () => createReadStream(path) }] : [];
    });
    await using file = await open(request.target, "wx", 0o600);
    await writeSealed(file, request.passphrase, sources).catch((cause: unknown) => {
      // Half an export looks like a whole one.
      rmSync(request.target, { force: true });
      throw cause;
    });
    return { scannerId: identity.scannerId, bytes: (await file.stat()).size };
  } finally {
    release();
  }
}

type SourceFile = SealedEntry & { readonly read: () => AsyncIterable<Uint8Array> };

/**
 * Makes this terminal the one in the file: everything in place, then the device key changed at the cloud, then unlocked.
 *
 * @throws MoveFault, `KeyChangeFault`, `CloudFault`, or what the disk says
 */
export async function importTerminal(
  config: Config,
  request: { readonly source: string; readonly passphrase: string },
  parts: MoveParts,
): Promise<{ readonly scannerId: string }> {
  const { stateDir } = config;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const release = hold(stateDir);
  try {
    const name = await exportName(request.source);
    const lock = readTerminalLock(stateDir);
    checkFree(stateDir, lock, name);
    if (lock?.unpacked !== true) {
      const moving: TerminalLock = {
        kind: "moving_in",
        at: rfc3339(parts.clock.wallMs()),
        file: name,
        unpacked: false,
      };
      writeTerminalLock(stateDir, moving);
      const staged = await unpack(stateDir, request);
      checkPlatform(config, staged);
      putInPlace(stateDir);
      writeTerminalLock(stateDir, { ...moving, unpacked: true });
    }
    const identity = readIdentity(stateDir);
    if (identity === null) throw notEnrolled(stateDir);
    checkPlatform(config, stateDir);
    await changeKey(config, parts);
    removeTerminalLock(stateDir);
    return { scannerId: identity.scannerId };
  } finally {
    release();
  }
}

/**
 * Unlocks the old terminal again: only when the cloud lets it change its key, so only when no import did.
 *
 * @throws MoveFault, `KeyChangeFault` (`key_taken`: it was imported), `CloudFault`, or what the disk says
 */
export async function cancelMove(config: Config, parts: MoveParts): Promise<void> {
  if (readTerminalLock(config.stateDir)?.kind !== "moved") {
    throw new MoveFault("not_locked", "this terminal was not exported", "there is nothing to cancel");
  }
  await changeKey(config, parts);
  removeTerminalLock(config.stateDir);
}

/** Opens and closes the database, so that everything is in its file and the mark says so. */
async function settleStore(config: Config, { wallMs }: Clock): Promise<void> {
  const file = join(config.stateDir, storeFileName);
  try {
    const store = await openStore({
      file,
      policy: config.policy,
      rules: config,
      incarnation: ulidMaker(wallMs)(),
      readOnly: false,
      openedAt: rfc3339(wallMs()),
      afterLoss: config.storage.afterLoss,
      suspicion: null,
    });
    await store.close();
  } catch (cause) {
    throw cause instanceof StoreFault && cause.code === "store_locked" ? agentRunning(cause) : cause;
  }
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
  if (log !== undefined && log.size > 0) {
    throw new MoveFault("database_busy", "the database is not closed", "stop the agent, then export again");
  }
}

/** Keeps every agent away from the state folder. */
function hold(stateDir: string): () => void {
  try {
    return lockStore(`${join(stateDir, storeFileName)}.lock`);
  } catch (cause) {
    throw cause instanceof StoreFault && cause.code === "store_locked" ? agentRunning(cause) : cause;
  }
}

function checkFree(stateDir: string, lock: TerminalLock | null, name: string): void {
  if (lock?.kind === "moving_in") {
    if (lock.file === name) return;
    throw new MoveFault(
      "other_file",
      "the import of another file is not finished here",
      "finish it with the same file",
    );
  }
  if (lock === null && readIdentity(stateDir) === null) return;
  throw new MoveFault(
    "already_enrolled",
    `${stateDir} holds a terminal already`,
    "import into an empty state folder: what this terminal remembers must not be lost",
  );
}

/** Decrypts into a folder beside; the tag is checked when this resolves. Answers the folder. */
async function unpack(
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
  for await (const piece of bytes) await file.write(piece);
  if (known) await file.sync();
}

function putInPlace(stateDir: string): void {
  const staging = join(stateDir, stagingName);
  // What an agent that was never enrolled here left: an empty database.
  if (existsSync(join(staging, storeFileName))) {
    for (const suffix of ["", "-wal", "-shm", ".mark"])
      rmSync(join(stateDir, `${storeFileName}${suffix}`), { force: true });
  }
  for (const name of movedNames) {
    if (existsSync(join(staging, name))) renameSync(join(staging, name), join(stateDir, name));
  }
  rmSync(staging, { recursive: true, force: true });
  syncFolder(stateDir);
}

/** The file must belong to the platform and environment that this terminal's configuration names. */
function checkPlatform(config: Config, folder: string): void {
  const identity = readIdentity(folder);
  if (identity === null) throw new MoveFault("not_an_export", "there is no identity in the file", "export again");
  if (identity.liveMode !== (config.environment === "live")) {
    const theirs = identity.liveMode ? "live" : "sandbox";
    throw new MoveFault("other_platform", `the file is of a ${theirs} terminal`, `set environment = "${theirs}"`);
  }
}

function notEnrolled(stateDir: string): MoveFault {
  return new MoveFault("not_enrolled", `there is no identity in ${stateDir}`, "enrol it: pass-agent enroll <code>");
}

function agentRunning(cause: unknown): MoveFault {
  return new MoveFault(
    "agent_running",
    "an agent is at work on this state folder",
    "sudo systemctl stop pass-agent",
    cause,
  );
}
