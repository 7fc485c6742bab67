import { describe, expect, test } from "vitest";
import { CardFault, type CardLink, encodeCommand, sendCommand } from "../../drivers/nfc/cards/apdu.ts";
import type { TagReading } from "../../drivers/nfc/cards/tag.ts";
import { readType4 } from "../../drivers/nfc/cards/type4.ts";
import { cardFamily } from "../../drivers/nfc/family.ts";
import { probeCard } from "../../drivers/nfc/probe.ts";
import { type CardScript, playCard, type Type4Script } from "../../fixtures/wallet/index.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (raw: Uint8Array) => Buffer.from(raw).toString("hex");
const hello = bytes("D1010C5402656E48454C4C4F2D313233");
const pattern = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff);

/** A virtual card without a reader in between, and what was said. */
function cardLink(script: CardScript): CardLink & { readonly said: string[] } {
  const card = playCard(script);
  const said: string[] = [];
  return {
    said,
    exchange: async (command) => {
      const answer = card.reply(command);
      const reply = answer.kind === "bytes" ? answer.bytes : new Uint8Array();
      said.push(`${hexOf(command)} ${hexOf(reply)}`);
      return reply;
    },
  };
}

/** A card that knows these commands and no other. */
function talk(lines: Readonly<Record<string, string>>): CardLink {
  return {
    exchange: async (command) => {
      const reply = lines[hexOf(command)];
      if (reply === undefined) throw new Error(`the card was not told ${hexOf(command)}`);
      return bytes(reply);
    },
  };
}

const tag = (script: Partial<Type4Script> = {}): Type4Script => ({ kind: "type4", ndef: hello, ...script });
const probe = (link: CardLink, atr: string) =>
  probeCard(
    link,
    bytes(atr),
    { order: ["ndef"], wallet: { apple: null, google: null, notice: () => {} }, hce: null },
    () => {},
  );
const read = (script: Partial<Type4Script>) => readType4(cardLink(tag(script)));

test("the dialogue of the specification, byte for byte", async () => {
  const link = cardLink(tag({ container: bytes("000F20003B00340406E10400320000") }));
  expect(await readType4(link)).toEqual({ outcome: "message", message: hello });
  expect(link.said).toEqual([
    "00a4040007d276000085010100 9000",
    "00a4000c02e103 9000",
    "00b000000f 000f20003b00340406e104003200009000",
    "00a4000c02e104 9000",
    "00b0000002 00109000",
    "00b0000210 d1010c5402656e48454c4c4f2d3132339000",
  ]);
});

describe("a message is read whole", () => {
  test.each<readonly [string, Partial<Type4Script>]>([
    ["mapping version 1, which has a name of its own", { mapping: 1 }],
    ["mapping version 3 with its extended file", { mapping: 3 }],
    ["replies of 15 bytes at most", { maxReplyBytes: 15, ndef: pattern(500) }],
    ["a limit below 15 is taken for 15", { maxReplyBytes: 3, ndef: pattern(100) }],
    ["a limit above 255 is taken for 255", { maxReplyBytes: 0xffff, ndef: pattern(1_000) }],
    ["replies shorter than asked", { shortReadBytes: 7, ndef: pattern(100) }],
    ["replies of one byte", { shortReadBytes: 1, ndef: pattern(40) }],
    ["a phone that selects files with P2 = 00 only", { selectFileP2: 0x00 }],
    ["replies to be fetched (61xx)", { replyMode: "get_response", ndef: pattern(600) }],
    [
      "replies that want their exact length (6Cxx)",
      {
        replyMode: "wrong_length",
        ndef: pattern(600),
        container: bytes("000F2000FF00340406E10400FF0000".replace("00FF0000", "03FF0000")),
      },
    ],
    ["a phone that refuses long reads (6700)", { refuseLeAbove: 16, ndef: pattern(300) }],
    ["a message of 30 KiB", { ndef: pattern(30_000) }],
    ["a message beyond 32 KiB, by data object", { mapping: 3, ndef: pattern(40_000) }],
  ])("%s", async (_, script) => {
    expect(await read(script)).toEqual({ outcome: "message", message: script.ndef ?? hello });
  });

  test("a file that says its end came early keeps what came with it", async () => {
    const link = talk({
      "00a4040007d276000085010100": "9000",
      "00a4000c02e103": "9000",
      "00b000000f": "000F2000FF00340406E104003200009000",
      "00a4000c02e104": "9000",
      "00b0000002": "00046282",
      "00b0000204": "D00000009000",
    });
    expect(await readType4(link)).toEqual({ outcome: "message", message: bytes("D0000000") });
  });
});

