import { inflateSync } from "node:zlib";
import { compactVerify, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import {
  directoryManifest,
  emptyList,
  entryOf,
  headPayload,
  keysPayload,
  type ListState,
  listRoot,
  makeKey,
  manifestOf,
  nameDocument,
  revokeIn,
  rootFile,
  sha256,
} from "../../fixtures/issuer/index.ts";
import { es, seed, tenant } from "./samples.ts";

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
