import { expect, test } from "vitest";
import { base64Text, qrText, r1Reference, signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { readPayload } from "../../verifier/payload.ts";
import { ascii, keys, pass, passA } from "./world.ts";

const binary = signE1B(pass(), keys.pass);
const quick = qrText(binary);
const text = base64Text(binary);
const compact = signE1J(pass(), keys.pass);
const reference = r1Reference(pass(), new Uint8Array(16).fill(7)).text;
const rotating = qrText(signE1B(pass(), keys.pass, { rotating: true }));

function sorted(payload: Uint8Array | string): string {
  const read = readPayload(typeof payload === "string" ? ascii(payload) : payload);
  switch (read.sort) {
    case "envelope":
      return read.envelope.form;
    case "reference":
      return "r1";
    case "plain":
      return "plain";
    case "refused":
      return read.reason;
  }
}

test.each([
  ["the 100 bytes of an E1-B", binary, "e1b"],
  ["its QR text", quick, "e1b"],
  ["its base64url text", text, "e1b"],
  ["a rotating QR text", `${rotating}/1779185600/01234567`, "e1b"],
  ["an E1-J", compact, "e1j"],
  ["an R1", reference, "r1"],
  ["a plain id", passA, "plain"],
  ["a foreign web address", "https://example.com/", "plain"],
  ["a member number", "4711-0815", "plain"],
  ["text in another script", "入場券 №7", "plain"],
])("%s is recognised", (_, payload, form) => {
  expect(sorted(payload)).toBe(form);
});

test.each([
  ["nothing", "", "unsupported_format"],
  ["binary noise", Uint8Array.of(0x80, 0xff, 0x00), "unsupported_format"],
  ["text that is not UTF-8", Uint8Array.of(0x41, 0xc3, 0x28), "unsupported_format"],
  ["an overlong UTF-8 spelling", Uint8Array.of(0xc0, 0x80), "unsupported_format"],
  ["a control character in text", "hello\u0007", "unsupported_format"],
  ["a terminal escape", "\u001b[31mred", "unsupported_format"],
  ["text turned around", "abc\u202Edcb", "unsupported_format"],
  ["a byte order mark before a pass", `\uFEFF${compact}`, "unsupported_format"],
  ["the first byte of a later version", Uint8Array.of(2, ...binary.subarray(1)), "unsupported_format"],
  ["a few bytes that begin with 1", Uint8Array.of(1, 2, 3), "unsupported_format"],
  ["P2:", `P2:${quick.slice(3)}`, "unsupported_format"],
  ["P9.", `P9.${text.slice(3)}`, "unsupported_format"],
  ["D2", `D2${reference.slice(2)}`, "unsupported_format"],
])("%s is an unsupported format", (_, payload, reason) => {
  expect(sorted(payload)).toBe(reason);
});

test.each([
  ["99 bytes", binary.subarray(0, 99)],
  ["101 bytes", Uint8Array.of(...binary, 0)],
  ["a QR text without its dot", quick.slice(0, -1)],
  ["a QR text in lower case", `P1:${quick.slice(3).toLowerCase()}`],
  ["a QR text with a line end behind it", `${quick}\n`],
  ["a QR text with a space behind it", `${quick} `],
  ["a QR text with a character trimmed off", quick.replace(/^P1:./, "P1:")],
  ["a base64url text with padding", `${text}=`],
  ["a base64url text with unused bits", `${text.slice(0, -1)}${text.endsWith("A") ? "B" : "C"}`],
  ["an R1 cut to 61 characters", reference.slice(0, -1)],
  ["an R1 of 63 characters", `${reference}A`],
  ["a JWS of two segments", compact.split(".").slice(0, 2).join(".")],
  ["a JWS of four segments", `${compact}.AAAA`],
  ["a rotating flag without its part", rotating],
  ["a rotating part without its flag", `${quick}/1779185600/01234567`],
  ["a rotating part in the text form", `${text}/1779185600/01234567`],
  ["a rotating part of seven digits", `${rotating}/1779185600/0123456`],
  ["a rotating pass as bytes", signE1B(pass(), keys.pass, { rotating: true })],
  ["two passes in one scan", `${quick}${quick}`],
  ["more than a QR symbol can hold", "A".repeat(4297)],
])("attack 43, 46: %s is malformed", (_, payload) => {
  expect(sorted(payload)).toBe("malformed");
});

test.each([
  [passA, passA, null],
  [`loyalty:${passA}`, passA, "loyalty"],
  [`gift_card:${passA}`, passA, "gift_card"],
  [`https://example.com/p/${passA}`, passA, null],
  [`https://example.com/p/${passA}?from=mail#top`, passA, null],
  [`http://example.com/p/${passA}`, null, null],
  [`https://example.com/${passA}/${passA}`, null, null],
  [`https://example.com/?p=/${passA}`, null, null],
  [`https://example.com/#/${passA}`, null, null],
  [`https://user@example.com/${passA}`, null, null],
  [`https://example.com\\${passA}/${passA}`, null, null],
  [`concert:${passA}`, null, null],
  [`loyalty: ${passA}`, null, null],
  [`loyalty:${passA.toLowerCase()}`, null, null],
  [passA.toLowerCase(), null, null],
  [`${passA}0`, null, null],
  ["javascript:alert(1)", null, null],
])("attack 42: from %s the pass id %s and the kind %s are read, and nothing is verified", (plain, passId, kind) => {
  expect(readPayload(ascii(plain))).toEqual({ sort: "plain", reference: { passId, kind } });
});
