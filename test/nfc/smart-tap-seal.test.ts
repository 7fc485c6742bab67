import { createPublicKey, verify } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { encodeCommand } from "../../drivers/nfc/cards/apdu.ts";
import { readCompressedPoint, readPrivateKey } from "../../drivers/nfc/cards/keys.ts";
import {
  readNegotiateAnswer,
  readPassAnswer,
  readSmartTapSelection,
  readWalletSelection,
} from "../../drivers/nfc/cards/smart-tap/answer.ts";
import { readBundle } from "../../drivers/nfc/cards/smart-tap/bundle.ts";
import { getPasses, negotiate } from "../../drivers/nfc/cards/smart-tap/command.ts";
import { clearMax, openBundle, sessionKeys, transcriptBytes } from "../../drivers/nfc/cards/smart-tap/seal.ts";
import { compressedPoint, ephemeralKey, freshSecrets } from "../../drivers/nfc/cards/smart-tap/secrets.ts";
import { parseTlv } from "../../drivers/nfc/cards/tlv.ts";
import { sealBundle } from "../../fixtures/wallet/cards/android-seal.ts";
import { demoCollector } from "../../fixtures/wallet/index.ts";
import { p1, p3, p4, s1, s1Secrets } from "./smart-tap-vectors.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

const withoutStatus = (answer: string) => bytes(answer.slice(0, -4));
const transcript = {
  terminalNonce: s1Secrets.terminalNonce,
  phoneNonce: bytes(s1.phoneNonce),
  collector: bytes("0133ee80"),
  terminalKey: bytes(s1.terminalKey),
};
const keys = { cipher: bytes(s1.cipherKey), seal: bytes(s1.sealKey) };
const sealed = bytes(s1.passesReply.slice(0, -4)).subarray(29);

describe("ST-P1", () => {
  const published = {
    ...transcript,
    terminalNonce: bytes(p1.terminalNonce),
    phoneNonce: bytes(p1.phoneNonce),
    collector: bytes("00cc29bc"),
    terminalKey: bytes(p1.terminalKey),
  };
  const key = createPublicKey(readPrivateKey(demoCollector("passkit").privateKey));

  test("the real signature is one over our transcript, and over none with a zeroed nonce", () => {
    const signature = bytes(p1.signature);
    expect(verify("sha256", transcriptBytes(published), key, signature)).toBe(true);
    expect(verify("sha256", transcriptBytes({ ...published, phoneNonce: new Uint8Array(32) }), key, signature)).toBe(
      false,
    );
  });

  test("NEGOTIATE is written byte for byte", () => {
    const command = negotiate(
      { sessionId: bytes(p1.sessionId), sequence: 0 },
      { ...published, live: true, keyVersion: 1, signature: bytes(p1.signature) },
    );
    expect(hexOf(encodeCommand(command))).toBe(`90530000bd${p1.negotiateData}00`);
  });

  test("the nonce of the phone is found", () => {
    const offer = readSmartTapSelection(withoutStatus(p1.selectReply));
    expect(offer).toEqual({ versions: { least: 0, most: 1 }, nonce: bytes(p1.phoneNonce) });
  });
});

test("ST-P3 says all that a session needs", () => {
  const ose = parseTlv(withoutStatus(p3));
  expect(readWalletSelection(ose.ok ? ose.items : [])).toEqual({
    outcome: "ready",
    offer: { versions: { least: 0, most: 1 }, nonce: bytes(p4.phoneNonce) },
    selected: true,
  });
});

describe("ST-P4", () => {
  test("the answers are read", () => {
    expect(readSmartTapSelection(withoutStatus(p4.selectReply))?.nonce).toEqual(bytes(p4.phoneNonce));
    expect(readNegotiateAnswer(withoutStatus(p4.negotiateReply))).toEqual({
      ok: true,
      turn: { sessionId: bytes(p1.sessionId), sequence: 1, status: 1 },
      phoneKey: bytes(p4.phoneKey),
    });
  });

  test("GET SMART TAP DATA is written byte for byte", () => {
    const command = getPasses(
      { sessionId: bytes(p1.sessionId), sequence: 1 },
      { collector: bytes("01020304"), services: [0], capabilities: bytes("4100000004") },
    );
    expect(hexOf(encodeCommand(command))).toBe(`9050000041${p4.passesData}00`);
  });
});

