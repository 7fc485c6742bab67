import { inflateSync } from "node:zlib";
import { compactVerify, importJWK } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byteRange } from "../../fixtures/cloud/trust/byte-range.ts";
import { sha256 } from "../../fixtures/issuer/index.ts";
import { headOf, payloadOf } from "./documents.ts";
import { type Reply, type TestCloud, testCloud } from "./harness.ts";

const day = 86_400_000;
let now = Date.UTC(2026, 10, 21);
let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud({ now: () => now });
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
  sandbox.ask("GET", `/v1/nfc/trust/${path}`, { headers });
const revokeOne = async (options: object = {}): Promise<number> => {
  const { id } = await sandbox.merchant.createTemplate({ name: "A", kind: "event_ticket", ...options });
  const pass = await sandbox.merchant.issuePass({ template_id: id });
  const { e1j } = await sandbox.merchant.payloads(pass.id);
  await sandbox.merchant.revoke(pass.id);
  return Number(payloadOf(e1j)["idx"]);
};

describe("documents", () => {
  test("the root is signed by two root keys over one payload", async () => {
    const root: { signed: string[] } = JSON.parse((await get("root")).text);
    const members = payloadOf(root.signed[0] ?? "");
    expect(members).toMatchObject({ v: 1, ver: 1, threshold: 2, keys_threshold: 1, env: "sandbox" });
    const roots = members["roots"];
    if (!Array.isArray(roots)) throw new TypeError("no root keys");
    expect([root.signed.length, roots.length]).toEqual([2, 2]);
    for (const [position, jwk] of roots.entries()) {
      const { protectedHeader } = await compactVerify(root.signed[position] ?? "", await importJWK(jwk));
      expect(protectedHeader).toMatchObject({ kid: jwk.kid, typ: "trust-root+jws" });
    }
    expect((await get("root/1")).text).toBe((await get("root")).text);
    expect((await get("root/2")).status).toBe(404);
  });

  test("the head names every document by the hash and length of its bytes as served", async () => {
    await revokeOne({ sandbox: { reference: true } });
    const head = await headOf(sandbox);
    const paths: Record<string, string> = {
      "trust-keys+jws": "keys",
      "status+jws": "lists/1/manifest",
      "passdir+jws": "directories/1/manifest",
    };
    expect(head.docs.map((doc) => doc.typ)).toEqual(Object.keys(paths));
    for (const doc of head.docs) {
      const { text } = await get(paths[doc.typ] ?? "");
      expect([sha256(text), Buffer.byteLength(text), payloadOf(text)["ver"]]).toEqual([doc.sha256, doc.len, doc.ver]);
    }
  });

  test("a head is signed again when it is asked for after half its ttl, and not before", async () => {
    const first = await headOf(sandbox);
    now = (first.iat + 300) * 1000;
    expect((await headOf(sandbox)).text).toBe(first.text);
    now += 1000;
    const second = await headOf(sandbox);
    expect([second.n, second.iat]).toEqual([first.n + 1, first.iat + 301]);
  });

  test("keys and manifests are signed again in the middle of their lives, each as a version of its own", async () => {
    const before = await headOf(sandbox);
    now += 31 * day;
    const after = await headOf(sandbox);
    for (const [position, doc] of after.docs.entries()) {
      expect(doc.ver).toBeGreaterThan(before.docs[position]?.ver ?? 0);
    }
    expect(Number(payloadOf((await get("keys")).text)["exp"])).toBeGreaterThan(now / 1000 + 30 * 86_400);
  });

  test("a compromised key is named as such in the next keys document", async () => {
    expect(sandbox.cloud.setKeyState("32771", "compromised")).toBe(true);
    const keys = payloadOf((await get("keys")).text)["keys"];
    expect(keys).toContainEqual(expect.objectContaining({ kid: "32771", st: "compromised" }));
    expect(sandbox.cloud.setKeyState("1", "retired")).toBe(false);
  });

  test("keys, passes and versions survive a restart", async () => {
    const before = await headOf(sandbox);
    const { secretKey, tenantId, rootSha256 } = sandbox.cloud;
    await sandbox.restart();
    expect(sandbox.cloud).toMatchObject({ secretKey, tenantId, rootSha256 });
    expect((await headOf(sandbox)).text).toBe(before.text);
  });

  test("one tenant's documents are not another's", async () => {
    const other = sandbox.cloud.createTenant().secretKey;
    const mine = (await get("keys")).text;
    const theirs = await sandbox.ask("GET", "/v1/nfc/trust/keys", { bearer: other });
    expect(payloadOf(theirs.text)["iss"]).not.toBe(payloadOf(mine)["iss"]);
    const manifest = payloadOf((await get("lists/1/manifest")).text)["sh"];
    const hash = Array.isArray(manifest) ? String(manifest[0].z) : "";
    expect((await get(`blobs/${hash}`)).status).toBe(200);
    expect((await sandbox.ask("GET", `/v1/nfc/trust/blobs/${hash}`, { bearer: other })).status).toBe(404);
  });
});

