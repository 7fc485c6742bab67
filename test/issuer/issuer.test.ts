import { verify } from "node:crypto";
import { inflateSync } from "node:zlib";
import { calculateJwkThumbprint, compactVerify, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import {
  base64Text,
  directoryManifest,
  emptyList,
  encodeBase45,
  encodeIndices,
  entryOf,
  headPayload,
  keysPayload,
  type ListState,
  listRoot,
  makeKey,
  manifestOf,
  mimeRecord,
  nameDocument,
  ndefMessage,
  type PassToSign,
  passRecord,
  qrText,
  r1Reference,
  revokeIn,
  rootFile,
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

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const ed = makeKey("Ed25519", "32769", seed(1));
const es = makeKey("ES256", "32770", seed(2));
const tenant = "tnt_01HZX0000000000000000000AB";
const pass: PassToSign = {
  tenant,
  environment: "sandbox",
  passId: "pass_01HZX3V9K2M4N6P8Q0R2S4T6V8",
  kind: "event_ticket",
  templateId: "tpl_01HZX0000000000000000000CD",
  templateNumber: 7,
  issuedAt: 1_780_000_000,
  notBefore: null,
  expiresAt: 1_790_000_000,
  revision: null,
  list: 1,
  index: 654_321,
  singleUse: true,
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const segment = (jws: string, position: number): string =>
  Buffer.from(jws.split(".")[position] ?? "", "base64url").toString();

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

const shape = { tenant, environment: "sandbox", list: 1, size: 2 ** 20, epoch: 1 } as const;
const times = { issuedAt: 1_780_000_000, expiresAt: 1_780_500_000, ttl: 600 };

describe("status lists", () => {
  test("a revoked entry is the least significant free bit, in a copy", () => {
    const before = emptyList({ ...shape, bits: 1 });
    const { state, deltaPayload } = revokeIn(before, { set: [9, 0, 9] }, 1_780_000_100);
    expect(state.shards[0]?.subarray(0, 2)).toEqual(Uint8Array.of(1, 2));
    expect([entryOf(state, 0), entryOf(state, 1), entryOf(state, 9)]).toEqual([1, 0, 1]);
    expect(before.shards).toEqual([null]);
    expect(deltaPayload).toEqual({
      v: 1,
      iss: tenant,
      env: "sandbox",
      list: 1,
      bits: 1,
      epoch: 1,
      from: 1,
      to: 2,
      size: 2 ** 20,
      iat: 1_780_000_100,
      ns: 2,
      set: "AAk",
      root: listRoot(state),
    });
  });

  test("a 2-bit list suspends, clears and revokes for good", () => {
    const start = emptyList({ ...shape, bits: 2 });
    const suspended = revokeIn(start, { set2: [5, 7] }, 1).state;
    const { state, deltaPayload } = revokeIn(suspended, { set: [5], clr: [7] }, 2);
    expect([entryOf(suspended, 5), entryOf(state, 5), entryOf(state, 7)]).toEqual([2, 1, 0]);
    expect(deltaPayload).toMatchObject({ ns: 1, set: "BQ", n2: 0, set2: "", nc: 1, clr: "Bw" });
    expect(listRoot(revokeIn(start, { set: [5] }, 1).state)).toBe(listRoot(state));
    expect(() => revokeIn(state, { set2: [5] }, 3)).toThrow(/revoked for good/);
    expect(() => revokeIn(state, { clr: [5] }, 3)).toThrow(/not suspended/);
    expect(() => revokeIn(state, { set: [8], set2: [8] }, 3)).toThrow(/two sets/);
  });

  test.each<[string, (list: ListState) => unknown]>([
    ["an index at the size", (list) => revokeIn(list, { set: [2 ** 20] }, 1)],
    ["a negative index", (list) => revokeIn(list, { set: [-1] }, 1)],
    ["a shrinking size", (list) => revokeIn(list, { size: 5 }, 1)],
    ["a suspension in a 1-bit list", (list) => revokeIn(list, { set2: [1] }, 1)],
    ["a size above 2^30", () => emptyList({ ...shape, bits: 1, size: 2 ** 30 + 1 })],
  ])("%s is refused", (_name, attempt) => {
    expect(() => attempt(emptyList({ ...shape, bits: 1 }))).toThrow(RangeError);
  });

  test("the root covers untouched shards and grows with the list", () => {
    const small = emptyList({ ...shape, bits: 1 });
    const { state: large } = revokeIn(small, { size: 2 ** 20 + 1 }, 1);
    expect(large.shards).toEqual([null, null]);
    const zero = Buffer.from(sha256(new Uint8Array(131_072)), "base64url");
    expect(listRoot(large)).toBe(sha256(Buffer.concat([zero, zero])));
  });

  test("a manifest names each touched shard by its compressed bytes and skips the others", () => {
    const { state } = revokeIn(emptyList({ ...shape, bits: 1, size: 2 ** 21 }), { set: [2 ** 20 + 3] }, 1);
    const { payload, blobs } = manifestOf(state, times);
    const [untouched, touched] = payload.sh;
    expect(untouched).toEqual({ z: null });
    const z = touched?.z ?? "";
    const blob = blobs.get(z) ?? new Uint8Array();
    expect(touched).toEqual({ z: sha256(blob), zl: blob.length, h: sha256(inflateSync(blob)) });
    expect(inflateSync(blob)[0]).toBe(8);
    expect(payload).toMatchObject({ ver: 2, sl2: 20, ttl: 600, root: listRoot(state) });
  });
});

describe("documents", () => {
  const roots = [makeKey("Ed25519", "thumbprint", seed(11)), makeKey("ES256", "thumbprint", seed(12))];
  const keysKey = makeKey("Ed25519", "32770", seed(13));
  const documentBase = { tenant, environment: "sandbox", issuedAt: 1_780_000_000, expiresAt: 1_800_000_000 } as const;

  test("a root file carries one identical payload under each root key", async () => {
    const text = rootFile({ ...documentBase, version: 1, threshold: 2, roots, keys: [keysKey] }, roots);
    const { signed }: { signed: string[] } = JSON.parse(text);
    expect(JSON.stringify({ signed })).toBe(text);
    expect(new Set(signed.map((jws) => jws.split(".")[1])).size).toBe(1);
    for (const [position, root] of roots.entries()) {
      await compactVerify(signed[position] ?? "", await importJWK({ ...root.publicJwk }, root.alg));
    }
    expect(text).not.toContain('"d"');
  });

  test("a keys document lists public halves with roles, kinds, window and state", () => {
    const payload = keysPayload({
      ...documentBase,
      version: 4,
      keys: [{ key: es, roles: ["pass"], kinds: ["coupon"], notBefore: 5, expiresAt: 9, state: "retired" }],
      lists: [{ id: 1, bits: 1, epoch: 1 }],
      templates: [{ n: 7, id: "tpl_01HZX0000000000000000000CD" }],
      timeEpoch: 0,
    });
    expect(payload).toMatchObject({
      ver: 4,
      keys: [{ kty: "EC", kid: "32770", alg: "ES256", use: "sig", roles: ["pass"], kinds: ["coupon"], st: "retired" }],
      tpl: [{ n: 7, id: "tpl_01HZX0000000000000000000CD" }],
    });
    expect(JSON.stringify(payload)).not.toContain('"d":');
  });

  test("a head names documents by the hash and length of their bytes", () => {
    const state = emptyList({ ...shape, bits: 1 });
    const named = nameDocument("status+jws", 3, "abc", 1);
    expect(named).toEqual({ typ: "status+jws", list: 1, ver: 3, sha256: sha256("abc"), len: 3 });
    expect(headPayload({ ...documentBase, n: 2, ttl: 600, documents: [named], lists: [state] })).toMatchObject({
      n: 2,
      docs: [named],
      lists: [{ id: 1, epoch: 1, ver: 1, bits: 1, size: 2 ** 20, root: listRoot(state) }],
    });
  });

  test("a directory keeps 2^13 records a chunk and shares the untouched ones", () => {
    const record = new Uint8Array(16).fill(7);
    const { payload, blobs } = directoryManifest({
      ...documentBase,
      list: 1,
      epoch: 1,
      version: 1,
      size: 2 ** 20,
      records: new Map([[2 ** 13 + 1, record]]),
    });
    const { ch }: { ch: string[] } = JSON.parse(JSON.stringify(payload));
    expect([ch.length, new Set(ch).size, blobs.size]).toEqual([128, 2, 2]);
    expect(blobs.get(ch[1] ?? "")?.subarray(16, 32)).toEqual(record);
    expect([...blobs.values()].map((blob) => blob.length)).toEqual([131_072, 131_072]);
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