const container = (parts: { head?: string; limits?: string; control?: string; rest?: string }) =>
  bytes(
    `${parts.head ?? "000F20"}${parts.limits ?? "00FF0034"}${parts.control ?? "0406E104"}${parts.rest ?? "00320000"}`,
  );

describe("what cannot be read has a reason", () => {
  test.each<readonly [string, Partial<Type4Script>, string]>([
    ["no NDEF application", { ndef: null }, "absent"],
    ["an empty tag", { ndef: new Uint8Array() }, "empty"],
    ["an empty tag with an extended file", { mapping: 3, ndef: new Uint8Array() }, "empty"],
    ["a container that is too short", { container: container({}).subarray(0, 14) }, "bad_container"],
    ["a container of no bytes", { container: new Uint8Array() }, "bad_container"],
    [
      "a container that says it is shorter than it can be",
      { container: container({ head: "000E20" }) },
      "bad_container",
    ],
    ["a container of reserved length", { container: container({ head: "FFFF20" }) }, "bad_container"],
    ["mapping version 4", { container: container({ head: "000F40" }) }, "unsupported_version"],
    ["mapping version 0", { container: container({ head: "000F00" }) }, "unsupported_version"],
    ["a proprietary file first", { container: container({ control: "0506E104" }) }, "bad_container"],
    ["a file control of the wrong length", { container: container({ control: "0407E104" }) }, "bad_container"],
    [
      "an extended file in mapping version 2",
      { container: container({ head: "001120", control: "0608E104" }) },
      "bad_container",
    ],
    ["a reserved file id", { container: container({ control: "0406E103" }) }, "bad_container"],
    ["the file id 0000", { container: container({ control: "04060000" }) }, "bad_container"],
    ["a file id that is not there", { container: container({ control: "0406AAAA" }) }, "bad_container"],
    ["a file too small for any message", { container: container({ rest: "00040000" }) }, "bad_container"],
    ["a file that needs a key", { container: container({ rest: "00328000" }) }, "protected"],
    ["a message longer than its file", { file: bytes("0031D00000"), container: container({}) }, "bad_length"],
    [
      "a message of 65,535 bytes in a file of 50",
      { file: bytes("FFFFD00000"), container: container({}) },
      "bad_length",
    ],
    ["a file that ends before its message", { file: bytes("0010D00000"), container: container({}) }, "bad_length"],
    ["a file without its length field", { file: bytes("00"), container: container({}) }, "bad_length"],
    ["a message of 4 GiB", { mapping: 3, file: bytes("FFFFFFFFD00000") }, "bad_length"],
    [
      "a message of 4 GiB in a file that says it has room",
      { mapping: 3, file: bytes("FFFFFFF0D00000"), container: bytes("0011 30 00FF 0034 06 08 E104 FFFFFFFF 00 00") },
      "too_long",
    ],
    [
      "a message beyond 32 KiB in mapping version 2",
      { ndef: pattern(40_000), container: container({ rest: "FFFE0000" }) },
      "bad_length",
    ],
    ["a card that refuses every length (6700)", { refuseLeAbove: 1 }, "bad_status"],
  ])("%s", async (_, script, expected) => {
    const reading: TagReading = await read(script);
    expect(reading.outcome === "refused" ? reading.reason : reading.outcome).toBe(expected);
  });
});

describe("a link that fails is a fault, not a reading", () => {
  test.each<readonly [string, CardScript, string]>([
    ["no bytes", { kind: "raw", answer: { kind: "bytes", bytes: new Uint8Array() } }, "gone"],
    ["one byte", { kind: "raw", answer: { kind: "bytes", bytes: bytes("90") } }, "gone"],
    ["61xx without end", { kind: "raw", answer: { kind: "bytes", bytes: bytes("6100") } }, "nonsense"],
    ["64 KiB", { kind: "raw", answer: { kind: "bytes", bytes: new Uint8Array(65_530) } }, "nonsense"],
    ["259 bytes", { kind: "raw", answer: { kind: "bytes", bytes: new Uint8Array(259) } }, "nonsense"],
  ])("%s", async (_, script, code) => {
    await expect(readType4(cardLink(script))).rejects.toMatchObject({ name: CardFault.name, code });
  });

  test("61xx is followed 32 times at most", async () => {
    const link = cardLink({ kind: "raw", answer: { kind: "bytes", bytes: bytes("416100") } });
    await expect(sendCommand(link, { cla: 0, ins: 0xb0, p1: 0, p2: 0, le: 256 })).rejects.toMatchObject({
      code: "nonsense",
    });
    expect(link.said).toHaveLength(33);
  });

  test("a card that leaves is found gone at each of its commands", async () => {
    for (let index = 0; index < 6; index += 1) {
      await expect(readType4(cardLink(tag({ removeAfter: index })))).rejects.toMatchObject({ code: "gone" });
    }
    await expect(readType4(cardLink(tag({ removeAfter: 6 })))).resolves.toMatchObject({ outcome: "message" });
  });
});