describe("revocation", () => {
  test("a revoked pass is a set bit of the next version, by delta and by manifest", async () => {
    const before = await headOf(sandbox);
    const index = await revokeOne();
    const after = await headOf(sandbox);
    const from = before.lists[0]?.ver ?? 0;
    expect(after.lists[0]?.ver).toBe(from + 1);
    const ladder = await get(`lists/1/deltas?from=${from}`);
    expect(ladder.json).toEqual({ data: [expect.any(String)], has_more: false });
    expect(payloadOf(ladder.textAt("data.0"))).toMatchObject({ from, to: from + 1, ns: 1, root: after.lists[0]?.root });
    // Enough versions for a manifest with the bit in it.
    now += 2 * day;
    await headOf(sandbox);
    const manifest = payloadOf((await get("lists/1/manifest")).text);
    const [shard] = Array.isArray(manifest["sh"]) ? manifest["sh"] : [];
    const blob = await fetch(`${sandbox.cloud.url}/v1/nfc/trust/blobs/${shard.z}`, {
      headers: { Authorization: `Bearer ${sandbox.cloud.secretKey}` },
    });
    const bits = inflateSync(await blob.bytes());
    expect([bits.length, ((bits[index >> 3] ?? 0) >> (index & 7)) & 1]).toEqual([131_072, 1]);
  });

  test("the ladder comes in pages, is empty at its top, and is gone below its foot", async () => {
    await using fresh = await testCloud();
    const { id } = await fresh.merchant.createTemplate({ name: "A", kind: "coupon" });
    for (let count = 0; count < 60; count++) {
      await fresh.merchant.revoke((await fresh.merchant.issuePass({ template_id: id })).id);
    }
    const ask = (from: number): Promise<Reply> => fresh.ask("GET", `/v1/nfc/trust/lists/1/deltas?from=${from}`);
    const first = await ask(1);
    expect([first.at("has_more"), payloadOf(first.textAt("data.49"))["to"], first.at("data.50")]).toEqual([
      true,
      51,
      undefined,
    ]);
    const second = await ask(51);
    expect([second.at("has_more"), payloadOf(second.textAt("data.9"))["to"]]).toEqual([false, 61]);
    expect((await ask(61)).json).toEqual({ data: [], has_more: false });
    expect((await ask(0)).status).toBe(404);
    expect((await fresh.ask("GET", "/v1/nfc/trust/lists/9/deltas?from=1")).status).toBe(404);
    const manifest = (await headOf(fresh)).docs.find((doc) => doc.typ === "status+jws");
    expect(manifest?.ver).toBe(33);
  });

  test.each(["", "?from=-1", "?from=x", "?from=01"])("a ladder asked for with %j is refused", async (query) => {
    expect((await get(`lists/1/deltas${query}`)).status).toBe(400);
  });

  test("the next shard appears when the open ones are full enough, by a delta that only grows", async () => {
    await using small = await testCloud({ shardFullAt: 2 });
    const { id } = await small.merchant.createTemplate({ name: "A", kind: "coupon" });
    for (let count = 0; count < 5; count++) await small.merchant.issuePass({ template_id: id });
    const head = await headOf(small);
    expect(head.lists[0]).toMatchObject({ ver: 3, size: 3 * 2 ** 20 });
    const ladder = await small.ask("GET", "/v1/nfc/trust/lists/1/deltas?from=1");
    expect(payloadOf(ladder.textAt("data.0"))).toMatchObject({ ns: 0, set: "", size: 2 ** 21 });
  });

  test("indices are spread over the shard", async () => {
    const { id } = await sandbox.merchant.createTemplate({ name: "A", kind: "coupon" });
    const indices: number[] = [];
    for (let count = 0; count < 8; count++) {
      const pass = await sandbox.merchant.issuePass({ template_id: id });
      indices.push(Number(payloadOf((await sandbox.merchant.payloads(pass.id)).e1j)["idx"]));
    }
    expect(new Set(indices).size).toBe(8);
    expect(Math.max(...indices) - Math.min(...indices)).toBeGreaterThan(2 ** 16);
  });
});

