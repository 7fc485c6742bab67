import { concatBytes, equalBytes, readUint32, utf8Bytes } from "./bytes.ts";
import type { Envelope } from "./envelope.ts";
import type { RotatingCode } from "./payload.ts";
import type { Primitives } from "./primitives.ts";
import { isClockSound, type VerificationTime } from "./time.ts";

/** Secrets of rotating codes. They come with enrolment over TLS, never in trust documents. */
export interface RotationKeys {
  /** K_kid of a pass key, or null when this terminal was not given it. */
  keyFor(kid: string): Uint8Array | null;
  /** TOTP period from the configuration, seconds; 30 unless the site says otherwise. */
  readonly periodS: number;
}

/** What a rotating code proves. `unverifiable`: no key, or no time to compare with. */
export type RotationAnswer =
  | { readonly outcome: "recent"; readonly step: number }
  | { readonly outcome: "unverifiable"; readonly step: number | null }
  | { readonly outcome: "wrong" }
  | { readonly outcome: "old" };

const digits = 8;
/** Clocks of phone and terminal may differ by this much. */
const skewS = 30;
const shortestWindowS = 15;

/**
 * Recomputes the code at the second it claims and judges that second (formats.md section 6). Stateless: whether the step
 * was used before is for the caller, who gets it back. The envelope is a verified E1-B.
 */
export async function judgeRotation(
  code: RotatingCode,
  envelope: Envelope,
  at: VerificationTime,
  primitives: Primitives,
  rotation: RotationKeys | null,
): Promise<RotationAnswer> {
  const secret = rotation?.keyFor(String(envelope.kid)) ?? null;
  if (rotation === null || secret === null || !(rotation.periodS >= 1)) return { outcome: "unverifiable", step: null };
  const step = Math.floor(code.claimedAt / rotation.periodS);
  const passSecret = await rotationSecret(secret, envelope.signed.subarray(6, 22), primitives);
  const expected = await oneTimePassword(passSecret, step, primitives);
  if (!equalBytes(utf8Bytes(expected), utf8Bytes(code.digits))) return { outcome: "wrong" };
  if (!isClockSound(at)) return { outcome: "unverifiable", step };
  const windowS = Math.max(rotation.periodS, shortestWindowS) + skewS;
  return Math.abs(code.claimedAt - at.now) <= windowS ? { outcome: "recent", step } : { outcome: "old" };
}

/** `HMAC-SHA-256(K_kid, "pass-rot/1\0" || pid)[0..20)`. */
export async function rotationSecret(
  kidSecret: Uint8Array,
  passUlid: Uint8Array,
  primitives: Primitives,
): Promise<Uint8Array> {
  const mac = await primitives.hmacSha256(kidSecret, concatBytes(utf8Bytes("pass-rot/1\0"), passUlid));
  return mac.subarray(0, 20);
}

/** RFC 6238 with SHA-1, T0 0: RFC 4226 section 5.3 over the step as eight bytes. */
export async function oneTimePassword(secret: Uint8Array, step: number, primitives: Primitives): Promise<string> {
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, BigInt(step));
  const mac = await primitives.hmacSha1(secret, counter);
  const offset = (mac[19] ?? 0) & 15;
  return String((readUint32(mac, offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}