test.each<readonly [string, Parameters<typeof encodeCommand>[0], string]>([
  ["no data, none expected", { cla: 0, ins: 1, p1: 2, p2: 3, le: null }, "00010203"],
  ["no data, 256 bytes expected", { cla: 0, ins: 0xb0, p1: 0, p2: 0, le: 256 }, "00b0000000"],
  ["data, none expected", { cla: 0x80, ins: 0xca, p1: 1, p2: 0, data: bytes("AABB"), le: null }, "80ca010002aabb"],
  ["data and an answer", { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: bytes("AA"), le: 256 }, "00a4040001aa00"],
])("a command with %s", (_, command, expected) => {
  expect(hexOf(encodeCommand(command))).toBe(expected);
});

describe("the family of a card", () => {
  test.each<readonly [string, string, ReturnType<typeof cardFamily>]>([
    ["a phone", "3B80800101", "iso_dep"],
    ["a chip with historical bytes", "3B8A80014A434F5033315632323298", "iso_dep"],
    ["a type B card", "3B8880011122334455667788AA", "iso_dep"],
    ["MIFARE Classic", "3B8F8001804F0CA000000306030001000000006A", "storage"],
    ["NTAG", "3B8F8001804F0CA0000003060300030000000068", "type2"],
    ["FeliCa", "3B8F8001804F0CA00000030611003B0000000042", "storage"],
    ["a chip whose second historical byte is 4F", "3B838001804F0142", "iso_dep"],
    ["another workgroup's mark", "3B8F8001804F0CA000000307030003000000006A", "iso_dep"],
    ["a contact card", "3B6800000073C84012009000", "unknown"],
    ["nothing", "", "unknown"],
    ["one byte", "3B", "unknown"],
  ])("%s", (_, atr, family) => {
    expect(cardFamily(bytes(atr))).toBe(family);
  });
});

describe("a card becomes a presentation", () => {
  test.each<readonly [string, CardScript, object]>([
    [
      "with its records and its bytes",
      tag(),
      { outcome: "payload", protocol: "ndef_t4", bytes: hello, ndef: [{ tnf: "well_known", type: "T" }] },
    ],
    ["without an application", tag({ ndef: null }), { reason: "card_unsupported", protocol: null }],
    ["with an empty tag", tag({ ndef: new Uint8Array() }), { reason: "no_pass", protocol: "ndef_t4" }],
    ["with an empty record", tag({ ndef: bytes("D00000") }), { reason: "no_pass", protocol: "ndef_t4" }],
    ["with a damaged message", tag({ ndef: bytes("D101FF") }), { reason: "card_unsupported", protocol: "ndef_t4" }],
    [
      "with too long a message",
      tag({ mapping: 3, file: bytes("FFFFFFF0"), container: bytes("0011 30 00FF 0034 06 08 E104 FFFFFFFF 00 00") }),
      { reason: "frame_too_long" },
    ],
  ])("%s", async (_, script, expected) => {
    expect(await probe(cardLink(script), "3B80800101")).toMatchObject({ presentation: expected });
  });

  test.each([
    ["MIFARE Classic", "3B8F8001804F0CA000000306030001000000006A"],
    ["FeliCa", "3B8F8001804F0CA00000030611003B0000000042"],
    ["a name of ours by another standard", "3B8F8001804F0CA0000003060B00030000000060"],
  ])("a memory card that is no tag is not asked anything: %s", async (_, atr) => {
    const expected = { presentation: { outcome: "unreadable", reason: "card_unsupported", protocol: null } };
    expect(await probe(talk({}), atr)).toMatchObject(expected);
  });
});
