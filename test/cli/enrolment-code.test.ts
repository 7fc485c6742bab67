import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readEnrolmentCode } from "../../agent/cli/enrolment-code.ts";

const root = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const typed = (code: string) => ({ ok: true, code, url: null, rootPin: null });

describe("a typed code is read with all that people do to it", () => {
  test.each([
    ["as shown", "7K2M-9QXA-4TRB", "7K2M-9QXA-4TRB"],
    ["lower case", "7k2m-9qxa-4trb", "7K2M-9QXA-4TRB"],
    ["without hyphens", "7K2M9QXA4TRB", "7K2M-9QXA-4TRB"],
    ["with spaces around and between", "  7K2M 9QXA 4TRB\r\n", "7K2M-9QXA-4TRB"],
    ["hyphens elsewhere", "7K-2M9Q-XA4TRB", "7K2M-9QXA-4TRB"],
    ["I and L for 1, O for 0", "iIlL-oO00-1111", "1111-0000-1111"],
  ])("%s", (_, written, code) => {
    expect(readEnrolmentCode(written)).toEqual(typed(code));
  });
});

test("the QR form gives code, address and root", () => {
  expect(readEnrolmentCode(`QPE1:https://cloud.example/#7k2m-9qxa-4trb.${root}`)).toEqual({
    ok: true,
    code: "7K2M-9QXA-4TRB",
    url: "https://cloud.example",
    rootPin: root,
  });
});

describe("a bad code is told what is wrong with it", () => {
  test.each([
    ["a letter that Crockford leaves out", "7K2M-9QXU-4TRB", 'cannot hold "U", its character number 9'],
    ["punctuation", "7K2M_9QXA_4TRB", 'cannot hold "_", its character number 5'],
    ["a letter of another script", "7К2M-9QXA-4TRB", 'cannot hold "К" (U+041A), its character number 2'],
    ["a dotless i, whose capital is an I", "7ı2M-9QXA-4TRB", 'cannot hold "ı" (U+0131), its character number 2'],
    ["a character nobody sees", "7K2M\u200b9QXA-4TRB", "cannot hold U+200B, its character number 5"],
    ["an emoji", "7K2M-😀", 'cannot hold "😀" (U+1F600), its character number 6'],
    ["too short", "7K2M-9QXA-4TR", "has 11 letters and digits; a code has 12, such as 7K2M-9QXA-4TRB"],
    ["too long", "7K2M-9QXA-4TRBZ", "has 13 letters and digits; a code has 12, such as 7K2M-9QXA-4TRB"],
    ["nothing", "", "has 0 letters and digits; a code has 12, such as 7K2M-9QXA-4TRB"],
    ["a megabyte", "7".repeat(1_000_000), "is longer than 1024 characters"],
    [
      "a QR text of a later form",
      `QPE2:https://cloud.example#7K2M-9QXA-4TRB.${root}`,
      "does not have the form QPE1:<address>#<code>.<root>; scan the whole QR code",
    ],
    [
      "a QR text without its root",
      "QPE1:https://cloud.example#7K2M-9QXA-4TRB",
      "does not have the form QPE1:<address>#<code>.<root>; scan the whole QR code",
    ],
    [
      "a QR text with a cut root",
      `QPE1:https://cloud.example#7K2M-9QXA-4TRB.${root.slice(1)}`,
      "ends with a root that is not 43 base64url characters; scan the whole QR code",
    ],
    [
      "a QR text with another sort of address",
      `QPE1:file:///etc/passwd#7K2M-9QXA-4TRB.${root}`,
      'holds "file:///etc/passwd", which is no https: address',
    ],
    [
      "a QR text with a bad code",
      `QPE1:https://cloud.example#7K2M-9QXA-4TR!.${root}`,
      'cannot hold "!", its character number 14',
    ],
  ])("%s", (_, written, problem) => {
    expect(readEnrolmentCode(written)).toEqual({ ok: false, problem });
  });
});

test("any text is read or refused, and a code that was read reads again to itself", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(..."0123456789ABCDEFGHJKMNPQRSTVWXYZilou- "), minLength: 12, maxLength: 16 }),
    fc.string({ maxLength: 60 }).map((rest) => `QPE1:${rest}`),
  );
  fc.assert(
    fc.property(text, (written) => {
      const reading = readEnrolmentCode(written);
      if (reading.ok) expect(readEnrolmentCode(reading.code)).toEqual(typed(reading.code));
      else expect(reading.problem).not.toBe("");
    }),
    { numRuns: 1000 },
  );
});
