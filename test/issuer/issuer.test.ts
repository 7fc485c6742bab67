import { verify } from "node:crypto";
import { calculateJwkThumbprint, compactVerify, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import {
  base64Text,
  encodeBase45,
  encodeIndices,
  makeKey,
  mimeRecord,
  ndefMessage,
  passRecord,
  qrText,
  r1Reference,
  rotatingQrText,
  sha256,
  signBytes,
  signE1B,
  signE1J,
  signJws,
  textRecord,
  totp,
  ulidBytes,
  ulidText,
  uriRecord,
} from "../../fixtures/issuer/index.ts";
import { ed, es, hex, pass, seed, segment, tenant } from "./samples.ts";

describe("encodings", () => {
  // RFC 9285 sections 4.3 and 4.4.
  test.each([
    ["AB", "BB8"],
    ["Hello!!", "%69 VD92EX0"],
    ["base-45", "UJCLQE7W581"],
    ["ietf!", "QED8WEX0"],
    ["", ""],
  ])("base45 of %j is %j", (text, expected) => {
    expect(encodeBase45(Buffer.from(text))).toBe(expected);
  });

  test.each([
    [[], ""],
    [[0], "00"],
    [[127], "7f"],
    [[128], "8001"],
    [[16_383], "ff7f"],
    [[16_384], "808001"],
    [[2 ** 30 - 1], "ffffffff03"],
    [[5, 6, 300], "0501a602"],
  ])("index set %j is LEB128 %s", (indices, expected) => {
    expect(Buffer.from(encodeIndices(indices), "base64url").toString("hex")).toBe(expected);
  });

  test.each([
    ["00000000000000000000000000", "00".repeat(16)],
    ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ff".repeat(16)],
    ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01563e3ab5d3d6764c61efb99302bd5b"],
  ])("ULID %s is 16 bytes and back", (text, expected) => {
    expect(hex(ulidBytes(text))).toBe(expected);
    expect(ulidText(ulidBytes(text))).toBe(text);
  });

  test("an id that is no ULID is refused", () => {
    expect(() => ulidBytes("pass_81HZX3V9K2M4N6P8Q0R2S4T6V8")).toThrow(RangeError);
    expect(() => ulidBytes("pass_01hzx3v9k2m4n6p8q0r2s4t6v8")).toThrow(RangeError);
  });
});

describe("keys and signatures", () => {
  test("an Ed25519 key follows from its seed as RFC 8032 section 7.1 test 1 says", () => {
    const secret = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    const key = makeKey("Ed25519", "1", secret);
    expect(Buffer.from(key.publicJwk["x"] ?? "", "base64url").toString("hex")).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
    expect(Object.keys(key.publicJwk)).not.toContain("d");
  });

  test("an ES256 signature is the one that RFC 6979 appendix A.2.5 gives for P-256, SHA-256 and the message sample", () => {
    const scalar = Buffer.from("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "hex");
    const signature = signBytes(Buffer.from("sample"), makeKey("ES256", "1", scalar));
    expect(Buffer.from(signature).toString("hex")).toBe(
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
  });

  test("a root key is named by its RFC 7638 thumbprint", async () => {
    for (const alg of ["Ed25519", "ES256"] as const) {
      const key = makeKey(alg, "thumbprint", seed(3));
      expect(key.kid).toBe(await calculateJwkThumbprint({ ...key.publicJwk }));
    }
  });

  test.each([
    ["a short seed", () => makeKey("Ed25519", "1", new Uint8Array(31))],
    ["a zero P-256 scalar", () => makeKey("ES256", "1", seed(0))],
  ])("%s is refused", (_name, make) => {
    expect(make).toThrow();
  });

  test.each([ed, es])("a $alg JWS has exactly the three header members and verifies elsewhere", async (key) => {
    const jws = signJws("pass+jws", { v: 1 }, key);
    expect(segment(jws, 0)).toBe(`{"alg":"${key.alg}","kid":"${key.kid}","typ":"pass+jws"}`);
    expect(segment(jws, 1)).toBe('{"v":1}');
    expect(jws.split(".")[2]).toHaveLength(86);
    await expect(compactVerify(jws, await importJWK({ ...key.publicJwk }, key.alg))).resolves.toBeDefined();
  });

  test("the same seed and claims give the same Ed25519 bytes", () => {
    const again = makeKey("Ed25519", "32769", seed(1));
    expect(signE1J(pass, again)).toBe(signE1J(pass, ed));
    expect(hex(signE1B(pass, again))).toBe(hex(signE1B(pass, ed)));
  });
});

describe("passes", () => {
  test("an E1-J spells the claims in the closed set of members", () => {
    expect(segment(signE1J(pass, ed), 1)).toBe(
      `{"v":1,"iss":"${tenant}","env":"sandbox","pid":"01HZX3V9K2M4N6P8Q0R2S4T6V8","knd":"event_ticket",` +
        '"tpl":"01HZX0000000000000000000CD","iat":1780000000,"exp":1790000000,"lst":1,"idx":654321,"use":1}',
    );
    const full = { ...pass, notBefore: 1_780_000_500, revision: 3, singleUse: false, templateId: null };
    expect(segment(signE1J(full, ed), 1)).toBe(
      `{"v":1,"iss":"${tenant}","env":"sandbox","pid":"01HZX3V9K2M4N6P8Q0R2S4T6V8","knd":"event_ticket",` +
        '"iat":1780000000,"nbf":1780000500,"exp":1790000000,"rev":3,"lst":1,"idx":654321}',
    );
  });

  test.each([ed, es])("an E1-J by $alg fits the published expression and 1,024 characters", (key) => {
    const e1j = signE1J({ ...pass, notBefore: 1_780_000_500, revision: 1 }, key);
    expect(e1j).toMatch(/^[A-Za-z0-9_-]{20,160}\.[A-Za-z0-9_-]{20,760}\.[A-Za-z0-9_-]{85}[AQgw]$/);
    expect(e1j.length).toBeLessThanOrEqual(1024);
  });

  test("an E1-B lays its claims out in 36 bytes", () => {
    expect(hex(signE1B(pass, ed).subarray(0, 36))).toBe(
      `010180010007${hex(ulidBytes(pass.passId))}01${(1_790_000_000).toString(16)}0009fbf101${(1_780_000_000).toString(16)}`,
    );
    expect(signE1B(pass, ed, { rotating: true })[22]).toBe(5);
    expect(signE1B({ ...pass, singleUse: false, kind: "boarding_pass" }, ed).subarray(1, 2)).toEqual(Uint8Array.of(6));
  });

  test.each([ed, es])("the $alg signature of an E1-B covers tenant and environment", (key) => {
    const e1b = signE1B(pass, key);
    const check = (context: string): boolean =>
      verify(
        key.alg === "Ed25519" ? null : "sha256",
        Buffer.concat([Buffer.from(context), e1b.subarray(0, 36)]),
        { key: { ...key.publicJwk }, format: "jwk", dsaEncoding: "ieee-p1363" },
        e1b.subarray(36),
      );
    expect(e1b).toHaveLength(100);
    expect(check(`pass/1\0${tenant}\0sandbox\0`)).toBe(true);
    expect(check(`pass/1\0${tenant}\0live\0`)).toBe(false);
  });

  test("the texts of an E1-B have their published lengths and alphabets", () => {
    const e1b = signE1B(pass, ed);
    expect(qrText(e1b)).toMatch(/^P1:[0-9A-Z $%*+./:-]{150}\.$/);
    expect(base64Text(e1b)).toMatch(/^P1\.[A-Za-z0-9_-]{133}[AQgw]$/);
    expect(rotatingQrText(e1b, new Uint8Array(20), 1_780_000_000)).toMatch(/^P1:.{150}\.\/1780000000\/[0-9]{8}$/);
  });

  // RFC 6238 appendix B, SHA-1.
  test.each([
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_234_567_890, "89005924"],
    [20_000_000_000, "65353130"],
  ])("the rotating code at %d is %s", (at, code) => {
    expect(totp(Buffer.from("12345678901234567890"), at)).toBe(code);
  });

  test("a reference fits Apple's message and its directory record is bound to the tenant", () => {
    const reference = r1Reference(pass, new Uint8Array(16).fill(9));
    expect(reference.bytes).toHaveLength(45);
    expect(reference.text).toMatch(/^D1[A-Za-z0-9_-]{60}$/);
    expect(hex(reference.bytes)).toBe(
      `010009fbf101010007${(1_790_000_000).toString(16)}${hex(ulidBytes(pass.passId))}${"09".repeat(16)}`,
    );
    const digest = sha256(Buffer.concat([Buffer.from(`pass-ref/1\0${tenant}\0sandbox\0`), reference.bytes]));
    expect(hex(reference.record)).toBe(Buffer.from(digest, "base64url").subarray(0, 16).toString("hex"));
    expect(() => r1Reference(pass, new Uint8Array(15))).toThrow(RangeError);
  });
});

describe("NDEF messages", () => {
  test("a short external record carries the 100 bytes of a pass", () => {
    const e1b = signE1B(pass, ed);
    expect(hex(ndefMessage([passRecord(e1b)]))).toBe(
      `d41164${Buffer.from("qairopay.com:pass").toString("hex")}${hex(e1b)}`,
    );
  });

  test.each([
    ["text", textRecord("hi"), "d101055402656e6869"],
    ["URI with a prefix code", uriRecord("https://a.b/#p=P1"), "d1010a5504612e622f23703d5031"],
    ["URI without one", uriRecord("urn:x"), "d101065500" + "75726e3a78"],
    ["MIME", mimeRecord("a/b", "c"), "d20301612f6263"],
  ])("a %s record", (_name, record, expected) => {
    expect(hex(ndefMessage([record]))).toBe(expected);
  });

  test("records above 255 bytes take the long form; begin and end are marked once", () => {
    const message = ndefMessage([textRecord("a"), textRecord("b"), mimeRecord("m", new Uint8Array(256))]);
    expect([message[0], message[8], message[16]]).toEqual([0x91, 0x11, 0x42]);
    expect(hex(message.subarray(16, 23))).toBe("4201000001006d");
    expect(() => ndefMessage([])).toThrow(RangeError);
  });
});
