import { decodeBase64url } from "./base64url.ts";

/**
 * Is a public key a sound point? Platforms import points that make a signature verify for any message (all eight
 * small-order Ed25519 points import without complaint), so the check stands here. Runs at key import only: BigInt will do.
 */

const p25519 = 2n ** 255n - 19n;
const pP256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
/** Coefficient b of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const bP256 = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** Coefficient d of edwards25519 (RFC 8032 section 5.1): -121665/121666. */
const d25519 = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** RFC 8032 section 5.1.3: `x` names a point on the curve, canonically, and its order is not 1, 2, 4 or 8. */
export function isSoundEd25519(x: string): boolean {
  const bytes = decodeBase64url(x);
  if (bytes?.length !== 32) return false;
  const sign = (bytes[31] ?? 0) >> 7;
  const y = integerOf(bytes.toReversed()) & (2n ** 255n - 1n);
  if (y >= p25519) return false;
  // x^2 = u / v must be a square, which u * v tells without a division; x = 0 has no negative spelling.
  const u = mod(y * y - 1n);
  const v = mod(d25519 * y * y + 1n);
  if (u === 0n ? sign === 1 : power(mod(u * v), (p25519 - 1n) / 2n) !== 1n) return false;
  return !isSmallOrder(y);
}

/**
 * Three doublings end in the neutral point, y = 1, exactly for the eight small-order points. With x^2 from the curve equation
 * the addition law gives y(2P) from y(P) alone; y = n / m stays a fraction, so nothing is divided.
 */
function isSmallOrder(y: bigint): boolean {
  let [n, m] = [y, 1n];
  for (let i = 0; i < 3; i++) {
    const [s, t] = [mod(n * n), mod(m * m)];
    n = mod(d25519 * s * s + 2n * s * t - t * t);
    m = mod(t * t + 2n * d25519 * s * t - d25519 * s * s);
  }
  return n === m;
}

/** SP 800-186: both coordinates are 32 bytes below p and satisfy y^2 = x^3 - 3x + b. The cofactor is 1: no small orders. */
export function isSoundP256(x: string, y: string): boolean {
  const [xBytes, yBytes] = [decodeBase64url(x), decodeBase64url(y)];
  if (xBytes?.length !== 32 || yBytes?.length !== 32) return false;
  const [xValue, yValue] = [integerOf(xBytes), integerOf(yBytes)];
  if (xValue >= pP256 || yValue >= pP256) return false;
  return (yValue * yValue - (xValue ** 3n - 3n * xValue + bP256)) % pP256 === 0n;
}

function integerOf(bigEndian: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bigEndian) value = value * 256n + BigInt(byte);
  return value;
}

function mod(value: bigint): bigint {
  const rest = value % p25519;
  return rest < 0n ? rest + p25519 : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}
