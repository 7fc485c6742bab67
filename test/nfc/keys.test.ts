import { createECDH, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  KeyFault,
  keyFileMax,
  keyId,
  pointX,
  readCompressedPoint,
  readPrivateKey,
} from "../../drivers/nfc/cards/keys.ts";
import { demoKey, demoKeyNames } from "../../fixtures/wallet/index.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

const { privateKey: scalar } = demoKey("passkit");
const key = readPrivateKey(scalar);
const text = (value: string) => Buffer.from(value, "latin1");
const base64 = Buffer.from(scalar).toString("base64");
const pem = (type: "sec1" | "pkcs8") => key.export({ format: "pem", type }).toString();
const der = (type: "sec1" | "pkcs8") => key.export({ format: "der", type });
const sec1 = der("sec1");
/** SEC1 without its public half: version, scalar, curve. */
const bareSec1 = bytes(`3031020101 0420 ${hexOf(scalar)} a00a06082a8648ce3d030107`);

describe("a private key is read from", () => {
  test.each<readonly [string, Uint8Array]>([
    ["PEM SEC1", text(pem("sec1"))],
    ["PEM PKCS#8", text(pem("pkcs8"))],
    ["PEM with CRLF line ends", text(pem("pkcs8").replaceAll("\n", "\r\n"))],
    [
      "PEM behind its curve, as openssl ecparam writes it",
      text(`-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem("sec1")}`),
    ],
    ["DER SEC1", sec1],
    ["DER SEC1 without a public half", bareSec1],
    ["DER PKCS#8", der("pkcs8")],
    ["the scalar in hex", text(hexOf(scalar))],
    ["the scalar in upper-case hex with a line end", text(`${hexOf(scalar).toUpperCase()}\n`)],
    ["the scalar in base64", text(base64)],
    ["the scalar in base64url without padding", text(Buffer.from(scalar).toString("base64url"))],
    ["the scalar as it is", scalar],
  ])("%s", (_, file) => {
    expect(readPrivateKey(file).equals(key)).toBe(true);
  });
});

const other = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
const locked = { format: "pem", type: "pkcs8", cipher: "aes-128-cbc", passphrase: "x" } as const;
const strangePoint = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
  format: "der",
  type: "spki",
});

describe("what is no private key has a fault", () => {
  test.each<readonly [string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "unreadable"],
    ["words", text("no key at all"), "unreadable"],
    ["a scalar a digit short", text(hexOf(scalar).slice(1)), "unreadable"],
    ["PEM without its end", text(pem("pkcs8").slice(0, 80)), "unreadable"],
    ["PEM with a damaged body", text(pem("pkcs8").replace("MIG", "AAA")), "unreadable"],
    ["PEM whose end is another's", text(pem("sec1").replace("END EC ", "END ")), "unreadable"],
    ["DER that is cut", der("pkcs8").subarray(0, 60), "unreadable"],
    ["too long a file", new Uint8Array(keyFileMax + 1), "too_long"],
    ["PKCS#8 with a passphrase", text(key.export(locked).toString()), "encrypted"],
    ["SEC1 with a passphrase", text(key.export({ ...locked, type: "sec1" }).toString()), "encrypted"],
    ["a public key in PEM", text("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----"), "not_private"],
    ["a certificate", text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"), "not_private"],
    ["a public key in DER", strangePoint, "not_private"],
    ["a key of P-384", text(other("P-384").export({ format: "pem", type: "pkcs8" }).toString()), "not_p256"],
    ["a key of secp256k1", other("secp256k1").export({ format: "der", type: "sec1" }), "not_p256"],
    [
      "an Ed25519 key",
      text(generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString()),
      "not_p256",
    ],
    ["the scalar zero", text("0".repeat(64)), "not_p256"],
    ["a scalar beyond the order of the curve", text("f".repeat(64)), "not_p256"],
    [
      "a private key with another's public half",
      Buffer.concat([sec1.subarray(0, -65), strangePoint.subarray(-65)]),
      "mismatched",
    ],
  ])("%s", (_, file, code) => {
    expect(() => readPrivateKey(file)).toThrowError(expect.objectContaining({ name: KeyFault.name, code }));
  });

  test("and the fault says nothing of what was in the file", () => {
    const secret = hexOf(scalar).slice(0, 63);
    try {
      readPrivateKey(text(secret));
      expect.unreachable();
    } catch (fault) {
      expect(String(fault)).not.toContain(secret.slice(0, 8));
    }
  });
});

test("a key is told by the first bytes of SHA-256 over X", () => {
  const known = { passkit: "c0b77375", springcard: "858b5242", zebra: "155b426f" };
  for (const name of demoKeyNames) expect(keyId(readPrivateKey(demoKey(name).privateKey))).toBe(known[name]);
  expect(hexOf(pointX(key))).toBe("c0a301bf6f41c9a48b88617415cb6ec81f87b36a19d640c86214d59653dec4d1");
});

describe("a compressed point", () => {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(scalar);
  const point = Uint8Array.from(pair.getPublicKey(null, "compressed"));

  test("is a public key, either way up", () => {
    for (const sign of [0x02, 0x03]) {
      const read = readCompressedPoint(Uint8Array.of(sign, ...point.subarray(1)));
      expect(read === null ? null : hexOf(pointX(read))).toBe(hexOf(pointX(key)));
    }
  });

  test.each<readonly [string, Uint8Array]>([
    ["off the curve", bytes(`02${"00".repeat(31)}01`)],
    ["beyond the field", bytes(`02${"ff".repeat(32)}`)],
    ["a byte short", point.subarray(0, 32)],
    ["with a wrong sign", Uint8Array.of(0x04, ...point.subarray(1))],
  ])("%s is none", (_, wrong) => {
    expect(readCompressedPoint(wrong)).toBeNull();
  });
});
