import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText, decodeUri, type NdefFault, parseNdef, recordsMax } from "../../drivers/nfc/ndef.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (raw: Uint8Array) => Buffer.from(raw).toString("hex");

/** One line a record: TNF, type, id, payload in hex. */
function parsed(message: Uint8Array): readonly string[] | NdefFault {
  const result = parseNdef(message);
  if (!result.ok) return result.fault;
  return result.records.map(({ tnf, type, id, payload }) => `${tnf}|${type}|${id}|${hexOf(payload)}`);
}

const long = "41".repeat(300);

describe("a sound message gives its records", () => {
  test.each<readonly [string, string, readonly string[]]>([
    ["Text", "D1 01 0C 54 02656E48454C4C4F2D313233", ["well_known|T||02656e48454c4c4f2d313233"]],
    ["Text without a language, as phones write it", "D1 01 03 54 00 4849", ["well_known|T||004849"]],
    ["URI", "D1 01 05 55 04 612E6465", ["well_known|U||04612e6465"]],
    ["MIME", "D2 03 01 612F62 00", ["mime|a/b||00"]],
    ["absolute URI in the type", "D3 03 00 783A79", ["uri|x:y||"]],
    ["external", "D4 03 02 613A62 0102", ["external|a:b||0102"]],
    ["unknown", "D5 00 01 FF", ["unknown|||ff"]],
    ["the reserved kind is read as unknown, without a type", "D7 01 01 41 FF", ["unknown|||ff"]],
    ["one empty record", "D0 00 00", ["empty|||"]],
    ["an id", "DC 03 01 03 6D646E 6D646E 04", ["external|mdn|mdn|04"]],
    ["an id of no bytes", "DC 01 01 00 61 04", ["external|a||04"]],
    ["a payload of no bytes", "D4 01 00 61", ["external|a||"]],
    ["a long record", `C1 01 0000012C 54 ${long}`, [`well_known|T||${long}`]],
    ["two records", "91 01 01 54 00 51 01 01 55 00", ["well_known|T||00", "well_known|U||00"]],
    ["three chunks", "B1 01 01 54 41 36 00 01 42 56 00 01 43", ["well_known|T||414243"]],
    [
      "a chunked record between others",
      "91 01 00 61 31 01 01 62 41 16 00 01 42 51 01 00 63",
      ["well_known|a||", "well_known|b||4142", "well_known|c||"],
    ],
    ["chunks of which the last is empty", "B2 01 01 61 41 56 00 00", ["mime|a||41"]],
    ["a chunked record of unknown kind", "B5 00 01 41 56 00 01 42", ["unknown|||4142"]],
    ["a chunked record with an id", "BC 01 01 01 61 69 41 56 00 01 42", ["external|a|i|4142"]],
  ])("%s", (_, message, expected) => {
    expect(parsed(bytes(message))).toEqual(expected);
  });
});

