import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** The P-256 keys of wallet protocols, in every form their owners keep them in. */

export const keyFaultCodes = [
  /** None of the forms. */
  "unreadable",
  /** Longer than any of the forms. */
  "too_long",
  /** Locked with a passphrase. */
  "encrypted",
  /** A public key or a certificate. */
  "not_private",
  /** A key of another kind or curve. */
  "not_p256",
  /** Its public half belongs to another key. */
  "mismatched",
] as const;
export type KeyFaultCode = (typeof keyFaultCodes)[number];

/** Why bytes are no private key. Its message holds nothing of them. */
export class KeyFault extends Error {
  override readonly name = "KeyFault";
  readonly code: KeyFaultCode;
  constructor(code: KeyFaultCode, options?: { readonly cause?: unknown }) {
    super(keyFaultText[code], options);
    this.code = code;
  }
}

const keyFaultText: Readonly<Record<KeyFaultCode, string>> = {
  unreadable: "no private key in PEM, DER, hex or base64",
  too_long: "too long for a private key",
  encrypted: "the private key is locked with a passphrase",
  not_private: "a public key or certificate, not a private key",
  not_p256: "not a P-256 key",
  mismatched: "the private key and the public key beside it do not belong together",
};

/** Longest key file, bytes. */
export const keyFileMax = 16_384;

const curve = "prime256v1";
const scalarBytes = 32;

/**
 * The private key in a key file: PEM or DER, each SEC1 or PKCS#8; or the 32-byte scalar alone, as it is, in hex or in
 * base64. White space around text is skipped. Throws `KeyFault`.
 */
export function readPrivateKey(bytes: Uint8Array): KeyObject {
  if (bytes.length > keyFileMax) throw new KeyFault("too_long");
  if (bytes.length === scalarBytes) return keyOfScalar(bytes);
  const text = Buffer.from(bytes).toString("latin1").trim();
  if (text.includes("-----BEGIN ")) return readPem(text);
  if (/^[0-9A-Fa-f]{64}$/.test(text)) return keyOfScalar(Buffer.from(text, "hex"));
  // 32 bytes are 43 characters, and one "=" where base64 is padded.
  if (/^[0-9A-Za-z+/_-]{43}=?$/.test(text)) return keyOfScalar(Buffer.from(text, "base64"));
  return readDer(Buffer.from(bytes));
}

function readPem(text: string): KeyObject {
  const block = /-----BEGIN (ENCRYPTED |EC |)PRIVATE KEY-----(?:(?!-----BEGIN ).)*?-----END \1PRIVATE KEY-----/s.exec(
    text,
  );
  if (block === null) throw new KeyFault(/BEGIN (PUBLIC KEY|CERTIFICATE)/.test(text) ? "not_private" : "unreadable");
  if (block[1] === "ENCRYPTED " || block[0].includes("ENCRYPTED")) throw new KeyFault("encrypted");
  const key = attempt(() => createPrivateKey({ key: block[0], format: "pem" }));
  if (key === null) throw new KeyFault("unreadable");
  return checkedKey(key);
}

function readDer(der: Buffer): KeyObject {
  for (const type of ["pkcs8", "sec1"] as const) {
    const key = attempt(() => createPrivateKey({ key: der, format: "der", type }));
    if (key !== null) return checkedKey(key);
  }
  const open = attempt(() => createPublicKey({ key: der, format: "der", type: "spki" }));
  throw new KeyFault(open === null ? "unreadable" : "not_private");
}

/** What a reader of keys gives, or null where it finds none: it throws errors of OpenSSL's choice. */
function attempt(read: () => KeyObject): KeyObject | null {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof Error) return null;
    throw fault;
  }
}

function checkedKey(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== curve) throw new KeyFault("not_p256");
  const { d, x, y } = key.export({ format: "jwk" });
  const own = keyOfScalar(Buffer.from(d ?? "", "base64url"));
  const derived = own.export({ format: "jwk" });
  // Files carry the public half, too, and nobody checks it: half a roll-over shows here instead of at the first tap.
  if (derived.x !== x || derived.y !== y) throw new KeyFault("mismatched");
  return own;
}

function keyOfScalar(scalar: Uint8Array): KeyObject {
  const pair = createECDH(curve);
  try {
    pair.setPrivateKey(scalar);
  } catch (cause) {
    // Zero, or not below the order of the curve.
    throw new KeyFault("not_p256", { cause });
  }
  const point = pair.getPublicKey();
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const [x, y] = [text(point.subarray(1, 33)), text(point.subarray(33))];
  return createPrivateKey({ key: { kty: "EC", crv: "P-256", x, y, d: text(scalar) }, format: "jwk" });
}

/** SubjectPublicKeyInfo of a P-256 key up to its compressed point (RFC 5480). */
const compressedHead = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");

/** The public key at a compressed point, 33 bytes from `02` or `03`; null when it is no point of P-256. */
export function readCompressedPoint(point: Uint8Array): KeyObject | null {
  if (point.length !== 33 || (point[0] !== 0x02 && point[0] !== 0x03)) return null;
  const key = Buffer.concat([compressedHead, point]);
  return attempt(() => createPublicKey({ key, format: "der", type: "spki" }));
}

/** X coordinate of a P-256 key, private or public, 32 bytes. */
export function pointX(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}

/** What tells keys apart without giving them away: the first four bytes of SHA-256 over X, as 8 hex digits. */
export function keyId(key: KeyObject): string {
  return createHash("sha256").update(pointX(key)).digest("hex").slice(0, 8);
}
