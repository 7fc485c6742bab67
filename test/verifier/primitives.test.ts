import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { importJWK } from "jose";
import { expect, test } from "vitest";
import { nodePrimitives } from "../../agent/primitives.ts";
import { signBytes } from "../../fixtures/issuer/index.ts";
import { browserPrimitives } from "../../verifier/browser.ts";
import { ascii, keys, known } from "./world.ts";

const both = [
  ["node", nodePrimitives()],
  ["browser", browserPrimitives()],
] as const;

test.each(both)("%s: the published vectors of SHA-256 and HMAC come out", async (_, primitives) => {
  const hex = async (bytes: Uint8Array | Promise<Uint8Array>) => Buffer.from(await bytes).toString("hex");
  // FIPS 180-4 example, RFC 2202 case 2, RFC 4231 case 2.
  expect(await hex(primitives.sha256(ascii("abc")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  const [jefe, what] = [ascii("Jefe"), ascii("what do ya want for nothing?")];
  expect(await hex(primitives.hmacSha1(jefe, what))).toBe("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  expect(await hex(primitives.hmacSha256(jefe, what))).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test.each(both)("%s: a signature verifies with its key and bytes only", async (_, primitives) => {
  for (const signing of [keys.pass, keys.passEs]) {
    const key = await importJWK({ ...signing.publicJwk }, signing.alg);
    if (key instanceof Uint8Array) throw new Error("a public key is no bytes");
    const bytes = ascii("signed");
    const signature = signBytes(bytes, signing);
    const bent = Uint8Array.from(signature);
    bent[40] = known(bent[40]) ^ 1;
    expect(await primitives.verify(key, signing.alg, bytes, signature)).toBe(true);
    expect(await primitives.verify(key, signing.alg, ascii("Signed"), signature)).toBe(false);
    expect(await primitives.verify(key, signing.alg, bytes, bent)).toBe(false);
    expect(await primitives.verify(key, signing.alg, bytes, signature.subarray(1))).toBe(false);
    expect(await primitives.verify(key, signing.alg, bytes, new Uint8Array(64))).toBe(false);
  }
});

const raw = ascii("the same words again and again, ".repeat(40));
const packed = deflateSync(raw);

test.each(both)("%s: one whole zlib stream inflates to exactly its length", async (_, primitives) => {
  expect(Buffer.from(known(await primitives.inflateExact(packed, raw.length)))).toEqual(Buffer.from(raw));
  expect(await primitives.inflateExact(deflateSync(ascii("x")), 1)).toHaveLength(1);
});

test.each([
  ["a byte too long", packed, raw.length - 1],
  ["a byte too short", packed, raw.length + 1],
  ["cut", packed.subarray(0, -1), raw.length],
  ["without its checksum", packed.subarray(0, -4), raw.length],
  ["followed by a byte", Buffer.concat([packed, Uint8Array.of(0)]), raw.length],
  ["followed by itself", Buffer.concat([packed, packed]), raw.length],
  [
    "with a wrong checksum",
    Buffer.concat([packed.subarray(0, -1), Uint8Array.of(known(packed.at(-1)) ^ 1)]),
    raw.length,
  ],
  ["of raw deflate", deflateRawSync(raw), raw.length],
  ["of gzip", gzipSync(raw), raw.length],
  ["that needs a dictionary", deflateSync(raw, { dictionary: ascii("again") }), raw.length],
  ["of nothing", new Uint8Array(0), raw.length],
  ["a bomb", deflateSync(new Uint8Array(8 << 20)), 1000],
])("attack 20, 21: a stream %s is refused by both", async (_, bytes, length) => {
  for (const [, primitives] of both) expect(await primitives.inflateExact(bytes, length)).toBeNull();
});

test("both give the same answer to any damage", async () => {
  const [[, node], [, browser]] = both;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: packed.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bent = Uint8Array.from(packed);
      bent[at] = known(bent[at]) ^ flip;
      const [one, other] = [await node.inflateExact(bent, raw.length), await browser.inflateExact(bent, raw.length)];
      expect(one === null).toBe(other === null);
    }),
    { numRuns: 200 },
  );
});