describe("a malformed message gives a reason and never a throw", () => {
  test.each<readonly [string, string, NdefFault]>([
    ["no bytes", "", "no_message"],
    ["a header alone", "D1", "truncated"],
    ["a header without its lengths", "D1 01", "truncated"],
    ["a type beyond the end", "D1 05 00 54", "truncated"],
    ["a payload beyond the end", "D1 01 05 54 00", "truncated"],
    ["an id beyond the end", "D9 01 00 05 54", "truncated"],
    ["four length bytes of which one is missing", "C1 01 000000", "truncated"],
    ["a length near 2^32", "C1 01 FFFFFFFF 54 00", "truncated"],
    ["a length near 2^32 after type and id that would wrap it", "C9 FF FFFFFF02 FF 54", "truncated"],
    ["a first record that does not begin", "51 01 00 54", "misplaced_begin"],
    ["a second record that begins again", "91 01 00 54 D1 01 00 54", "misplaced_begin"],
    ["a message that does not end", "91 01 00 54", "no_end"],
    ["bytes after the end", "D1 01 00 54 00", "trailing_bytes"],
    ["an empty record with a type", "D0 01 00 54", "bad_record"],
    ["an empty record with content", "D0 00 01 54", "bad_record"],
    ["an empty record in chunks", "B0 00 00 56 00 00", "bad_record"],
    ["an unknown record with a type", "D5 01 00 54", "bad_record"],
    ["a later chunk without a first", "D6 00 00", "broken_chunk"],
    ["a later chunk with a type", "B1 01 00 54 56 01 00 54", "broken_chunk"],
    ["a later chunk with an id", "B1 01 00 54 5E 00 00 01 54", "broken_chunk"],
    ["a record inside a chunked one", "B1 01 00 54 51 01 00 54", "broken_chunk"],
    ["a message that ends inside a chunked record", "F1 01 00 54", "broken_chunk"],
    ["a message that ends at a middle chunk", "B1 01 00 54 76 00 00", "broken_chunk"],
  ])("%s", (_, message, fault) => {
    expect(parsed(bytes(message))).toBe(fault);
  });

  test("more records than we take", () => {
    const record = (flags: number) => [flags, 0, 0];
    const middle = Array.from({ length: recordsMax - 2 }, () => record(0x15)).flat();
    const full = Uint8Array.of(...record(0x95), ...middle, ...record(0x55));
    expect(parseNdef(full)).toMatchObject({ ok: true });
    expect(parsed(Uint8Array.of(...record(0x95), ...middle, ...record(0x15), ...record(0x55)))).toBe(
      "too_many_records",
    );
  });

  test("more bytes than we take", () => {
    expect(parsed(new Uint8Array(65_537))).toBe("too_long");
  });

  test("every cut of a sound message is malformed", () => {
    const whole = bytes("91 01 03 54 024142 3C 01 01 01 61 69 41 56 00 01 42");
    expect(parseNdef(whole).ok).toBe(true);
    for (let length = 0; length < whole.length; length += 1)
      expect(parseNdef(whole.subarray(0, length)).ok).toBe(false);
  });
});

test("any bytes give records or a reason, and records hold no more bytes than came in", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
      const result = parseNdef(message);
      if (!result.ok) return;
      const held = result.records.reduce(
        (sum, { type, id, payload }) => sum + type.length + id.length + payload.length,
        0,
      );
      expect(held).toBeLessThan(message.length);
    }),
    { numRuns: 2_000 },
  );
});

describe("text", () => {
  test.each<readonly [string, string, { language: string; text: string } | null]>([
    ["UTF-8", "02 656E 48C3A9", { language: "en", text: "Hé" }],
    ["no language", "00 48", { language: "", text: "H" }],
    ["no text", "02 656E", { language: "en", text: "" }],
    ["UTF-16 is big-endian without a mark", "82 656E 0048", { language: "en", text: "H" }],
    ["UTF-16 with a little-endian mark", "80 FFFE 4800", { language: "", text: "H" }],
    ["UTF-16 with a big-endian mark", "80 FEFF 0048", { language: "", text: "H" }],
    ["no status byte", "", null],
    ["the reserved bit", "40", null],
    ["a language beyond the end", "05 656E", null],
    ["broken UTF-8", "00 C3", null],
    ["half a UTF-16 character", "80 00", null],
  ])("%s", (_, payload, expected) => {
    expect(decodeText(bytes(payload))).toEqual(expected);
  });
});

describe("uri", () => {
  test.each<readonly [string, string, string | null]>([
    ["no prefix", "00 613A62", "a:b"],
    ["https", "04 61", "https://a"],
    ["the last prefix", "23 61", "urn:nfc:a"],
    ["a reserved prefix stands for none", "24 61", "a"],
    ["the highest prefix stands for none", "FF 61", "a"],
    ["nothing at all", "", null],
    ["broken UTF-8", "00 FF", null],
  ])("%s", (_, payload, expected) => {
    expect(decodeUri(bytes(payload))).toBe(expected);
  });
});
