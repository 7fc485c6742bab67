import { accessSync, constants, createReadStream, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { storeFileName } from "../agent.ts";
import { type Clock, rfc3339 } from "../clock.ts";
import type { Config } from "../config/index.ts";
import { readDeviceKey, readIdentity, readNextKey } from "../identity.ts";
import { changeKey, KeyChangeFault } from "../key-change.ts";
import { openStore, StoreFault } from "../store/index.ts";
import { lockStore } from "../store/lock.ts";
import { ulidMaker } from "../ulid.ts";
import { agentRunning, MoveFault, notEnrolled, unfinished } from "./fault.ts";
import { readTerminalLock, removeTerminalLock, type TerminalLock, writeTerminalLock } from "./lock.ts";
import { dropUnpacked, movedConfigName, movedNames, ownLikeFolder, putInPlace, unpack } from "./moved-files.ts";
import { checkPassphrase, exportName, type SealedEntry, writeSealed } from "./sealed-file.ts";
import { checkTarget, openTarget } from "./target.ts";

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

/**
 * Locks this terminal and writes everything that it is into one encrypted file. What can be wrong with the request is found
 * before the lock. The file has its name only when it is whole; what a cut export left beside it goes at the next.
 *
 * @param configFile the configuration file, which goes along
 * @param target a file that is not there yet
 * @throws MoveFault (`export_unfinished`: the lock is on disk and stays there), `StoreFault`, or what the disk says
 */
export async function exportTerminal(
  config: Config,
  request: { readonly configFile: string; readonly target: string; readonly passphrase: string },
  { clock }: MoveParts,
): Promise<{ readonly scannerId: string; readonly bytes: number }> {
  const { stateDir } = config;
  const identity = readIdentity(stateDir);
  if (identity === null || readDeviceKey(stateDir) === null) throw notEnrolled(stateDir);
  const lock = readTerminalLock(stateDir);
  if (lock?.kind === "moving_in") {
    throw new MoveFault("not_enrolled", "this terminal's own import is not finished", "pass-agent move import <file>");
  }
  if (readNextKey(stateDir) !== null) {
    const finish = lock === null ? "pass-agent key rotate" : "pass-agent move cancel";
    throw new MoveFault("key_change_unfinished", "a change of the device key is not finished", finish);
  }
  checkPassphrase(request.passphrase);
  checkTarget(request.target);
  await settleStore(config, clock);
  const release = hold(stateDir);
  try {
    await using target = await openTarget(request.target);
    writeTerminalLock(stateDir, { kind: "moved", at: rfc3339(clock.wallMs()), file: null, unpacked: false });
    const sources = movedNames.flatMap((name): SourceFile[] => {
      const path = name === movedConfigName ? request.configFile : join(stateDir, name);
      return existsSync(path) ? [{ name, length: statSync(path).size, read: () => createReadStream(path) }] : [];
    });
    try {
      await writeSealed(target.file, request.passphrase, sources);
      target.finish();
      return { scannerId: identity.scannerId, bytes: statSync(request.target).size };
    } catch (cause) {
      throw unfinished(request.target, cause);
    }
  } finally {
    release();
  }
}

type SourceFile = SealedEntry & { readonly read: () => AsyncIterable<Uint8Array> };

/**
 * Makes this terminal the one in the file: everything in place, then the device key changed at the cloud, then unlocked.
 * A file that is refused leaves the terminal as it was.
 *
 * @throws MoveFault, or what the disk says
 */
export async function importTerminal(
  config: Config,
  request: { readonly source: string; readonly passphrase: string },
  parts: MoveParts,
): Promise<{ readonly scannerId: string }> {
  const { stateDir } = config;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
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
      try {
        checkPlatform(config, await unpack(stateDir, request));
      } catch (cause) {
        dropUnpacked(stateDir);
        // Only what an earlier run has put in its place stays locked.
        if (lock === null) removeTerminalLock(stateDir);
        throw cause;
      }
      putInPlace(stateDir);
      writeTerminalLock(stateDir, { ...moving, unpacked: true });
    }
    const identity = readIdentity(stateDir);
    if (identity === null) throw notEnrolled(stateDir);
    checkPlatform(config, stateDir);
    await changeHands(config, parts, {
      state: "everything is in its place here, and the platform has not given this terminal its key yet",
      taken: "export again on the terminal that is at work, and import that file into an empty state folder",
    });
    removeTerminalLock(stateDir);
    return { scannerId: identity.scannerId };
  } finally {
    release();
  }
}

/**
 * Unlocks the old terminal again: only when the cloud lets it change its key, so only when no import did.
 *
 * @throws MoveFault (`key_taken`: it was imported), or what the disk says
 */
export async function cancelMove(config: Config, parts: MoveParts): Promise<void> {
  if (readTerminalLock(config.stateDir)?.kind !== "moved") {
    throw new MoveFault("not_locked", "this terminal was not exported", "there is nothing to cancel");
  }
  await changeHands(config, parts, {
    state: "this terminal stays locked",
    taken: "go on with the other one; to use this one again, enrol it as a new terminal with an empty state folder",
  });
  removeTerminalLock(config.stateDir);
}

/** Changes the device key, which is what the move hangs on. Throws `MoveFault`. */
async function changeHands(
  config: Config,
  parts: MoveParts,
  { state, taken }: { readonly state: string; readonly taken: string },
): Promise<void> {
  try {
    await changeKey(config, parts);
  } catch (cause) {
    if (!(cause instanceof KeyChangeFault)) throw cause;
    const { code, message } = cause;
    if (code === "key_taken") {
      const said = "what was exported was imported on another terminal, or its export was cancelled";
      throw new MoveFault(code, `${said}: ${message}`, taken, cause);
    }
    const known = code === "key_refused" || code === "key_change_running";
    const remedy = known ? cause.remedy : "check the network, then type the same command again";
    throw new MoveFault(code, `${state}: ${message}`, remedy, cause);
  }
}

/**
 * Opens and closes the database, so that everything is in its file and the mark says so. A pass that a till was being asked
 * about is given back: nobody was shown anything.
 */
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
    await store.ask("releaseReservations", null);
    await store.close();
  } catch (cause) {
    throw cause instanceof StoreFault && cause.code === "store_locked" ? agentRunning(config.stateDir, cause) : cause;
  }
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
  if (log !== undefined && log.size > 0) {
    throw new MoveFault("database_busy", "the database is not closed", "stop the agent, then export again");
  }
}

/** Keeps every agent away from the state folder. */
function hold(stateDir: string): () => void {
  try {
    const release = lockStore(`${join(stateDir, storeFileName)}.lock`);
    ownLikeFolder(stateDir, [`${storeFileName}.lock`]);
    return release;
  } catch (cause) {
    throw cause instanceof StoreFault && cause.code === "store_locked" ? agentRunning(stateDir, cause) : cause;
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
  const identity = readIdentity(stateDir);
  if (lock === null && identity === null) return;
  throw new MoveFault(
    "already_enrolled",
    `${stateDir} holds ${identity?.scannerId ?? "a terminal"} already`,
    "if that is the one in the file, the import is done; else import into an empty state folder: nothing is overwritten",
  );
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
