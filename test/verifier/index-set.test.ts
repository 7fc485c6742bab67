import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeIndices } from "../../fixtures/issuer/index.ts";
import { decodeIndexSet } from "../../verifier/index-set.ts";

const spell = (...bytes: number[]) => Buffer.from(bytes).toString("base64url");
const most = 2 ** 30;

test("what the issuer spells is read back", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: most - 1 }), { maxLength: 50 }), (values) => {
      const sorted = values.toSorted((a, b) => a - b);
      expect([...(decodeIndexSet(encodeIndices(sorted), sorted.length, most) ?? [])]).toEqual(sorted);
    }),
  );
});

test.each([
  ["the empty set", spell(), 0, []],
  ["zero", spell(0), 1, [0]],
  ["127", spell(0x7f), 1, [127]],
  ["128", spell(0x80, 0x01), 1, [128]],
  ["the highest index, 2^30 - 1", spell(0xff, 0xff, 0xff, 0xff, 0x03), 1, [most - 1]],
  ["neighbours", spell(5, 1, 1), 3, [5, 6, 7]],
])("an index set may hold %s", (_, text, count, indices) => {
  expect([...(decodeIndexSet(text, count, most) ?? [-1])]).toEqual(indices);
});

test.each([
  ["a repeated index", spell(5, 0), 2, most],
  ["a spelling that is too long for zero", spell(0x80, 0x00), 1, most],
  ["a spelling that is too long for 127", spell(0xff, 0x00), 1, most],
  ["six bytes", spell(0x80, 0x80, 0x80, 0x80, 0x80, 0x01), 1, most],
  ["an index of 2^30", spell(0x80, 0x80, 0x80, 0x80, 0x04), 1, most],
  ["an index beyond 32 bits that would wrap to 0", spell(0x80, 0x80, 0x80, 0x80, 0x10), 1, most],
  ["an index equal to the size", spell(10), 1, 10],
  ["a sum beyond the size", spell(9, 1), 2, 10],
  ["more bytes than counted", spell(1, 1), 1, most],
  ["fewer than counted", spell(1), 2, most],
  ["an unfinished number", spell(0x80), 1, most],
  ["a count no text could hold", spell(1), most, most],
  ["padding", `${spell(1, 2)}=`, 2, most],
])("an index set with %s is refused", (_, text, count, size) => {
  expect(decodeIndexSet(text, count, size)).toBeNull();
});