describe("ST-S1", () => {
  test("both sides agree on the secret, and the keys follow from it", () => {
    const phoneKey = bytes(s1.phoneKey);
    const secret = s1Secrets.ephemeral.agree(phoneKey);
    expect(hexOf(secret)).toBe(s1.secret);
    expect(hexOf(ephemeralKey(bytes(s1.phoneKeyScalar)).agree(bytes(s1.terminalKey)))).toBe(s1.secret);
    const derived = sessionKeys({ secret, phoneKey, transcript, signature: bytes(s1.signature) });
    expect([hexOf(derived.cipher), hexOf(derived.seal)]).toEqual([s1.cipherKey, s1.sealKey]);
  });

  test("the signature is one over our transcript", () => {
    const key = createPublicKey(readPrivateKey(demoCollector("google").privateKey));
    expect(verify("sha256", transcriptBytes(transcript), key, bytes(s1.signature))).toBe(true);
  });

  test("the answer opens to its passes", () => {
    const answer = readPassAnswer(withoutStatus(s1.passesReply));
    expect(answer).toMatchObject({
      ok: true,
      turn: { sequence: 4, status: 1 },
      bundle: { encrypted: true, compressed: false },
    });
    expect(answer.ok && answer.bundle?.bytes).toEqual(sealed);
    const opening = openBundle(sealed, false, keys);
    expect(opening.ok && hexOf(opening.clear)).toBe(s1.clear);
    expect(readBundle(bytes(s1.clear))).toEqual({
      ok: true,
      bundle: {
        objects: [
          {
            kind: "loyalty",
            objectId: bytes("339aa74173c475aa"),
            value: Buffer.from("2018"),
            issuer: { kind: "merchant", id: bytes("00000000") },
          },
        ],
        customer: {
          customerId: bytes("9d6417dac5e73fae5e9cb1b9f7590034"),
          language: Buffer.from("en"),
          tapId: bytes("03e9d65bb66dc63e2dd8a4fe6d0d5602"),
          deviceId: null,
        },
      },
    });
  });
});

describe("a seal", () => {
  test("with any byte changed is broken: nothing is decrypted or inflated", () => {
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      expect(openBundle(changed, at % 2 === 0, keys)).toMatchObject({ ok: false, code: "bad_seal" });
    }
  });

  test("cut anywhere is broken, and too short below 44 bytes", () => {
    for (let end = 0; end < sealed.length; end += 1) {
      const code = end < 44 ? "bad_answer" : "bad_seal";
      expect(openBundle(sealed.subarray(0, end), false, keys)).toMatchObject({ ok: false, code });
    }
    expect(openBundle(sealBundle(new Uint8Array(), keys, false).subarray(1), false, keys)).toEqual({
      ok: true,
      clear: Buffer.alloc(0),
    });
  });

  test("of another session is broken", () => {
    expect(openBundle(sealed, false, { ...keys, seal: bytes(s1.secret) })).toMatchObject({ code: "bad_seal" });
  });

  const zeros = (count: number) => new Uint8Array(count);
  /** Sealed, but compressed by somebody else. */
  const wrapped = (stream: Uint8Array) => sealBundle(stream, keys, false).subarray(1);
  test.each<readonly [string, Uint8Array, boolean]>([
    ["of the longest bundle", deflateSync(zeros(clearMax)), true],
    ["of one byte more", deflateSync(zeros(clearMax + 1)), false],
    ["of a bomb of 50 MB", deflateSync(zeros(50_000_000)), false],
    ["with one byte behind it", Buffer.concat([deflateSync(zeros(10)), zeros(1)]), false],
    ["and another stream behind it", Buffer.concat([deflateSync(zeros(10)), deflateSync(zeros(10))]), false],
    ["cut off", deflateSync(Buffer.from("passes")).subarray(0, -1), false],
    ["that needs a dictionary", deflateSync(Buffer.from("passes"), { dictionary: Buffer.from("passes") }), false],
    ["that is none", Buffer.from("passes"), false],
    ["of no bytes", zeros(0), false],
  ])("around a stream %s", (_, stream, opens) => {
    const opening = openBundle(wrapped(stream), true, keys);
    expect(opening.ok ? "ok" : opening.code).toBe(opens ? "ok" : "bad_answer");
  });
});

describe("secrets", () => {
  test("are fresh for every session, and the signature verifies", () => {
    const [one, two] = [freshSecrets(), freshSecrets()];
    for (const name of ["sessionId", "terminalNonce"] as const) expect(one[name]).not.toEqual(two[name]);
    expect(one.ephemeral.publicKey).not.toEqual(two.ephemeral.publicKey);
    expect([one.sessionId.length, one.terminalNonce.length, one.ephemeral.publicKey.length]).toEqual([8, 32, 33]);
    const key = readPrivateKey(demoCollector("google").privateKey);
    expect(verify("sha256", bytes(s1.signed), createPublicKey(key), one.sign(key, bytes(s1.signed)))).toBe(true);
  });

  test("a point is taken in both forms, and nothing else is", () => {
    const short = bytes(s1.phoneKey);
    const { x = "", y = "" } = readCompressedPoint(short)?.export({ format: "jwk" }) ?? {};
    const long = Buffer.concat([bytes("04"), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    expect([compressedPoint(short), compressedPoint(long)]).toEqual([short, short]);
    const off = Uint8Array.from(long);
    off[64] = (off[64] ?? 0) ^ 1;
    for (const bad of [
      off,
      long.subarray(1),
      short.subarray(1),
      Buffer.concat([bytes("05"), short.subarray(1)]),
      new Uint8Array(33),
    ]) {
      expect(compressedPoint(bad)).toBeNull();
    }
  });
});
