import { readUint16, readUint32 } from "./bytes.ts";
import type { JsonRecord } from "./json.ts";
import { type Jws, parseJws, passLimit } from "./jws.ts";
import { kidNumber } from "./key.ts";
import { Members } from "./members.ts";
import { passIdOf } from "./ulid.ts";
import {
  type Environment,
  type EpochSeconds,
  environments,
  epochSeconds,
  type InvalidReason,
  isUlid,
  type PassId,
  type PassKind,
  passId,
  passKinds,
  type TemplateId,
  type TenantId,
  templateId,
  tenantId,
} from "./verdict.ts";

/** What an E1-J or E1-B says and nobody has verified. Every single value has its right form (formats.md section 1). */
export interface Envelope {
  readonly form: "e1j" | "e1b";
  /** 1-65535. */
  readonly kid: number;
  /** As an E1-J names it; the key alone decides for E1-B. */
  readonly alg: string | null;
  /** Named in E1-J; part of the signature context in E1-B. */
  readonly tenant: TenantId | null;
  readonly environment: Environment | null;
  readonly passId: PassId;
  readonly kind: PassKind;
  readonly templateId: TemplateId | null;
  /** E1-B: position in the keys document's template table, 0 for none. */
  readonly templateNumber: number;
  readonly issuedAt: EpochSeconds;
  readonly notBefore: EpochSeconds | null;
  readonly expiresAt: EpochSeconds;
  readonly revision: number | null;
  readonly list: number;
  readonly index: number;
  readonly singleUse: boolean;
  readonly rotating: boolean;
  /** E1-J: `header.payload` as ASCII. E1-B: its first 36 bytes, still without the signature context. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

export type EnvelopeRefusal = Extract<InvalidReason, "malformed" | "unsupported_format">;

/** Length of an E1-B: 36 signed bytes and the signature. */
export const binaryLength = 100;
const binarySigned = 36;
export const indexLimit = 2 ** 30;

const allowedMembers = new Set(
  ["v", "iss", "env", "pid", "knd", "tpl", "iat", "nbf", "exp", "rev", "lst", "idx", "use"], //
);

/** Reads an E1-J. `bytes` are the ASCII bytes of `text`. */
export function readCompact(text: string, bytes: Uint8Array): Envelope | EnvelopeRefusal {
  const jws = parseJws(text, passLimit);
  if (jws === null) return "malformed";
  const kid = kidNumber(jws.header.kid);
  if (jws.header.typ !== "pass+jws" || kid === null) return "malformed";
  // A pass of a later version may have other members: say so before they are judged by the rules of version 1.
  const version = Object.hasOwn(jws.payload, "v") ? jws.payload["v"] : null;
  if (Number.isInteger(version) && version !== 1) return "unsupported_format";
  if (!Object.keys(jws.payload).every((name) => allowedMembers.has(name))) return "malformed";
  return claimedBy(jws.payload, jws, kid, bytes);
}

function claimedBy(payload: JsonRecord, jws: Jws, kid: number, bytes: Uint8Array): Envelope | EnvelopeRefusal {
  const read = new Members(payload);
  read.integer("v", 1, 1);
  const pass = passId(`pass_${read.text("pid")}`);
  const template = read.has("tpl") ? read.text("tpl") : null;
  if (template !== null && !isUlid(template)) read.refuse("tpl");
  const singleUse = read.has("use");
  if (singleUse) read.integer("use", 1, 1);
  const kind = read.choice("knd", passKinds);
  const tenant = tenantId(read.text("iss"));
  const environment = read.choice("env", environments);
  const issuedAt = read.time("iat");
  const notBefore = read.has("nbf") ? read.time("nbf") : null;
  const expiresAt = read.time("exp");
  const revision = read.has("rev") ? read.integer("rev", 0, 2 ** 48) : null;
  const list = read.integer("lst", 0, 255);
  const index = read.integer("idx", 0, indexLimit - 1);
  if (read.bad !== null || pass === null || kind === null || tenant === null) return "malformed";
  return {
    form: "e1j",
    kid,
    alg: jws.header.alg,
    tenant,
    environment,
    passId: pass,
    kind,
    templateId: template === null ? null : templateId(`tpl_${template}`),
    templateNumber: 0,
    issuedAt,
    notBefore,
    expiresAt,
    revision,
    list,
    index,
    singleUse,
    rotating: false,
    signed: bytes.subarray(0, jws.signedLength),
    signature: jws.signature,
  };
}

/**
 * Reads the 100 bytes of an E1-B: `01 | knd u8 | kid u16 | tno u16 | pid 16 | flags u8 | exp u32 | idx u32 | lst u8 |
 * iat u32 | signature 64`, big-endian.
 */
export function readBinary(bytes: Uint8Array): Envelope | EnvelopeRefusal {
  if (bytes.length !== binaryLength) return "malformed";
  if (bytes[0] !== 1) return "unsupported_format";
  const kind = passKinds[(bytes[1] ?? 0) - 1];
  const kid = readUint16(bytes, 2);
  const pass = passIdOf(bytes.subarray(6, 22));
  const flags = bytes[22] ?? 0;
  const expiresAt = epochSeconds(readUint32(bytes, 23));
  const index = readUint32(bytes, 27);
  const issuedAt = epochSeconds(readUint32(bytes, 32));
  if (kind === undefined || kid === 0 || pass === null || expiresAt === null || issuedAt === null) return "malformed";
  if ((flags & ~0b101) !== 0 || index >= indexLimit) return "malformed";
  return {
    form: "e1b",
    kid,
    alg: null,
    tenant: null,
    environment: null,
    passId: pass,
    kind,
    templateId: null,
    templateNumber: readUint16(bytes, 4),
    issuedAt,
    notBefore: null,
    expiresAt,
    revision: null,
    list: bytes[31] ?? 0,
    index,
    singleUse: (flags & 0b001) !== 0,
    rotating: (flags & 0b100) !== 0,
    signed: bytes.subarray(0, binarySigned),
    signature: bytes.subarray(binarySigned),
  };
}
