import type { Head, TrustFault, Wanted } from "../../verifier/index.ts";
import { wantedName } from "../bundle/index.ts";
import { Bag, type Found, nothing } from "./bag.ts";
import { BlobShelf, fetchBlob } from "./blobs.ts";
import type { CorePort } from "./core-port.ts";
import { fetchText, type HeadSource, maxDocumentBytes, openHeadSource } from "./documents.ts";
import { HeldDeltas } from "./held-deltas.ts";
import { CloudFault } from "./http.ts";
import { fetchLadder, headNumber } from "./ladder.ts";
import type { Session } from "./session.ts";

/** What one update run came to. */
export interface UpdateResult {
  readonly changed: boolean;
  readonly faults: readonly TrustFault[];
  /** Documents that the head names and the cloud did not give. */
  readonly missing: number;
}

export interface Downlink {
  /**
   * Brings the trust data up to the newest head: fetch what is wanted, offer all of it, repeat. Everything is checked in
   * the core; nothing here can make a bad document good. Rejects with what `Session` and `CorePort` reject with; blobs that
   * had come by then are kept for the next run.
   *
   * @param pushed what came over the stream, taken before anything is fetched; null to ask for the newest head. Deltas that
   *   no head names yet are held, 64 at most, and offered again with every head
   */
  update(pushed: Pushed | null, signal: AbortSignal): Promise<UpdateResult>;
}

/** Signed documents that came over the stream. */
export interface Pushed {
  /** Null where only deltas came. */
  readonly head: string | null;
  readonly deltas: readonly string[];
}

/** Every round fetches all that the last one found missing: root steps, keys, manifests, blobs, deltas. */
const maxRounds = 64;
/** Downloads at a time: enough to hide the delay of each, few enough to leave room for uploads. */
const mostAtOnce = 4;

type Offering = Pick<CorePort, "offerTrust">;

interface Run {
  readonly session: Session;
  readonly shelf: BlobShelf;
  readonly bag: Bag;
  readonly faults: TrustFault[];
  readonly signal: AbortSignal;
}

export function openDownlink(parts: { readonly session: Session; readonly core: Offering }): Downlink {
  const heads = openHeadSource(parts.session);
  const shelf = new BlobShelf();
  const held = new HeldDeltas();
  let inForce: Head | null = null;
  return {
    async update(pushed, signal) {
      held.take(pushed?.deltas ?? []);
      const newer = pushed?.head ?? null;
      // A push that was overtaken by a later one says nothing; and an older head is for the cloud itself to answer for.
      const isLate = newer !== null && (headNumber(newer) ?? 0) < (inForce?.n ?? 0);
      const head = newer === null || isLate ? null : newer;
      const bag = new Bag({ head: head ?? (await heads.fetch(signal)), deltas: held.offered() });
      const run: Run = { session: parts.session, shelf, bag, faults: [], signal };
      const result = await follow(run, parts.core, head === null ? heads : null);
      inForce = result.head;
      held.settle(result.head, result.faults);
      shelf.clear();
      return result.update;
    },
  };
}

interface Followed {
  readonly update: UpdateResult;
  readonly faults: readonly TrustFault[];
  /** In force now. */
  readonly head: Head | null;
}

async function follow(run: Run, core: Offering, heads: HeadSource | null): Promise<Followed> {
  const { bag, faults } = run;
  const offer = async () => {
    const admission = await core.offerTrust(bag.offered());
    faults.push(...admission.faults.filter((fault) => !faults.some((known) => sameFault(known, fault))));
    return admission;
  };
  let admission = await offer();
  heads?.judged(faults.length === 0);
  let { changed } = admission;
  const asked = new Set<string>();
  let missing = 0;
  for (let round = 0; round < maxRounds; round++) {
    const fresh = admission.wanted.filter((wanted) => !asked.has(JSON.stringify(wanted)));
    missing = admission.wanted.length - fresh.length;
    if (fresh.length === 0) break;
    for (const wanted of fresh) asked.add(JSON.stringify(wanted));
    await inParallel(fresh, async (wanted) => bag.take(wanted, await fetchWanted(run, wanted)));
    admission = await offer();
    changed ||= admission.changed;
  }
  return { update: { changed, faults, missing }, faults, head: admission.trust.head };
}

function sameFault(a: TrustFault, b: TrustFault): boolean {
  return a.code === b.code && a.document === b.document;
}

/** Does all, a few at a time. After a failure nothing more is begun; it is thrown when what was begun has ended. */
async function inParallel<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const one of left) {
      if (failures.length > 0) return;
      await act(one).catch((cause: unknown) => failures.push(cause));
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, worker));
  if (failures.length > 0) throw failures[0];
}

/** One wanted document. One that is longer than was signed is a fault of that document and ends nothing else. */
async function fetchWanted(run: Run, wanted: Wanted): Promise<Found> {
  try {
    return await fetchFound(run, wanted);
  } catch (cause) {
    if (!(cause instanceof CloudFault) || cause.code !== "too_large") throw cause;
    run.faults.push({ code: "too_large", document: wantedName(wanted), detail: cause.message });
    return nothing;
  }
}

async function fetchFound({ session, shelf, bag, signal }: Run, wanted: Wanted): Promise<Found> {
  const text = async (path: string, maxBytes: number): Promise<Found> => {
    return { ...nothing, text: await fetchText(session, `/v1/nfc/trust/${path}`, maxBytes, signal) };
  };
  switch (wanted.kind) {
    case "root":
      return text(`root/${wanted.version}`, maxDocumentBytes);
    case "keys":
      return text("keys", wanted.length);
    case "head":
      return text("head", maxDocumentBytes);
    case "manifest":
      return text(`lists/${wanted.list}/manifest`, wanted.length);
    case "directory":
      return text(`directories/${wanted.list}/manifest`, wanted.length);
    case "deltas": {
      const { deltas, manifest } = await fetchLadder(session, wanted, bag.head, signal);
      return { ...nothing, deltas, text: manifest };
    }
    case "blob":
      return { ...nothing, bytes: await fetchBlob(session, wanted, shelf, signal) };
  }
}
