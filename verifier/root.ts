import { utf8Bytes } from "./bytes.ts";
import type { Scope } from "./claims.ts";
import { badMember, type Document, hashName, longestDocument, readDocument } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import { isRecord, type JsonRecord, parseJson } from "./json.ts";
import { isSignedBy } from "./jws.ts";
import { importKey, kidNumber, type VerifyingKey } from "./key.ts";
import { largestInteger, Members } from "./members.ts";
import type { Primitives } from "./primitives.ts";
import type { EpochSeconds } from "./verdict.ts";

/** The accepted root: who may sign the next root and the keys document. */
export interface Root {
  readonly version: number;
  /** Base64url SHA-256 of the file. */
  readonly sha256: string;
  readonly expiresAt: EpochSeconds;
  readonly threshold: number;
  /** Root keys by thumbprint. */
  readonly roots: ReadonlyMap<string, VerifyingKey>;
  /** Keys of the keys document by decimal kid. */
  readonly keys: ReadonlyMap<string, VerifyingKey>;
  /** The payload segment: what was signed. */
  readonly said: string;
  /** All root files from version 1 to this one. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

/** A root file as offered, its signatures not yet counted. */
export interface RootFile extends Omit<Root, "documents"> {
  readonly name: string;
  readonly signatures: readonly Document[];
  readonly bytes: Uint8Array;
}

/** Most signatures, root keys and `keys` keys of one root. */
const most = 16;
const longestLifeS = 2 * 366 * 86_400;

/** Reads `{"signed":["<jws>",…]}`: 1-16 JWS with one identical payload segment (formats.md section 2). */
export async function readRootFile(text: string, scope: Scope, primitives: Primitives): Promise<Checked<RootFile>> {
  const unnamed = "root";
  if (text.length > longestDocument) return refused("too_large", unnamed, `${text.length} characters`);
  const file = parseJson(text);
  const signed = isRecord(file) && Object.hasOwn(file, "signed") ? file["signed"] : null;
  if (!Array.isArray(signed) || signed.length < 1 || signed.length > most) {
    return refused("bad_form", unnamed, `no list of 1 to ${most} signatures`);
  }
  const signatures: Document[] = [];
  for (const jws of signed) {
    if (typeof jws !== "string") return refused("bad_form", unnamed, "a signature is not a text");
    const document = await readDocument(unnamed, "trust-root+jws", jws, scope, primitives);
    if (!document.ok) return document;
    signatures.push(document.value);
  }
  const [first] = signatures;
  if (first === undefined || signatures.some((one) => one.jws.payloadSegment !== first.jws.payloadSegment)) {
    return refused("bad_form", unnamed, "the signatures are over different payloads");
  }
  const bytes = utf8Bytes(text);
  return readPayload(first, signatures, bytes, await hashName(bytes, primitives));
}

async function readPayload(
  first: Document,
  signatures: readonly Document[],
  bytes: Uint8Array,
  sha256: string,
): Promise<Checked<RootFile>> {
  const read = first.members;
  const version = read.integer("ver", 1, largestInteger);
  const issuedAt = read.time("iat");
  const expiresAt = read.time("exp");
  const threshold = read.integer("threshold", 1, most);
  read.integer("keys_threshold", 1, 1);
  const name = `root/${version}.json`;
  if (expiresAt <= issuedAt || expiresAt - issuedAt > longestLifeS) read.refuse("exp");
  const rootKeys = read.records("roots", most);
  const keysKeys = read.records("keys", most);
  if (read.bad !== null) return badMember(name, read.bad);
  const roots = await keysByName(name, rootKeys, (key) => key.thumbprint);
  if (!roots.ok) return roots;
  const keys = await keysByName(name, keysKeys, (_, kid) => (kid !== null && kidNumber(kid) !== null ? kid : null));
  if (!keys.ok) return keys;
  if (roots.value.size < threshold || keys.value.size === 0) {
    return refused("bad_form", name, `${roots.value.size} root keys for a threshold of ${threshold}`);
  }
  const said = first.jws.payloadSegment;
  return good({
    name,
    version,
    sha256,
    expiresAt,
    threshold,
    roots: roots.value,
    keys: keys.value,
    said,
    signatures,
    bytes,
  });
}

async function keysByName(
  document: string,
  jwks: readonly JsonRecord[],
  nameOf: (key: VerifyingKey, kid: string | null) => string | null,
): Promise<Checked<ReadonlyMap<string, VerifyingKey>>> {
  const byName = new Map<string, VerifyingKey>();
  const thumbprints = new Set<string>();
  for (const jwk of jwks) {
    const key = await importKey(jwk);
    if (key === null) return refused("weak_key", document, `key ${byName.size + 1} is weak or of an unknown kind`);
    const members = new Members(jwk);
    const name = nameOf(key, members.has("kid") ? members.text("kid") : null);
    if (name === null || members.bad !== null) return badMember(document, "kid");
    if (byName.has(name) || thumbprints.has(key.thumbprint)) {
      return refused("weak_key", document, `key ${byName.size + 1} is named twice`);
    }
    byName.set(name, key);
    thumbprints.add(key.thumbprint);
  }
  return good(byName);
}

/**
 * Do enough different root keys stand behind the file? Counts distinct thumbprints, so one key cannot vote twice; a
 * signature that does not verify, or of a key the root does not know, counts for nothing.
 */
export async function meetsThreshold(file: RootFile, judge: Pick<Root, "roots" | "threshold">): Promise<boolean> {
  const voters = new Set<string>();
  for (const { jws } of file.signatures) {
    const key = judge.roots.get(jws.header.kid);
    if (key !== undefined && !voters.has(key.thumbprint) && (await isSignedBy(jws, key))) voters.add(key.thumbprint);
  }
  return voters.size >= judge.threshold;
}

/** The root a file makes after `former`. Callers have counted the signatures. */
export function rootOf(file: RootFile, former: Root | null): Root {
  const { name, signatures: _, bytes, ...root } = file;
  return { ...root, documents: new Map([...(former?.documents ?? []), [name, bytes]]) };
}
