import { createECDH, ECDH, type KeyObject, randomBytes, sign } from "node:crypto";

/** What one session with a phone draws at random, and what it signs with. */
export interface SessionSecrets {
  /** 8 bytes. */
  readonly sessionId: Uint8Array;
  /** 32 bytes. */
  readonly terminalNonce: Uint8Array;
  readonly ephemeral: EphemeralKey;
  /** ECDSA over SHA-256, in DER. */
  sign(key: KeyObject, bytes: Uint8Array): Uint8Array;
}

/** Our half of a key agreement on P-256. */
export interface EphemeralKey {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** The shared secret with a compressed point of P-256: X, 32 bytes. */
  agree(point: Uint8Array): Uint8Array;
}

const curve = "prime256v1";

/** Fresh ones: none is ever used for a second session. */
export function freshSecrets(): SessionSecrets {
  return {
    sessionId: randomBytes(8),
    terminalNonce: randomBytes(32),
    ephemeral: ephemeralKey(),
    sign: (key, bytes) => sign("sha256", bytes, key),
  };
}

/** A key pair from its private scalar, 32 bytes; a random one without. */
export function ephemeralKey(scalar?: Uint8Array): EphemeralKey {
  const pair = createECDH(curve);
  if (scalar === undefined) pair.generateKeys();
  else pair.setPrivateKey(scalar);
  return { publicKey: pair.getPublicKey(null, "compressed"), agree: (point) => pair.computeSecret(point) };
}

/** The compressed form, 33 bytes, of a point of P-256 in either form; null when it is none. */
export function compressedPoint(point: Uint8Array): Uint8Array | null {
  if (point.length !== 33 && point.length !== 65) return null;
  try {
    return Uint8Array.from(
      Buffer.from(ECDH.convertKey(point, curve, undefined, "hex", "compressed").toString(), "hex"),
    );
  } catch (fault) {
    // OpenSSL's way of saying that the curve has no such point.
    if (fault instanceof Error) return null;
    throw fault;
  }
}
