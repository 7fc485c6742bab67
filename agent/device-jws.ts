import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import type { DeviceKey } from "./identity.ts";

/** Signs with the device's own key: enrolment proofs, sign-in assertions, chain heads (contract.md 2.4, formats.md section 7). */
export interface DeviceSigner {
  /** RFC 7638 thumbprint of the public key. */
  readonly thumbprint: string;
  readonly publicJwk: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
  /** JWS compact with header `{alg,typ,kid}`. */
  sign(typ: string, claims: Readonly<Record<string, unknown>>): string;
}

export function makeDeviceKey(): DeviceKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { x, d } = privateKey.export({ format: "jwk" });
  if (x === undefined || d === undefined) throw new Error("an Ed25519 key has members x and d");
  return { kty: "OKP", crv: "Ed25519", x, d };
}

export async function deviceSigner(key: DeviceKey): Promise<DeviceSigner> {
  const { kty, crv, x } = key;
  const publicJwk = { kty, crv, x };
  const thumbprint = await calculateJwkThumbprint(publicJwk);
  const privateKey = createPrivateKey({ key: { ...key }, format: "jwk" });
  return {
    thumbprint,
    publicJwk,
    sign(typ, claims) {
      const input = `${segment({ alg: "Ed25519", typ, kid: thumbprint })}.${segment(claims)}`;
      return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
    },
  };
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
