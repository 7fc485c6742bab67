import type { Offered, TrustFault, Wanted } from "../../verifier/index.ts";
import type { CorePort } from "./core-port.ts";
import { CloudFault, cloudError, isObject, jsonObject } from "./http.ts";
import type { Session } from "./session.ts";

/** What one update run came to. */
export interface UpdateResult {
  readonly changed: boolean;
  readonly faults: readonly TrustFault[];
  /** Documents that the head names and the cloud did not give. */
  readonly missing: number;
}

/** Hard caps of formats.md section 2, bytes. */
const maxDocumentBytes = 256 * 1024;
const maxDeltasBytes = 16 * 1024 * 1024;
/** Every round fetches all that the last one found missing: root steps, keys, manifests, blobs, deltas. */
const maxRounds = 64;

/**
 * Brings the trust data up to the newest head: fetch what is wanted, offer all of it, repeat. Everything is checked in
 * the core; nothing here can make a bad document good.
 *
 * @param pushed documents that came over the stream, taken before anything is fetched
 */
export async function updateTrust(
  parts: { readonly session: Session; readonly core: CorePort },
  pushed: Offered | null,
  signal: AbortSignal,
): Promise<UpdateResult> {
  const first = pushed ?? { head: await fetchText(parts.session, "/v1/nfc/trust/head", signal) };
  const bag = new Bag(first);
  let admission = await parts.core.offerTrust(bag.offered());
  const faults: TrustFault[] = [...admission.faults];
  let { changed } = admission;
  const asked = new Set<string>();
  let missing = 0;
  for (let round = 0; round < maxRounds; round++) {
    const fresh = admission.wanted.filter((wanted) => !asked.has(wantedName(wanted)));
    missing = admission.wanted.length - fresh.length;
    if (fresh.length === 0) break;
    for (const wanted of fresh) {
      asked.add(wantedName(wanted));
      await fetchWanted(parts.session, wanted, bag, signal);
    }
    admission = await parts.core.offerTrust(bag.offered());
    faults.push(...admission.faults.filter((fault) => !faults.some((known) => sameFault(known, fault))));
    changed ||= admission.changed;
  }
  return { changed, faults, missing };
}

function sameFault(a: TrustFault, b: TrustFault): boolean {
  return a.code === b.code && a.document === b.document;
}

/** What has been fetched in this run. */
class Bag {
  readonly #roots: string[];
  readonly #manifests: Map<number, string>;
  readonly #directories: Map<number, string>;
  readonly #deltas: Map<number, readonly string[]>;
  readonly #blobs: Map<string, Uint8Array>;
  #keys: string | undefined;
  #head: string | undefined;

  constructor(first: Offered) {
    this.#roots = [...(first.roots ?? [])];
    this.#manifests = new Map(first.manifests);
    this.#directories = new Map(first.directories);
    this.#deltas = new Map(first.deltas);
    this.#blobs = new Map(first.blobs);
    this.#keys = first.keys;
    this.#head = first.head;
  }

  take(wanted: Wanted, found: Found): void {
    switch (wanted.kind) {
      case "root":
        if (found.text !== null) this.#roots.push(found.text);
        return;
      case "keys":
        this.#keys = found.text ?? this.#keys;
        return;
      case "head":
        this.#head = found.text ?? this.#head;
        return;
      case "manifest":
        if (found.text !== null) this.#manifests.set(wanted.list, found.text);
        return;
      case "directory":
        if (found.text !== null) this.#directories.set(wanted.list, found.text);
        return;
      case "deltas":
        this.#deltas.set(wanted.list, [...(this.#deltas.get(wanted.list) ?? []), ...found.deltas]);
        return;
      case "blob":
        if (found.bytes !== null) this.#blobs.set(wanted.sha256, found.bytes);
        return;
    }
  }