describe("fetching", () => {
  test.each(["keys", "head", "root", "lists/1/manifest"])("%s answers 304 to who has it", async (path) => {
    const first = await get(path);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toBe(`"${sha256(first.text)}"`);
    const again = await get(path, { "If-None-Match": `"other", W/${etag}` });
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    expect((await get(path, { "If-None-Match": '"other"' })).status).toBe(200);
  });

  test("a blob can be resumed in pieces, and is never compressed on the way", async () => {
    await revokeOne();
    now += 2 * day;
    await headOf(sandbox);
    const manifest = payloadOf((await get("lists/1/manifest")).text)["sh"];
    const hash = Array.isArray(manifest) ? String(manifest[0].z) : "";
    const fetchBlob = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${sandbox.cloud.url}/v1/nfc/trust/blobs/${hash}`, {
        headers: { Authorization: `Bearer ${sandbox.cloud.secretKey}`, "Accept-Encoding": "gzip", ...headers },
      });
    const whole = await fetchBlob({});
    const bytes = Buffer.from(await whole.bytes());
    expect([whole.headers.get("accept-ranges"), whole.headers.get("content-encoding")]).toEqual(["bytes", null]);
    expect(sha256(bytes)).toBe(hash);
    const head = await fetchBlob({ Range: "bytes=0-9" });
    const tail = await fetchBlob({ Range: "bytes=10-", "If-Range": `"${hash}"` });
    expect([head.status, head.headers.get("content-range")]).toEqual([206, `bytes 0-9/${bytes.length}`]);
    expect(Buffer.concat([await head.bytes(), await tail.bytes()])).toEqual(bytes);
    const changed = await fetchBlob({ Range: "bytes=10-", "If-Range": '"other"' });
    expect([changed.status, (await changed.bytes()).length]).toEqual([200, bytes.length]);
    const beyond = await fetchBlob({ Range: `bytes=${bytes.length}-` });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${bytes.length}`]);
  });

  // RFC 9110 section 14.1.2, a body of 10 bytes.
  test.each([
    ["bytes=0-0", { first: 0, last: 0 }],
    ["bytes=9-", { first: 9, last: 9 }],
    ["bytes=5-99", { first: 5, last: 9 }],
    ["bytes=-3", { first: 7, last: 9 }],
    ["bytes=-99", { first: 0, last: 9 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-4", null],
    ["bytes=0-1,3-4", null],
    ["lines=0-1", null],
    ["bytes=-", null],
    [undefined, null],
  ])("range %s of 10 bytes is %j", (header, expected) => {
    expect(byteRange(header, 10)).toEqual(expected);
  });
});
