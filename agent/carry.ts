import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "./clock.ts";
import { CloudFault, cloudError, isObject, jsonObject, openRoute } from "./cloud/http.ts";
import { CredentialFault, openSession } from "./cloud/session.ts";
import type { Config } from "./config/index.ts";
import { deviceSigner } from "./device-jws.ts";
import { readDeviceKey, readIdentity } from "./identity.ts";
import type { ScanRecord } from "./record.ts";
import { ulidMaker } from "./ulid.ts";

/**
 * Scans that a person carries to a place with a network, and the platform's receipts that come back. Every batch is signed by the
 * terminal whose scans they are and chained within, so that whoever carries or uploads it can neither change nor add anything.
 */

/** Why scans cannot be carried. */
export class CarryFault extends Error {
  override readonly name = "CarryFault";
  readonly code: "not_enrolled" | "not_carried_scans" | "not_receipts";
  readonly remedy: string;
  constructor(code: CarryFault["code"], message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** Most scans in one batch (contract.md 2.2). */
const largestBatch = 100;
const maxAnswerBytes = 1024 * 1024;

type CarriedRecord = Pick<ScanRecord, "incarnation" | "sequence" | "prev_hash" | "hash">;

/**
 * Splits records in the order of the journal into batches, each an unbroken piece of the hash chain, signed over its last one.
 *
 * @returns one line of the file for each batch: the body of the upload
 * @throws CarryFault `not_enrolled`, or what the disk says
 */
export async function signCarried(
  config: Config,
  records: readonly unknown[],
  nowMs: number,
): Promise<readonly string[]> {
  const identity = readIdentity(config.stateDir);
  const key = readDeviceKey(config.stateDir);
  if (identity === null || key === null) throw notEnrolled(config.stateDir);
  const signer = await deviceSigner(key);
  return pieces(records.map(carried)).map((batch) => {
    const { incarnation, sequence, hash } = batch.last;
    const iat = Math.floor(nowMs / 1000);
    const head = { scn: identity.scannerId, incarnation, sequence, hash, iat };
    return JSON.stringify({ scans: batch.records, chain_head: signer.sign("scan-chain+jws", head) });
  });
}

/** A record as the journal has it, with all its members. Throws `CarryFault` for anything else. */
function carried(record: unknown): CarriedRecord {
  const { incarnation, sequence, prev_hash, hash } = isObject(record) ? record : {};
  const isRecord = [incarnation, prev_hash, hash].every((member) => typeof member === "string");
  if (!isRecord || typeof sequence !== "number" || !isObject(record)) {
    throw new CarryFault(
      "not_carried_scans",
      "the journal gave something that is no record",
      "pass-agent audit verify",
    );
  }
  return { ...record, incarnation: String(incarnation), sequence, prev_hash: String(prev_hash), hash: String(hash) };
}

interface Piece {
  readonly records: readonly CarriedRecord[];
  readonly last: CarriedRecord;
}

function pieces(records: readonly CarriedRecord[]): readonly Piece[] {
  const found: { records: CarriedRecord[]; last: CarriedRecord }[] = [];
  for (const record of records) {
    const open = found.at(-1);
    const follows = open?.last.hash === record.prev_hash && open.last.incarnation === record.incarnation;
    if (open === undefined || !follows || open.records.length >= largestBatch) {
      found.push({ records: [record], last: record });
    } else {
      open.records.push(record);
      open.last = record;
    }
  }
  return found;
}

export interface CarriedOutcome {
  /** Signed receipts, one for each batch that the platform answered. */
  readonly receipts: readonly string[];
  /** Why the others were not answered; null when all were. */
  readonly stopped: string | null;
}

/**
 * Uploads carried batches in the name of the terminal of this configuration, which vouches for nothing: each is proved by the
 * terminal that made it. Repeating does no harm: the platform takes every scan once and gives the receipt again.
 *
 * @param lines as `signCarried` made them
 * @throws CarryFault, or what the disk says
 */
export async function uploadCarried(
  config: Config,
  lines: readonly string[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<CarriedOutcome> {
  const identity = readIdentity(config.stateDir);
  const key = readDeviceKey(config.stateDir);
  if (identity === null || key === null) throw notEnrolled(config.stateDir);
  const signer = await deviceSigner(key);
  const { scannerId } = identity;
  const newId = ulidMaker(clock.wallMs);
  const signAssertion = ({ aud, nonce }: { readonly aud: string; readonly nonce: string }): string =>
    signer.sign("scanner-assertion+jwt", { iss: scannerId, sub: scannerId, aud, jti: newId(), nonce });
  const { caFile } = config.cloud;
  const http = openRoute(config.cloud, caFile === null ? null : readFileSync(caFile, "utf8"));
  const session = openSession(http, scannerId, { signAssertion }, { clock, newId });
  const receipts: string[] = [];
  try {
    for (const line of lines) {
      const answer = await session.send({
        method: "POST",
        path: "/v1/passes/scans/batch",
        headers: { "Idempotency-Key": createHash("sha256").update(line).digest("base64url") },
        body: Buffer.from(line),
        maxBytes: maxAnswerBytes,
        signal,
      });
      if (answer.status !== 200) {
        const { type, code, message } = cloudError(answer);
        return { receipts, stopped: `${message} (${type} / ${code})` };
      }
      const { receipt } = jsonObject(answer);
      const jws = isObject(receipt) ? receipt["jws"] : null;
      if (typeof jws !== "string") return { receipts, stopped: "the platform gave no signed receipt" };
      receipts.push(jws);
    }
    return { receipts, stopped: null };
  } catch (cause) {
    if (!(cause instanceof CloudFault) && !(cause instanceof CredentialFault)) throw cause;
    return { receipts, stopped: `${config.cloud.url}: ${cause.message}` };
  } finally {
    http.close();
  }
}

/** The lines of a file of carried scans; `path` names it. Throws `CarryFault` for one that is none. */
export function carriedLines(text: string, path: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.length > 0 && lines.every(isCarried)) return lines;
  throw new CarryFault(
    "not_carried_scans",
    `${path} is no file of signed scans`,
    "make it on the terminal with: pass-agent outbox export --signed <file>",
  );
}

function isCarried(line: string): boolean {
  const value = parsed(line);
  return isObject(value) && Array.isArray(value["scans"]) && typeof value["chain_head"] === "string";
}

/** A receipt on its way back. What it says is proved where it is taken, not here. */
export interface CarriedReceipt {
  readonly jws: string;
  /** Whose scans it says it is about. */
  readonly scannerId: string;
}

/** The receipts in a file; `path` names it. Throws `CarryFault` for one that holds anything else. */
export function carriedReceipts(text: string, path: string): readonly CarriedReceipt[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const receipts = lines.flatMap((jws): CarriedReceipt[] => {
    const claims = parsed(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
    const scannerId = isObject(claims) && Array.isArray(claims["items"]) ? claims["scn"] : null;
    return typeof scannerId === "string" ? [{ jws, scannerId }] : [];
  });
  if (lines.length > 0 && receipts.length === lines.length) return receipts;
  throw new CarryFault(
    "not_receipts",
    `${path} is no file of receipts`,
    "give the file that pass-agent outbox upload wrote with --receipts",
  );
}

/** Null for text that is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return null;
  }
}

function notEnrolled(stateDir: string): CarryFault {
  return new CarryFault("not_enrolled", `there is no identity in ${stateDir}`, "enrol it: pass-agent enroll <code>");
}
