import { fetchText, isAbsent, maxDocumentBytes, refused } from "./documents.ts";
import { CloudFault, isObject, jsonObject } from "./http.ts";
import type { Session } from "./session.ts";

/** One page of deltas, and all pages of one list, bytes. */
const maxPageBytes = 16 * 1024 * 1024;
const maxLadderBytes = 32 * 1024 * 1024;
const maxPages = 64;

/** The way to the newest state of a list: its deltas, or none of them and perhaps the manifest of the full list. */
export interface Ladder {
  readonly deltas: readonly string[];
  readonly manifest: string | null;
}

const gone: Ladder = { deltas: [], manifest: null };

/**
 * The deltas of a list from a version on, page by page; none when the version is older than the ladder (404), or as soon as
 * the rest is likely to be longer than the full list. All that is reckoned with here is unverified: it can only choose
 * between two ways to the same signed state.
 *
 * @param head the newest head, to know the full list from
 * @throws CloudFault
 */
export async function fetchLadder(
  session: Session,
  { list, from }: { readonly list: number; readonly from: number },
  head: string | null,
  signal: AbortSignal,
): Promise<Ladder> {
  const deltas: string[] = [];
  const full = fullList(head, list);
  let bytes = 0;
  let next = from;
  for (let page = 0; page < maxPages; page++) {
    const found = await fetchPage(session, list, next, signal);
    if (found === null) return gone;
    deltas.push(...found.deltas);
    bytes += found.deltas.reduce((sum, delta) => sum + delta.length, 0);
    const reached = numberMember(unverifiedPayload(deltas.at(-1) ?? ""), "to");
    if (!found.hasMore || reached === null || reached <= next) return { deltas, manifest: null };
    next = reached;
    if (full !== null && full.version > from) {
      const estimate = (bytes / (reached - from)) * (full.target - from);
      const manifest = estimate > full.manifestBytes ? await fetchManifest(session, list, full, signal) : null;
      if (manifest !== null && estimate > fullBytes(manifest)) return { deltas: [], manifest };
    }
    if (bytes > maxLadderBytes) return gone;
  }
  return { deltas, manifest: null };
}

async function fetchPage(
  session: Session,
  list: number,
  from: number,
  signal: AbortSignal,
): Promise<{ readonly deltas: readonly string[]; readonly hasMore: boolean } | null> {
  const path = `/v1/nfc/trust/lists/${list}/deltas?from=${from}`;
  const answer = await session.send({ method: "GET", path, maxBytes: maxPageBytes, steady: true, signal });
  if (isAbsent(answer)) return null;
  if (answer.status !== 200) throw refused(path, answer);
  const { data, has_more } = jsonObject(answer);
  if (!Array.isArray(data)) throw new CloudFault("bad_answer", `${path} answered without a list`);
  return { deltas: data.filter((row) => typeof row === "string"), hasMore: has_more === true };
}

interface FullList {
  /** Of the manifest. */
  readonly version: number;
  readonly manifestBytes: number;
  /** Version of the list that the head names. */
  readonly target: number;
}

/** What a head says of a list; null when it names no manifest for it. */
function fullList(head: string | null, list: number): FullList | null {
  const payload = head === null ? null : unverifiedPayload(head);
  const source = rowsOf(payload, "docs").find((row) => row["typ"] === "status+jws" && row["list"] === list);
  const named = rowsOf(payload, "lists").find((row) => row["id"] === list);
  const [version, manifestBytes] = [numberMember(source, "ver"), numberMember(source, "len")];
  const target = numberMember(named, "ver");
  if (version === null || manifestBytes === null || target === null || manifestBytes > maxDocumentBytes) return null;
  return { version, manifestBytes, target };
}

async function fetchManifest(
  session: Session,
  list: number,
  full: FullList,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await fetchText(session, `/v1/nfc/trust/lists/${list}/manifest`, full.manifestBytes, signal);
  } catch (cause) {
    // It was only a shorter way: the ladder leads there too.
    if (cause instanceof CloudFault && (cause.code === "too_large" || cause.code === "bad_answer")) return null;
    throw cause;
  }
}

/** Manifest and every shard, bytes: at most what is to be fetched, because shards that are held are not. */
function fullBytes(manifest: string): number {
  const shards = rowsOf(unverifiedPayload(manifest), "sh");
  return shards.reduce((sum, shard) => sum + (numberMember(shard, "zl") ?? 0), manifest.length);
}

/** Which change of which list a delta says it is. */
export interface DeltaPlace {
  readonly list: number;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
}

/** What a pushed delta says of itself; null when it says nothing that could be. Unverified: only to know when to offer it. */
export function placeOf(jws: string): DeltaPlace | null {
  const payload = unverifiedPayload(jws);
  const [list, epoch, from, to] = (["list", "epoch", "from", "to"] as const).map((name) => numberMember(payload, name));
  if (list == null || epoch == null || from == null || to == null) return null;
  return { list, epoch, from, to };
}

/** What a pushed head says of its number; null when it says none. As unverified. */
export function headNumber(jws: string): number | null {
  return numberMember(unverifiedPayload(jws), "n");
}

function unverifiedPayload(jws: string): unknown {
  try {
    return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    // Whatever this is, the core will say so when it is offered; here it only has no numbers.
    return null;
  }
}

function rowsOf(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  const rows = isObject(value) ? value[name] : null;
  return Array.isArray(rows) ? rows.filter(isObject) : [];
}

function numberMember(value: unknown, name: string): number | null {
  const member = isObject(value) ? value[name] : null;
  return typeof member === "number" ? member : null;
}
