import type { Scope } from "./claims.ts";
import { badMember, type Document, readDocument } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import type { JsonRecord } from "./json.ts";
import { isSignedBy } from "./jws.ts";
import { importKey, kidNumber, type VerifyingKey } from "./key.ts";
import { largestInteger, Members } from "./members.ts";
import type { Primitives } from "./primitives.ts";
import type { Root } from "./root.ts";
import type { StatusBits } from "./status-list.ts";
import { type EpochSeconds, isUlid, type PassKind, passKinds, type TemplateId, templateId } from "./verdict.ts";

export const keyRoles = ["pass", "head", "status", "config"] as const;
export type KeyRole = (typeof keyRoles)[number];
const keyStates = ["active", "retired", "compromised"] as const;
export type KeyState = (typeof keyStates)[number];

/** A key of the keys document: what it may sign, for which passes, and when. */
export interface PassKey extends VerifyingKey {
  /** Decimal, 1-65535; from 32768 on in the sandbox. */
  readonly kid: string;
  readonly roles: ReadonlySet<KeyRole>;
  readonly kinds: ReadonlySet<PassKind>;
  /** What it signed counts when issued at or after this … */
  readonly notBefore: EpochSeconds;
  /** … and before this. */
  readonly notAfter: EpochSeconds;
  readonly state: KeyState;
}

/** The accepted keys document. */
export interface KeySet {
  readonly version: number;
  /** Base64url SHA-256 of the document as served. */
  readonly sha256: string;
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  /** By decimal kid. */
  readonly keys: ReadonlyMap<string, PassKey>;
  /** The epochs that count, by list. */
  readonly lists: ReadonlyMap<number, { readonly bits: StatusBits; readonly epoch: number }>;
  /** Template numbers of the binary forms. */
  readonly templates: ReadonlyMap<number, TemplateId>;
  /** A new value resets the signed time watermark. */
  readonly timeEpoch: number;
  readonly bytes: Uint8Array;
}

const mostKeys = 256;
const mostTemplates = 0xffff;
const longestLifeS = 90 * 86_400;

/** Reads a keys document and verifies it with the one key of `root` that its header names. */
export async function readKeySet(
  text: string,
  root: Root,
  scope: Scope,
  primitives: Primitives,
): Promise<Checked<KeySet>> {
  const name = "keys.jws";
  const document = await readDocument(name, "trust-keys+jws", text, scope, primitives);
  if (!document.ok) return document;
  const { jws } = document.value;
  const signer = root.keys.get(jws.header.kid);
  if (signer === undefined) return refused("bad_signature", name, `kid is not a keys key of root ${root.version}`);
  if (!(await isSignedBy(jws, signer))) return refused("bad_signature", name, "the signature does not verify");
  return readMembers(document.value, scope);
}

async function readMembers({ name, members, bytes, sha256 }: Document, scope: Scope): Promise<Checked<KeySet>> {
  const version = members.integer("ver", 1, largestInteger);
  const issuedAt = members.time("iat");
  const expiresAt = members.time("exp");
  const timeEpoch = members.integer("time_epoch", 0, largestInteger);
  const jwks = members.records("keys", mostKeys);
  const lists = readLists(members);
  const templates = readTemplates(members);
  if (expiresAt <= issuedAt || expiresAt - issuedAt > longestLifeS) members.refuse("exp");
  if (members.bad !== null) return badMember(name, members.bad);
  const keys = new Map<string, PassKey>();
  const thumbprints = new Set<string>();
  for (const jwk of jwks) {
    const key = await readKey(name, jwk, scope);
    if (!key.ok) return key;
    const { kid, thumbprint } = key.value;
    if (keys.has(kid) || thumbprints.has(thumbprint)) return refused("weak_key", name, `key ${kid} is named twice`);
    keys.set(kid, key.value);
    thumbprints.add(thumbprint);
  }
  return good({ version, sha256, issuedAt, expiresAt, keys, lists, templates, timeEpoch, bytes });
}

async function readKey(document: string, jwk: JsonRecord, scope: Scope): Promise<Checked<PassKey>> {
  const read = new Members(jwk);
  const kid = read.text("kid");
  const number = kidNumber(kid);
  if (number === null) return badMember(document, "keys.kid");
  if (number >= 0x8000 !== (scope.environment === "sandbox")) {
    return refused("wrong_environment", document, `bit 15 of kid ${kid} does not stand for ${scope.environment}`);
  }
  read.choice("use", ["sig"]);
  read.text("alg");
  const roles = read.choices("roles", keyRoles);
  const kinds = read.choices("kinds", passKinds);
  const notBefore = read.time("nbf");
  const notAfter = read.time("exp");
  const state = read.choice("st", keyStates);
  if (notBefore >= notAfter) read.refuse("exp");
  if (read.bad !== null || state === null) return badMember(document, `keys.${read.bad} of key ${kid}`);
  const key = await importKey(jwk);
  if (key === null) return refused("weak_key", document, `key ${kid} is weak or of an unknown kind`);
  return good({ ...key, kid, roles, kinds, notBefore, notAfter, state });
}

function readLists(members: Members): KeySet["lists"] {
  const lists = new Map<number, { readonly bits: StatusBits; readonly epoch: number }>();
  for (const record of members.records("lists", 256)) {
    const read = new Members(record);
    const id = read.integer("id", 0, 255);
    const bits = read.integer("bits", 1, 2) === 2 ? 2 : 1;
    const epoch = read.integer("epoch", 0, largestInteger);
    if (read.bad !== null || lists.has(id)) members.refuse("lists");
    lists.set(id, { bits, epoch });
  }
  return lists;
}

function readTemplates(members: Members): KeySet["templates"] {
  const templates = new Map<number, TemplateId>();
  for (const record of members.records("tpl", mostTemplates)) {
    const read = new Members(record);
    const number = read.integer("n", 1, mostTemplates);
    const text = read.text("id");
    const id = templateId(isUlid(text) ? `tpl_${text}` : text);
    if (read.bad !== null || id === null || templates.has(number)) members.refuse("tpl");
    else templates.set(number, id);
  }
  return templates;
}
