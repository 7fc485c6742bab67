import { decodeHash } from "./base64url.ts";
import type { Scope } from "./claims.ts";
import { badMember, type Document, type DocumentType, longestDocument, readDocument } from "./document.ts";
import { type Checked, good } from "./fault.ts";
import { largestInteger, Members } from "./members.ts";
import type { Primitives } from "./primitives.ts";
import { largestList, type StatusBits } from "./status-list.ts";
import type { EpochSeconds } from "./verdict.ts";

/** The newest statement about everything else: which versions count, and until when that statement may be relied on. */
export interface Head {
  /** Counter; restarts when the head key changes. */
  readonly n: number;
  readonly issuedAt: EpochSeconds;
  /** Fresh this long after `issuedAt`, seconds. */
  readonly ttlS: number;
  readonly expiresAt: EpochSeconds;
  readonly kid: string;
  /** Base64url SHA-256 of the document as served. */
  readonly sha256: string;
  readonly docs: readonly NamedDocument[];
  readonly lists: readonly NamedList[];
  readonly bytes: Uint8Array;
}

/** A document that counts: version, and hash and length over the bytes as served. */
export interface NamedDocument {
  readonly typ: string;
  readonly list: number | null;
  readonly version: number;
  readonly sha256: string;
  readonly length: number;
}

/** A list state that counts. */
export interface NamedList {
  readonly list: number;
  readonly epoch: number;
  readonly version: number;
  readonly bits: StatusBits;
  readonly size: number;
  readonly root: Uint8Array;
}

const longestLifeS = 72 * 3600;
const mostDocuments = 1024;

/** Reads a head; its signature is checked apart, because the key set to check it with may itself be named by it. */
export async function readHead(
  text: string,
  scope: Scope,
  primitives: Primitives,
): Promise<Checked<{ readonly document: Document; readonly head: Head }>> {
  const document = await readDocument("head.jws", "trust-head+jws", text, scope, primitives);
  if (!document.ok) return document;
  const { members, bytes, sha256, jws } = document.value;
  const n = members.integer("n", 0, largestInteger);
  const issuedAt = members.time("iat");
  const ttlS = members.integer("ttl", 1, longestLifeS);
  const expiresAt = members.time("exp");
  const docs = readDocs(members);
  const lists = readLists(members);
  if (expiresAt <= issuedAt || expiresAt - issuedAt > longestLifeS) members.refuse("exp");
  if (members.bad !== null) return badMember("head.jws", members.bad);
  const head = { n, issuedAt, ttlS, expiresAt, kid: jws.header.kid, sha256, docs, lists, bytes };
  return good({ document: document.value, head });
}

/** What the head names under a type (and list), or null. */
export function namedDocument(head: Head, typ: DocumentType, list: number | null): NamedDocument | null {
  return head.docs.find((one) => one.typ === typ && one.list === list) ?? null;
}

function readDocs(members: Members): readonly NamedDocument[] {
  const seen = new Set<string>();
  return members.records("docs", mostDocuments).map((record) => {
    const read = new Members(record);
    const named = {
      typ: read.text("typ"),
      list: read.has("list") ? read.integer("list", 0, 255) : null,
      version: read.integer("ver", 0, largestInteger),
      sha256: read.text("sha256"),
      length: read.integer("len", 1, longestDocument),
    };
    const key = `${named.typ} ${named.list}`;
    if (read.bad !== null || decodeHash(named.sha256) === null || seen.has(key)) members.refuse("docs");
    seen.add(key);
    return named;
  });
}

function readLists(members: Members): readonly NamedList[] {
  const seen = new Set<number>();
  return members.records("lists", 256).map((record) => {
    const read = new Members(record);
    const named = {
      list: read.integer("id", 0, 255),
      epoch: read.integer("epoch", 0, largestInteger),
      version: read.integer("ver", 0, largestInteger),
      bits: read.integer("bits", 1, 2) === 2 ? 2 : 1,
      size: read.integer("size", 0, largestList),
      root: read.hash("root"),
    } as const;
    if (read.bad !== null || seen.has(named.list)) members.refuse("lists");
    seen.add(named.list);
    return named;
  });
}
