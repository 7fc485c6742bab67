import { describe, expect, test } from "vitest";
import { CardFault, type CardLink } from "../../drivers/nfc/cards/apdu.ts";
import type { TagReading } from "../../drivers/nfc/cards/tag.ts";
import { readType2 } from "../../drivers/nfc/cards/type2.ts";
import { probeCard } from "../../drivers/nfc/probe.ts";
import { playCard, type Type2Script, type2Chips } from "../../fixtures/wallet/index.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (raw: Uint8Array) => Buffer.from(raw).toString("hex");
const hello = bytes("D1010C5402656E48454C4C4F2D313233");
const pattern = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff);

interface Said {
  readonly link: CardLink;
  readonly commands: readonly string[];
}

function linkTo(script: Partial<Type2Script>): Said {
  const card = playCard({ kind: "type2", ndef: hello, ...script });
  const commands: string[] = [];
  const exchange = async (command: Uint8Array): Promise<Uint8Array> => {
    commands.push(hexOf(command));
    const answer = card.reply(command);
    return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
  };
  return { link: { exchange }, commands };
}

const read = (script: Partial<Type2Script>): Promise<TagReading> => readType2(linkTo(script).link);
/** A tag with this memory from page 3 on. */
const memory = (hex: string, more: Partial<Type2Script> = {}) => read({ memory: bytes(hex), ...more });
/** The last page that was asked for, with all that came along. */
const lastPage = (commands: readonly string[]) =>
  Math.max(...commands.map((command) => Number.parseInt(command.slice(6, 8), 16) + (command.endsWith("10") ? 3 : 0)));

test("the published dump of an NTAG213 is read with two commands, byte for byte", async () => {
  const { link, commands } = linkTo({ memory: bytes("E1101200 0310D101 0C540265 6E48454C 4C4F2D31 3233FE00") });
  expect(await readType2(link)).toEqual({ outcome: "message", message: hello });
  expect(commands).toEqual(["ffb0000310", "ffb0000710"]);
});

describe("a message is read whole", () => {
  const dataBytes = { ntag213: 144, ntag215: 496, ntag216: 872, ultralight: 48 };
  const lastPages = { ntag213: 39, ntag215: 127, ntag216: 221, ultralight: 15 };
  const ways: readonly NonNullable<Type2Script["reads"]>[] = ["whole", "page", "refuse", "length"];
  const rows = type2Chips.flatMap((chip) => ways.map((reads) => ({ chip, reads })));
  test.each(rows)("that fills a $chip to its last byte, with a reader that takes 16 bytes as $reads", async (row) => {
    const room = dataBytes[row.chip];
    const ndef = pattern(room - (room > 256 ? 4 : 2));
    const { link, commands } = linkTo({ ...row, ndef });
    expect(await readType2(link)).toEqual({ outcome: "message", message: ndef });
    // Not one page beyond the data: a tag wraps round there, and some readers hang.
    expect(lastPage(commands)).toBe(lastPages[row.chip]);
  });

  test.each<readonly [string, Partial<Type2Script>]>([
    ["of one byte", { ndef: Uint8Array.of(0xd0) }],
    ["of 254 bytes, the longest with a short length", { chip: "ntag215", ndef: pattern(254) }],
    ["of 255 bytes, the shortest with a long length", { chip: "ntag215", ndef: pattern(255) }],
    ["behind null blocks", { before: bytes("0000 00") }],
    ["behind the lock control of a new NTAG213", { before: bytes("0103A00C34") }],
    ["behind a proprietary block", { before: bytes("FD03AABBCC") }],
    ["behind a block nobody knows", { before: bytes("7702AABB") }],
    ["of a tag that is locked against writing", { memory: bytes("E110120F 0310 D1010C5402656E48454C4C4F2D313233 FE") }],
    ["of version 1.2", { memory: bytes("E1121200 0310 D1010C5402656E48454C4C4F2D313233 FE") }],
    [
      "without a terminator at the end of the data",
      { memory: bytes("E1100300 0310 D1010C5402656E48454C4C4F2D313233") },
    ],
  ])("%s", async (_, script) => {
    const expected = script.ndef ?? hello;
    expect(await read(script)).toEqual({ outcome: "message", message: expected });
  });
});

