import { createHash } from "node:crypto";
import { isAbsent, refused } from "./documents.ts";
import { type CloudAnswer, CloudFault } from "./http.ts";
import type { Session } from "./session.ts";

export interface WantedBlob {
  /** Base64url: name, and what decides whether the bytes are right. */
  readonly sha256: string;
  /** Bytes, signed. */
  readonly length: number;
}

/** Most bytes kept between tries; beyond it the oldest go. */
const largestShelf = 64 * 1024 * 1024;
/** Requests for one blob in one run. Each must bring at least a byte. */
const mostTries = 32;

/**
 * Blobs that came in whole or in part in runs that broke off. They are named by their hash, so a beginning stays good
 * however much the rest of the trust data changes.
 */
export class BlobShelf {
  readonly #begun = new Map<string, Uint8Array>();

  begun(sha256: string): Uint8Array {
    return this.#begun.get(sha256) ?? new Uint8Array();
  }

  put(sha256: string, bytes: Uint8Array): void {
    this.#begun.delete(sha256);
    this.#begun.set(sha256, bytes);
    let total = [...this.#begun.values()].reduce((sum, one) => sum + one.length, 0);
    for (const [name, { length }] of this.#begun) {
      if (total <= largestShelf) return;
      this.#begun.delete(name);
      total -= length;
    }
  }

  drop(sha256: string): void {
    this.#begun.delete(sha256);
  }

  clear(): void {
    this.#begun.clear();
  }
}

/**
 * Fetches one blob of at most its signed length. After a cut the rest is asked for (RFC 9110 section 14), at once as long as
 * every try brings something, and by the next run otherwise.
 *
 * @returns the bytes, which may be wrong only if the cloud's own are; null when the cloud does not have it
 * @throws CloudFault
 */
export async function fetchBlob(
  session: Session,
  blob: WantedBlob,
  shelf: BlobShelf,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const { sha256, length } = blob;
  for (let tries = 0; tries < mostTries; tries++) {
    const begun = shelf.begun(sha256);
    if (begun.length === length && hashOf(begun) === sha256) return begun;
    // Pieces that do not make the whole: something else was in them.
    if (begun.length >= length) shelf.drop(sha256);
    const part = await fetchPart(session, blob, shelf.begun(sha256), signal);
    if (part === "absent") return null;
    if (part === "start_over") {
      shelf.drop(sha256);
      continue;
    }
    if (part.isWhole) return part.bytes;
    shelf.put(sha256, part.bytes);
    if (part.fault !== null && (part.bytes.length <= begun.length || part.fault.code === "aborted")) throw part.fault;
  }
  throw new CloudFault("bad_answer", `the blob ${sha256} did not come to its end in ${mostTries} tries`);
}

interface Part {
  /** All that is there now, what was begun before included. */
  readonly bytes: Uint8Array;
  /** The cloud gave all of it in one answer: whatever it is, asking again would bring the same. */
  readonly isWhole: boolean;
  readonly fault: CloudFault | null;
}

async function fetchPart(
  session: Session,
  { sha256, length }: WantedBlob,
  begun: Uint8Array,
  signal: AbortSignal,
): Promise<Part | "absent" | "start_over"> {
  const path = `/v1/nfc/trust/blobs/${sha256}`;
  const headers = begun.length === 0 ? {} : { Range: `bytes=${begun.length}-` };
  let fault: CloudFault | null = null;
  let answer: CloudAnswer;
  try {
    answer = await session.send({ method: "GET", path, headers, maxBytes: length, steady: true, signal });
  } catch (cause) {
    if (!(cause instanceof CloudFault) || cause.partial === null) throw cause;
    fault = cause;
    answer = cause.partial;
  }
  if (isAbsent(answer)) return "absent";
  // A server that knows no ranges begins again.
  if (answer.status === 200) {
    if (fault === null) return { bytes: answer.body, isWhole: true, fault };
    return { bytes: answer.body.length > begun.length ? answer.body : begun, isWhole: false, fault };
  }
  if (answer.status === 416) return "start_over";
  if (answer.status !== 206) throw fault ?? refused(path, answer);
  const range = /^bytes ([0-9]+)-/.exec(answer.headers["content-range"] ?? "");
  if (range === null || Number(range[1]) !== begun.length) return "start_over";
  return { bytes: Buffer.concat([begun, answer.body]), isWhole: false, fault };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