  offered(): Offered {
    return {
      roots: this.#roots,
      manifests: this.#manifests,
      directories: this.#directories,
      deltas: this.#deltas,
      blobs: this.#blobs,
      ...(this.#keys === undefined ? {} : { keys: this.#keys }),
      ...(this.#head === undefined ? {} : { head: this.#head }),
    };
  }
}

interface Found {
  readonly text: string | null;
  readonly bytes: Uint8Array | null;
  readonly deltas: readonly string[];
}
const nothing: Found = { text: null, bytes: null, deltas: [] };

function wantedName(wanted: Wanted): string {
  switch (wanted.kind) {
    case "root":
      return `root ${wanted.version}`;
    case "keys":
    case "blob":
      return `${wanted.kind} ${wanted.sha256}`;
    case "head":
      return "head";
    case "manifest":
    case "directory":
      return `${wanted.kind} ${wanted.list} ${wanted.sha256}`;
    case "deltas":
      return `deltas ${wanted.list} ${wanted.from}`;
  }
}

async function fetchWanted(session: Session, wanted: Wanted, bag: Bag, signal: AbortSignal): Promise<void> {
  const text = async (path: string): Promise<Found> => ({ ...nothing, text: await fetchText(session, path, signal) });
  switch (wanted.kind) {
    case "root":
      return bag.take(wanted, await text(`/v1/nfc/trust/root/${wanted.version}`));
    case "keys":
    case "head":
      return bag.take(wanted, await text(`/v1/nfc/trust/${wanted.kind}`));
    case "manifest":
      return bag.take(wanted, await text(`/v1/nfc/trust/lists/${wanted.list}/manifest`));
    case "directory":
      return bag.take(wanted, await text(`/v1/nfc/trust/directories/${wanted.list}/manifest`));
    case "deltas":
      return bag.take(wanted, { ...nothing, deltas: await fetchDeltas(session, wanted.list, wanted.from, signal) });
    case "blob": {
      const bytes = await fetchBytes(session, `/v1/nfc/trust/blobs/${wanted.sha256}`, wanted.length, signal);
      return bag.take(wanted, { ...nothing, bytes });
    }
  }
}

/** Null for 404: the cloud does not have it (any more). */
async function fetchBytes(
  session: Session,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const answer = await session.send({ method: "GET", path, maxBytes, signal });
  if (answer.status === 200) return answer.body;
  const error = cloudError(answer);
  if (answer.status === 404 && error.type === "not_found") return null;
  throw new CloudFault("bad_answer", `${path} answered ${answer.status} ${error.code}`);
}

async function fetchText(session: Session, path: string, signal: AbortSignal): Promise<string> {
  const bytes = await fetchBytes(session, path, maxDocumentBytes, signal);
  if (bytes === null) throw new CloudFault("bad_answer", `${path} is not there`);
  return new TextDecoder("latin1").decode(bytes);
}

/** The ladder of deltas from a version on, page by page; empty when the version is older than the ladder (404). */
async function fetchDeltas(
  session: Session,
  list: number,
  from: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let next: number | null = from, page = 0; next !== null && page < maxRounds; page++) {
    const path = `/v1/nfc/trust/lists/${list}/deltas?from=${next}`;
    const answer = await session.send({ method: "GET", path, maxBytes: maxDeltasBytes, signal });
    if (answer.status === 404 && cloudError(answer).type === "not_found") return [];
    if (answer.status !== 200) throw new CloudFault("bad_answer", `${path} answered ${answer.status}`);
    const { data, has_more } = jsonObject(answer);
    if (!Array.isArray(data)) throw new CloudFault("bad_answer", `${path} answered without a list`);
    found.push(...data.filter((row) => typeof row === "string"));
    const reached = numberMember(unverifiedPayload(found.at(-1) ?? ""), "to");
    next = has_more === true && reached !== null && reached > next ? reached : null;
  }
  return found;
}

/** Deltas that came in a push, by the list that they name. Unverified: only to know where to offer them. */
export function deltasByList(deltas: readonly unknown[]): ReadonlyMap<number, readonly string[]> {
  const byList = new Map<number, string[]>();
  for (const jws of deltas) {
    const list = typeof jws === "string" ? numberMember(unverifiedPayload(jws), "list") : null;
    if (typeof jws === "string" && list !== null) byList.set(list, [...(byList.get(list) ?? []), jws]);
  }
  return byList;
}

function unverifiedPayload(jws: string): unknown {
  try {
    return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
  } catch {
    // Whatever this is, the core will say so when it is offered; here it only has no list number.
    return null;
  }
}

function numberMember(value: unknown, name: string): number | null {
  const member = isObject(value) ? value[name] : null;
  return typeof member === "number" ? member : null;
}