describe("areas in the middle of the data that are no data are left out", () => {
  const rest = "D1010C5402656E48454C4C4F2D313233";
  // Position 60 with 2^2 bytes a page is address 24.
  test.each([
    ["2 bytes of memory control at address 24", `E1101200 0203600202 0310D1 ${"EEEE"} ${rest.slice(2)}FE`],
    ["16 lock bits at address 24", `E1101200 0103601002 0310D1 ${"EEEE"} ${rest.slice(2)}FE`],
    ["9 lock bits are two bytes", `E1101200 0103600902 0310D1 ${"EEEE"} ${rest.slice(2)}FE`],
    ["before the length of the message", `E1101200 0203600102 0000 03 EE 10 ${rest}FE`],
    ["two of them, one behind the other", `E1101200 0203700202 0203720102 03 10 EEEEEE ${rest}FE`],
  ])("%s", async (_, hex) => {
    expect(await memory(hex)).toEqual({ outcome: "message", message: hello });
  });

  test("256 bytes are announced as 0", async () => {
    const dump = `E1103E00 0203600002 0310D1${"EE".repeat(256)}${rest.slice(2)}FE`;
    expect(await memory(dump, { chip: "ntag215" })).toEqual({ outcome: "message", message: hello });
  });
});

describe("every other tag has its word", () => {
  test.each<readonly [string, string, object]>([
    ["nobody formatted", "00000000", { outcome: "absent" }],
    ["that says it is of version 2", "E1201200 0300FE", { outcome: "refused", reason: "unsupported_version" }],
    ["that is read with a key", "E110128F 0300FE", { outcome: "refused", reason: "protected" }],
    ["without a data area", "E1100000 0300FE", { outcome: "refused", reason: "bad_container" }],
    ["with an empty message", "E1101200 0300FE", { outcome: "empty" }],
    ["with a terminator alone", "E1101200 FE", { outcome: "empty" }],
    ["with null blocks to its end", `E1100200 ${"00".repeat(16)}`, { outcome: "empty" }],
    ["with a message longer than the data", "E1101200 0390D1", { outcome: "refused", reason: "bad_length" }],
    ["with a long length beyond the data", "E1101200 03FFFFFF", { outcome: "refused", reason: "bad_length" }],
    ["that ends inside a length", `E1100200 ${"00".repeat(14)} 03FF`, { outcome: "refused", reason: "bad_length" }],
    ["with a control block of another length", "E1101200 010200", { outcome: "refused", reason: "bad_length" }],
    [
      "with more reserved areas than sense",
      `E1101200 ${"0203F0010F".repeat(17)}`,
      { outcome: "refused", reason: "bad_container" },
    ],
  ])("%s", async (_, hex, expected) => {
    expect(await memory(hex)).toMatchObject(expected);
  });

  test("a message beyond page 255 is too long, and nothing there is asked for", async () => {
    const { link, commands } = linkTo({ chip: "ntag216", memory: bytes("E110FF00 03FF0600") });
    const whole = playCard({ kind: "raw", answer: { kind: "bytes", bytes: bytes(`${"00".repeat(16)}9000`) } });
    let count = 0;
    const answered: CardLink = {
      exchange: async (command) => {
        count += 1;
        if (count === 1) return link.exchange(command);
        const answer = whole.reply(command);
        return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      },
    };
    expect(await readType2(answered)).toMatchObject({ outcome: "refused", reason: "too_long" });
    expect(commands).toEqual(["ffb0000310"]);
    expect(count).toBe(64);
  });

  test.each([
    ["6300 is a tag that left", "6300", "gone"],
    ["no bytes are a tag that left", "", "gone"],
  ])("%s", async (_, reply, code) => {
    const fault = await readType2({ exchange: async () => bytes(reply) }).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(CardFault);
    expect(fault).toMatchObject({ code });
  });

  test.each(["6A81", "6982", "9000", "AABB9000", "6F00"])("%s to a read is refused, with its status", async (reply) => {
    const reading = await readType2({ exchange: async () => bytes(reply) });
    expect(reading).toMatchObject({ outcome: "refused", reason: "bad_status" });
  });
});

test("the presentation of a tag says what tag it was", async () => {
  const options = { order: ["ndef"], wallet: { apple: null, google: null, notice: () => {} }, hce: null } as const;
  const { link } = linkTo({});
  const probing = await probeCard(link, bytes("3B8F8001804F0CA0000003060300030000000068"), options, () => {});
  expect(probing).toMatchObject({ presentation: { outcome: "payload", protocol: "ndef_t2", bytes: hello } });
});

test("a tag is not asked for at a reader that looks for wallets alone", async () => {
  const options = { order: ["wallet"], wallet: { apple: null, google: null, notice: () => {} }, hce: null } as const;
  const { link, commands } = linkTo({});
  const probing = await probeCard(link, bytes("3B8F8001804F0CA0000003060300030000000068"), options, () => {});
  expect(probing).toMatchObject({ presentation: { reason: "card_unsupported" } });
  expect(commands).toEqual([]);
});
