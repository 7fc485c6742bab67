import { compactVerify, errors } from "jose";
import { decodeBase64url, decodeBase64urlInto } from "./base64url.ts";
import { utf8Text } from "./bytes.ts";
import { type JsonRecord, parseSpelled } from "./json.ts";
import type { VerifyingKey } from "./key.ts";

/** Header of every JWS here: exactly these three members, all texts. */
export interface JwsHeader {
  readonly alg: string;
  readonly kid: string;
  readonly typ: string;
}

/** A JWS whose spelling is right and whose signature nobody has looked at. */
export interface Jws {
  readonly text: string;
  readonly header: JwsHeader;
  readonly payload: JsonRecord;
  /** As spelled: two documents with one payload segment say the same. */
  readonly payloadSegment: string;
  /** Length of `header.payload`, the signed part of `text`. */
  readonly signedLength: number;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

interface JwsLimit {
  readonly longest: number;
  readonly expression: RegExp;
}

// One anchored expression without nested repeats, so its time is linear. 64 signature bytes are 86 characters, and the
// last one carries four unused bits: A, Q, g and w are the spellings in which they are zero.
/** E1-J (formats.md section 1). */
export const passLimit: JwsLimit = {
  longest: 1024,
  expression: /^[A-Za-z0-9_-]{20,160}\.[A-Za-z0-9_-]{20,760}\.[A-Za-z0-9_-]{85}[AQgw]$/,
};
const documentForm = /^[A-Za-z0-9_-]{20,160}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{85}[AQgw]$/;
/** Trust documents (formats.md section 2). */
export const documentLimit: JwsLimit = { longest: 256 * 1024, expression: documentForm };
/** Status deltas: 100,000 passes revoked in one step are about 335,000 characters. */
export const deltaLimit: JwsLimit = { longest: 512 * 1024, expression: documentForm };

/**
 * The strict pre-parser (formats.md section 1): length, expression, canonical base64url, well-formed UTF-8, the one JSON
 * spelling, exactly three header members. Null for anything else; nothing of the text has been trusted yet.
 */
export function parseJws(text: string, limit: JwsLimit): Jws | null {
  if (text.length > limit.longest || !limit.expression.test(text)) return null;
  const first = text.indexOf(".");
  const second = text.indexOf(".", first + 1);
  const header = headerOf(segmentRecord(text, 0, first));
  const payload = segmentRecord(text, first + 1, second);
  const signature = decodeBase64url(text, second + 1);
  if (header === null || payload === null || signature === null) return null;
  return { text, header, payload, payloadSegment: text.slice(first + 1, second), signedLength: second, signature };
}

function segmentRecord(compact: string, from: number, to: number): JsonRecord | null {
  const length = ((to - from) * 3) >> 2;
  // A pass fits in here; an array of its own for each would cost more to collect than to fill.
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  const text = decodeBase64urlInto(bytes, compact, from, to) ? utf8Text(bytes) : null;
  return text === null ? null : parseSpelled(text);
}

/** Bytes of one segment while they are decoded: written before they are read, and of no meaning between two calls. */
const scratch = new Uint8Array(1024);

function headerOf(record: JsonRecord | null): JwsHeader | null {
  if (record === null || Object.keys(record).length !== 3) return null;
  const { alg, kid, typ } = ownTexts(record);
  return alg === null || kid === null || typ === null ? null : { alg, kid, typ };
}

function ownTexts(record: JsonRecord): { readonly [name in keyof JwsHeader]: string | null } {
  const own = (name: string) => {
    const value = Object.hasOwn(record, name) ? record[name] : null;
    return typeof value === "string" ? value : null;
  };
  return { alg: own("alg"), kid: own("kid"), typ: own("typ") };
}

/** Verifies a pre-parsed trust document with exactly this key, through `jose`. Never throws for a bad signature. */
export async function isSignedBy(jws: Jws, key: VerifyingKey): Promise<boolean> {
  if (jws.header.alg !== key.alg) return false;
  try {
    await compactVerify(jws.text, key.key, { algorithms: [key.alg] });
    return true;
  } catch (cause) {
    // jose answers a key of another type with a bare TypeError.
    if (cause instanceof errors.JOSEError || cause instanceof TypeError) return false;
    throw cause;
  }
}
