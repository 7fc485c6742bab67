import { decodeBase64url } from "./base64url.ts";
import { concatBytes, readUint16, readUint32, utf8Bytes } from "./bytes.ts";
import { indexLimit } from "./envelope.ts";
import { passIdOf } from "./ulid.ts";
import {
  type Environment,
  type EpochSeconds,
  epochSeconds,
  type PassId,
  type PassKind,
  passKinds,
  type TenantId,
} from "./verdict.ts";

/** What an R1 says (formats.md section 1). Genuine only if the signed pass directory holds its hash. */
export interface Reference {
  readonly list: number;
  readonly index: number;
  readonly kind: PassKind;
  readonly singleUse: boolean;
  readonly templateNumber: number;
  readonly expiresAt: EpochSeconds;
  readonly passId: PassId;
  /** All 45 bytes, the secret included. */
  readonly bytes: Uint8Array;
}

export const referenceExpression = /^D1[A-Za-z0-9_-]{60}$/;

/** Bytes of one directory record: a truncated SHA-256. */
export const recordLength = 16;

/** Reads `D1` + base64url of `list u8 | idx u32 | knd u8 | flags u8 | tno u16 | exp u32 | pid 16 | secret 16`; null when malformed. */
export function readReference(text: string): Reference | null {
  const bytes = referenceExpression.test(text) ? decodeBase64url(text.slice(2)) : null;
  if (bytes === null) return null;
  const index = readUint32(bytes, 1);
  const kind = passKinds[(bytes[5] ?? 0) - 1];
  const flags = bytes[6] ?? 0;
  const expiresAt = epochSeconds(readUint32(bytes, 9));
  const pass = passIdOf(bytes.subarray(13, 29));
  if (kind === undefined || expiresAt === null || pass === null) return null;
  if ((flags & ~0b1) !== 0 || index >= indexLimit) return null;
  return {
    list: bytes[0] ?? 0,
    index,
    kind,
    singleUse: flags === 1,
    templateNumber: readUint16(bytes, 7),
    expiresAt,
    passId: pass,
    bytes,
  };
}

/** What the directory hashes: `"pass-ref/1\0" || tenant || \0 || env || \0 || all 45 bytes`. */
export function referenceContext(bytes: Uint8Array, tenant: TenantId, environment: Environment): Uint8Array {
  return concatBytes(utf8Bytes(`pass-ref/1\0${tenant}\0${environment}\0`), bytes);
}
