import { encodeBase64url } from "./base64url.ts";
import { utf8Bytes } from "./bytes.ts";
import type { Scope } from "./claims.ts";
import { type Checked, good, refused } from "./fault.ts";
import { deltaLimit, documentLimit, type Jws, parseJws } from "./jws.ts";
import { Members } from "./members.ts";
import type { Primitives } from "./primitives.ts";

export type DocumentType =
  | "trust-root+jws"
  | "trust-keys+jws"
  | "trust-head+jws"
  | "status+jws"
  | "status-delta+jws"
  | "passdir+jws"
  | "scanner-config+jws"
  | "scan-receipt+jws";

/** A trust document as offered: spelled right, of the right type and scope, signature not yet looked at. */
export interface Document {
  /** Name in the bundle. */
  readonly name: string;
  readonly jws: Jws;
  readonly members: Members;
  /** As served. */
  readonly bytes: Uint8Array;
  /** Base64url SHA-256 of `bytes`. */
  readonly sha256: string;
}

/** Longest trust document, characters (formats.md section 2). */
export const longestDocument = documentLimit.longest;

/** Base64url SHA-256. */
export async function hashName(bytes: Uint8Array, primitives: Primitives): Promise<string> {
  return encodeBase64url(await primitives.sha256(bytes));
}

/**
 * The first checks of every trust document: length, spelling, type, version, tenant, environment. They cost no
 * cryptography but one hash and may only refuse.
 */
export async function readDocument(
  name: string,
  typ: DocumentType,
  text: string,
  scope: Scope,
  primitives: Primitives,
): Promise<Checked<Document>> {
  const limit = typ === "status-delta+jws" ? deltaLimit : documentLimit;
  if (text.length > limit.longest) {
    return refused("too_large", name, `${text.length} characters, at most ${limit.longest} allowed`);
  }
  const jws = parseJws(text, limit);
  if (jws === null) return refused("bad_form", name, "not a strictly spelled JWS with alg, kid and typ");
  if (jws.header.typ !== typ) return refused("bad_form", name, `typ is not ${typ}`);
  const members = new Members(jws.payload);
  members.integer("v", 1, 1);
  const tenant = members.text("iss");
  const environment = members.text("env");
  if (members.bad !== null) return badMember(name, members.bad);
  if (tenant !== scope.tenant) return refused("wrong_tenant", name, `iss is not ${scope.tenant}`);
  if (environment !== scope.environment) return refused("wrong_environment", name, `env is not ${scope.environment}`);
  const bytes = utf8Bytes(text);
  return good({ name, jws, members, bytes, sha256: await hashName(bytes, primitives) });
}

/** `bad_form` that names the first wrong member. */
export function badMember(name: string, member: string) {
  return refused("bad_form", name, `member ${member} is missing or wrong`);
}
