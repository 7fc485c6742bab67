import { describe, expect, test } from "vitest";
import { reply } from "../../fixtures/wallet/index.ts";
import { playCard } from "../../fixtures/wallet/script.ts";
import { frameMessage, parseMessages, type VpcdMessage } from "../../fixtures/wallet/vpcd.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

test.each<readonly [string, string, readonly VpcdMessage[]]>([
  ["power off", "0001 00", [{ kind: "power_off" }]],
  ["power on", "0001 01", [{ kind: "power_on" }]],
  ["reset", "0001 02", [{ kind: "reset" }]],
  ["the answer to reset is asked for", "0001 04", [{ kind: "get_atr" }]],
  ["a command", "0004 00A40400", [{ kind: "command", bytes: bytes("00A40400") }]],
  ["an unknown control byte", "0001 7F", [{ kind: "unknown" }]],
  ["an empty message", "0000", [{ kind: "unknown" }]],
  ["two messages in one piece", "0001 01 0002 00B0", [{ kind: "power_on" }, { kind: "command", bytes: bytes("00B0") }]],
])("%s", (_, wire, messages) => {
  expect(parseMessages(bytes(wire))).toEqual({ messages, rest: new Uint8Array() });
});

test("every cut of the wire gives the same messages", () => {
  const wire = bytes("0001 01 0001 04 0004 00A40400 0000 0002 00B0");
  const whole = parseMessages(wire).messages;
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const first = parseMessages(wire.subarray(0, cut));
    const second = parseMessages(Uint8Array.of(...first.rest, ...wire.subarray(cut)));
    expect([...first.messages, ...second.messages]).toEqual(whole);
    expect(second.rest).toHaveLength(0);
  }
});

test("what is said is one length and one body", () => {
  expect(frameMessage(bytes("9000"))).toEqual(Buffer.from("00029000", "hex"));
  expect(frameMessage(new Uint8Array(65_530)).subarray(0, 2)).toEqual(Buffer.from("fffa", "hex"));
});

describe("a scripted card", () => {
  const select = bytes("00A4040007D276000085010100");
  const ok = reply(0x9000);

  test("leaves instead of answering once it has answered as often as it was told", () => {
    const card = playCard({ kind: "type4", ndef: new Uint8Array(), removeAfter: 2 });
    expect([card.reply(select), card.reply(select), card.reply(select)]).toEqual([ok, ok, { kind: "leave" }]);
  });

  test("says what it is told to at one command, and goes on as if it had not", () => {
    const card = playCard({ kind: "type4", ndef: new Uint8Array(), overrides: { 0: reply(0x6f00) } });
    expect(card.reply(select)).toEqual(reply(0x6f00));
    expect(card.reply(bytes("00A4000C02E103"))).toEqual(ok);
  });

  test("forgets its selection when it loses power", () => {
    const card = playCard({ kind: "type4", ndef: new Uint8Array() });
    card.reply(select);
    card.reset();
    expect(card.reply(bytes("00A4000C02E103"))).toEqual(reply(0x6985));
  });

  test("knows no command but those of a Type 4 tag", () => {
    const card = playCard({ kind: "type4", ndef: new Uint8Array() });
    expect(card.reply(bytes("00D6000001FF"))).toEqual(reply(0x6d00));
    expect(card.reply(bytes("00A4040002AAAA00"))).toEqual(reply(0x6a82));
    expect(card.reply(bytes("00B0000010"))).toEqual(reply(0x6986));
  });
});
