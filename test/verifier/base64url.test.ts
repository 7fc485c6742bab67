import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64url, decodeHash, encodeBase64url } from "../../verifier/base64url.ts";

test("bytes are spelled as the platform spells them, and read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = encodeBase64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64url"));
      expect(decodeBase64url(text)).toEqual(bytes);
    }),
  );
});

test("a text is accepted if and only if it is the spelling of its bytes", () => {
  const characters = fc.constantFrom(..."ABQZagwz019-_+/= \n.é");
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 12 }), (text) => {
      const canonical = Buffer.from(text, "base64url").toString("base64url") === text;
      expect(decodeBase64url(text) !== null).toBe(canonical);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["padding", "QUI="],
  ["the standard alphabet", "+/+/"],
  ["unused bits that are not zero", "QUJ"],
  ["a rest of one character", "QUJDR"],
  ["white space", "QU JD"],
])("base64url refuses %s", (_, text) => {
  expect(decodeBase64url(text)).toBeNull();
});

test("a hash is 43 characters of text", () => {
  expect(decodeHash("A".repeat(43))).toEqual(new Uint8Array(32));
  for (const wrong of ["A".repeat(42), "A".repeat(44), `${"A".repeat(42)}B`, 43, null])
    expect(decodeHash(wrong)).toBeNull();
});
