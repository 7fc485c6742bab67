import { describe, expect, test } from "vitest";
import { findTlv, itemsMax, parseTlv, type Tlv, writeTlv } from "../../drivers/nfc/cards/tlv.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

/** Objects as `tag=value`, in hex. */
function outline(items: readonly Tlv[]): readonly string[] {
  return items.map(({ tag, value }) => `${tag.toString(16)}=${hexOf(value)}`);
}

function parsed(hex: string): readonly string[] | string {
  const result = parseTlv(bytes(hex));
  return result.ok ? outline(result.items) : result.fault;
}

describe("objects are read", () => {
  test.each<readonly [string, string, readonly string[]]>([
    ["none", "", []],
    ["one with a tag of one byte", "50 02 AABB", ["50=aabb"]],
    ["one with a tag of two bytes", "9F2A 00", ["9f2a="]],
    ["one with a low number in a tag of two bytes", "9F02 01 07", ["9f02=07"]],
    ["one with a tag of three bytes", "DF8129 01 07", ["df8129=07"]],
    ["several, unknown ones too", "50 01 01 DF62 01 02 C9 00", ["50=01", "df62=02", "c9="]],
    ["twice the same", "61 00 61 00", ["61=", "61="]],
    ["a length in a longer form than needed", "50 81 02 AABB 51 82 0001 CC", ["50=aabb", "51=cc"]],
    ["with 00 between and after them", "00 50 01 01 00 00 51 01 02 00", ["50=01", "51=02"]],
    ["a value of 127 bytes", `50 7F ${"AB".repeat(127)}`, [`50=${"ab".repeat(127)}`]],
    ["a value of 128 bytes", `50 81 80 ${"AB".repeat(128)}`, [`50=${"ab".repeat(128)}`]],
    ["a value of 256 bytes", `50 82 0100 ${"AB".repeat(256)}`, [`50=${"ab".repeat(256)}`]],
  ])("%s", (_, hex, expected) => {
    expect(parsed(hex)).toEqual(expected);
  });
});

describe("bytes that are no objects have a fault", () => {
  test.each<readonly [string, string, string]>([
    ["a tag alone", "50", "truncated"],
    ["half a tag", "9F", "truncated"],
    ["a tag of four bytes", "DF818129 00", "bad_tag"],
    ["a value that is too short", "50 03 AABB", "truncated"],
    ["the second of two too short", "50 00 51 01", "truncated"],
    ["an indefinite length", "70 80 50 01 01 0000", "bad_length"],
    ["a length of three bytes", "50 83 000001 AA", "bad_length"],
    ["a reserved length", "50 FF", "bad_length"],
    ["half a length", "50 81", "truncated"],
    ["half a length of two bytes", "50 82 00", "truncated"],
    ["a length of 65,535 with nothing behind it", "50 82 FFFF", "truncated"],
    ["too many of them", "50 00".repeat(itemsMax + 1), "too_many_items"],
    ["more than 64 KiB", "00".repeat(65_537), "too_long"],
  ])("%s", (_, hex, fault) => {
    expect(parsed(hex)).toBe(fault);
  });

  test("an inner object that goes beyond its outer one, though not beyond the bytes", () => {
    const result = parseTlv(bytes("70 04 9F27 05 AA 50 04 01020304"));
    if (!result.ok) throw new Error(result.fault);
    expect(outline(result.items)).toEqual(["70=9f2705aa", "50=01020304"]);
    expect(result.items[0]?.children()).toEqual({ ok: false, fault: "truncated" });
    expect(result.items[1]?.children()).toEqual({ ok: false, fault: "primitive" });
    expect(findTlv(result.items, 0x70, 0x9f27)).toBeNull();
  });

  test("every cut of a good answer is whole objects or truncated", () => {
    const whole = bytes("6F 0B 50 02 AABB A5 05 BF0C 02 6100");
    for (let cut = 1; cut < whole.length; cut += 1) {
      expect(parseTlv(whole.subarray(0, cut))).toEqual({ ok: false, fault: "truncated" });
    }
  });
});

test("an object is found along its path, the first of its tag", () => {
  const result = parseTlv(bytes("6F 10 A5 0E BF0C 0B 61 02 50 00 61 05 50 03 010203"));
  const items = result.ok ? result.items : [];
  expect(findTlv(items, 0x6f, 0xa5, 0xbf0c, 0x61, 0x50)?.value).toHaveLength(0);
  expect(findTlv(items, 0x6f, 0xa5, 0xbf0c, 0x4f)).toBeNull();
  expect(findTlv(items, 0x50)).toBeNull();
});

test.each<readonly [number, number, string]>([
  [0x50, 0, "5000"],
  [0x9f27, 1, "9f2701"],
  [0xdf8129, 2, "df812902"],
  [0x70, 0x7f, "707f"],
  [0x70, 0x80, "708180"],
  [0x70, 0xff, "7081ff"],
  [0x70, 0x100, "70820100"],
  [0x70, 0xffff, "7082ffff"],
])("an object is written with the shortest length: %s of %i bytes", (tag, length, head) => {
  const value = new Uint8Array(length).fill(7);
  const written = writeTlv(tag, value);
  expect(hexOf(written.subarray(0, written.length - length))).toBe(head);
  const again = parseTlv(length > 0xfff0 ? written.subarray(0, 0) : written);
  expect(again.ok).toBe(true);
  if (length <= 0xfff0) expect(again.ok && outline(again.items)).toEqual([`${tag.toString(16)}=${hexOf(value)}`]);
});

test("no object holds more than 65,535 bytes", () => {
  expect(() => writeTlv(0x70, new Uint8Array(0x10000))).toThrow(RangeError);
});
