import { accessSync, chownSync, constants, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "./clock.ts";
import { CloudFault, type CloudFaultCode, type CloudHttp, cloudError, openRoute } from "./cloud/http.ts";
import { CredentialFault, openSession, type Session } from "./cloud/session.ts";
import type { Config } from "./config/index.ts";
import { type DeviceSigner, deviceSigner, makeDeviceKey } from "./device-jws.ts";
import { type DeviceKey, promoteNextKey, readDeviceKey, readIdentity, readNextKey, writeNextKey } from "./identity.ts";
import { readTerminalLock } from "./move/lock.ts";
import { StoreFault } from "./store/index.ts";
import { lockStore } from "./store/lock.ts";
import { ulidMaker } from "./ulid.ts";

/** Why a device key could not be changed. The one before goes on working unless the code says otherwise. */
export class KeyChangeFault extends Error {
  override readonly name = "KeyChangeFault";
  /** `key_taken`: another device has been given this terminal's identity. Those of `CloudFault`: the platform gave no answer. */
  readonly code:
    | "not_enrolled"
    | "terminal_locked"
    | "key_change_running"
    | "key_refused"
    | "key_taken"
    | CloudFaultCode;
  readonly remedy: string;
  constructor(code: KeyChangeFault["code"], message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

export interface KeyChangeParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const maxAnswerBytes = 64 * 1024;
/** Empty, and there for good; the kernel lets go of it when its program dies. */
const lockName = "device-key.lock";

/**
 * As `changeKey`, for a terminal at work.
 *
 * Rejects with `KeyChangeFault`: `terminal_locked` for one that was exported, whose key only a move may change
 */
export async function rotateKey(config: Config, parts: KeyChangeParts): Promise<{ readonly thumbprint: string }> {
  if (readTerminalLock(config.stateDir) !== null) {
    throw new KeyChangeFault(
      "terminal_locked",
      "this terminal is locked: it is being replaced, or replaces another",
      "pass-agent move cancel, or: pass-agent move import <file>",
    );
  }
  return changeKey(config, parts);
}

/**
 * Gives this terminal a new device key: made and kept beside the old one, named to the cloud by the old one, and only then put
 * in its place. Cut at any step and called again, it goes on with the same new key; at every step a key that works is on disk.
 * The old key ends when the new one signs in, which this does last. One program at a time: a second new key would be written
 * over the one that the cloud may just have been told.
 *
 * Rejects with `KeyChangeFault` or what the disk says.
 */
export async function changeKey(config: Config, parts: KeyChangeParts): Promise<{ readonly thumbprint: string }> {
  if (readIdentity(config.stateDir) === null) throw notEnrolled(config.stateDir);
  const release = hold(config.stateDir);
  try {
    return await changeHeldKey(config, parts);
  } finally {
    release();
  }
}

async function changeHeldKey(
  { stateDir, cloud }: Config,
  parts: KeyChangeParts,
): Promise<{ readonly thumbprint: string }> {
  const identity = readIdentity(stateDir);
  const key = readDeviceKey(stateDir);
  if (identity === null || key === null) throw notEnrolled(stateDir);
  const kept = readNextKey(stateDir);
  const next = kept ?? makeDeviceKey();
  if (kept === null) writeNextKey(stateDir, next);
  const ca = cloud.caFile === null ? null : readFileSync(cloud.caFile, "utf8");
  const http = openRoute(cloud, ca);
  try {
    const signer = await deviceSigner(next);
    const session = (by: DeviceSigner): Session => sessionOf(http, identity.scannerId, by, parts.clock);
    if (key.x !== next.x) {
      await nameNext(http, session(await deviceSigner(key)), identity.scannerId, { key, next }, parts).catch(
        (cause: unknown) => {
          throw silent(cause, cloud.url, "the key was not changed", "type it again: it goes on with the same new key");
        },
      );
    }
    promoteNextKey(stateDir, next);
    await session(signer)
      .bearer(parts.signal)
      .catch((cause: unknown) => {
        throw silent(
          cause,
          cloud.url,
          "the new key is in place and has not signed in",
          "a running agent signs in with it",
        );
      });
    return { thumbprint: signer.thumbprint };
  } finally {
    http.close();
  }
}

/** Keeps every other change of the key away. Answers what lets go. */
function hold(stateDir: string): () => void {
  // Says whose leave is missing, which a database that cannot be opened does not.
  accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
  const path = join(stateDir, lockName);
  try {
    const release = lockStore(path);
    const { uid, gid } = statSync(stateDir);
    chownSync(path, uid, gid);
    return release;
  } catch (cause) {
    if (!(cause instanceof StoreFault) || cause.code !== "store_locked") throw cause;
    throw new KeyChangeFault(
      "key_change_running",
      "another program is changing the device key of this terminal",
      "wait until it is done; type this again only if that one fails",
      cause,
    );
  }
}

function notEnrolled(stateDir: string): KeyChangeFault {
  return new KeyChangeFault(
    "not_enrolled",
    `there is no identity in ${stateDir}`,
    "enrol it: pass-agent enroll <code>",
  );
}

/** A session by one key, for what is asked once. */
function sessionOf(http: CloudHttp, scannerId: string, by: DeviceSigner, clock: Clock): Session {
  const newId = ulidMaker(clock.wallMs);
  const signAssertion = ({ aud, nonce }: { readonly aud: string; readonly nonce: string }): string =>
    by.sign("scanner-assertion+jwt", { iss: scannerId, sub: scannerId, aud, jti: newId(), nonce });
  return openSession(http, scannerId, { signAssertion }, { clock, newId });
}

async function nameNext(
  http: CloudHttp,
  session: Session,
  scannerId: string,
  { key, next }: { readonly key: DeviceKey; readonly next: DeviceKey },
  { clock, signal }: KeyChangeParts,
): Promise<void> {
  const path = `/v1/scanners/${scannerId}/key`;
  const newId = ulidMaker(clock.wallMs);
  const signer = await deviceSigner(next);
  const claims = () => ({ aud: `${http.baseUrl}${path}`, iss: scannerId, next: signer.thumbprint, jti: newId() });
  const endorsement = (await deviceSigner(key)).sign("scanner-key+jwt", claims());
  const body = { jwk: signer.publicJwk, proof: signer.sign("scanner-key+jwt", claims()), endorsement };
  const answer = await session
    .send({
      method: "POST",
      path,
      headers: { "Idempotency-Key": newId() },
      body: Buffer.from(JSON.stringify(body)),
      maxBytes: maxAnswerBytes,
      signal,
    })
    .catch((cause: unknown) => {
      throw cause instanceof CredentialFault ? taken(cause.message, cause) : cause;
    });
  if (answer.status === 200) return;
  const error = cloudError(answer);
  if (error.type === "conflict") throw taken(error.message);
  if (answer.status >= 500 || answer.status === 429) throw new CloudFault("bad_answer", `${path}: ${answer.status}`);
  throw new KeyChangeFault(
    "key_refused",
    `the cloud did not take the new key: ${error.message} (${error.type} / ${error.code})`,
    "the old key goes on working; try again, or enrol this terminal again",
  );
}

/** What the network or the platform's refusal means for the key. */
function silent(cause: unknown, url: string, state: string, next: string): unknown {
  if (cause instanceof CloudFault) {
    const remedy = `check the network, and cloud.url in the configuration; then ${next}`;
    return new KeyChangeFault(cause.code, `${state}: ${url}: ${cause.message}`, remedy, cause);
  }
  if (!(cause instanceof CredentialFault)) return cause;
  const remedy = "enrol this terminal again: pass-agent enroll <code>";
  return new KeyChangeFault("key_refused", `${state}: ${cause.message}`, remedy, cause);
}

function taken(message: string, cause?: unknown): KeyChangeFault {
  return new KeyChangeFault(
    "key_taken",
    `the cloud does not let this key name another: ${message}`,
    "this terminal's identity may be at work on another device; if it is not, enrol this one again",
    cause,
  );
}
