import { expect, test } from "vitest";
import { encodeBase45 } from "../../fixtures/issuer/index.ts";
import { decodeBase45 } from "../../verifier/base45.ts";
import { ascii } from "./world.ts";

// RFC 9285 sections 4.3 and 4.4.
const vectors = [
  ["AB", "BB8"],
  ["Hello!!", "%69 VD92EX0"],
  ["base-45", "UJCLQE7W581"],
  ["ietf!", "QED8WEX0"],
  ["", ""],
] as const;

test.each(vectors)("RFC 9285: %j is spelled %j", (text, spelled) => {
  expect(decodeBase45(spelled)).toEqual(ascii(text));
});

test.each([
  ["a group of three above 65535", "GGW"],
  ["the largest group of three", ":::"],
  ["a group of two above 255", "BB8:5"],
  ["lower case", "bb8"],
  ["a rest of one character", "BB8B"],
  ["a foreign character in the first place", "#00"],
  ["a foreign character in the second place", "0#0"],
  ["a foreign character in the third place", "00#"],
  ["a foreign character in the first of a rest of two", "#0"],
  ["a foreign character in the second of a rest of two", "0#"],
  ["a character beyond ASCII", "BBé"],
  ["a line end", "BB8\n"],
])("attack 13: base45 refuses %s", (_, text) => {
  expect(decodeBase45(text)).toBeNull();
});

test("a space is a digit: trimming one changes or breaks the bytes", () => {
  const spelled = encodeBase45(Uint8Array.of(0, 36));
  expect(spelled.endsWith(" ")).toBe(false);
  const withSpace = Array.from({ length: 65_536 }, (_, i) => Uint8Array.of(i >> 8, i & 255)).find((bytes) =>
    encodeBase45(bytes).endsWith(" "),
  );
  // 36 * 2025 is above 65535, so a whole group never ends in a space; only a rest of two can.
  expect(withSpace).toBeUndefined();
  expect(decodeBase45("A ")).toBeNull();
  expect(decodeBase45(" A")).toBeNull();
  expect(decodeBase45(" 0")).toEqual(Uint8Array.of(36));
});

test("every pair of bytes has exactly one accepted spelling", () => {
  let accepted = 0;
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  for (const a of alphabet) for (const b of alphabet) for (const c of alphabet) if (decodeBase45(a + b + c)) accepted++;
  expect(accepted).toBe(65_536);
});
