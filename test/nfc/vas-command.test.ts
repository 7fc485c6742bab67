import { describe, expect, test } from "vitest";
import { encodeCommand } from "../../drivers/nfc/cards/apdu.ts";
import { getVasData } from "../../drivers/nfc/cards/vas/command.ts";
import { signupMistake, VasMistake, type VasSetup, vasOptions } from "../../drivers/nfc/cards/vas/index.ts";
import { merchantIdOf } from "../../drivers/nfc/cards/vas/options.ts";
import { demoKeyNames } from "../../fixtures/wallet/index.ts";
import { latin1, minimalCommand, phone, readAnswers, readFrom } from "./vas-session.ts";
import { bytes, demoPassType, hexOf } from "./vas-vectors.ts";

const allTypes = demoKeyNames.map(demoPassType);
const passkit = demoPassType("passkit");

describe("GET VAS DATA, byte for byte", () => {
  const merchantId = merchantIdOf(passkit.id);
  const merchant = `9f2520${hexOf(merchantId)}`;
  const url = "https://example.com/p";
  const urlObject = `9f2915${hexOf(latin1(url))}`;
  test.each<readonly [string, Omit<VasSetup, "passTypes">, { more?: boolean; url?: boolean }, string]>([
    ["the minimal command", {}, {}, minimalCommand],
    ["more to come", {}, { more: true }, minimalCommand.replace("9f260400800002", "9f260400800082")],
    ["beside a payment", { payment: "vas_and_payment" }, {}, minimalCommand.replace("00800002", "00800001")],
    ["instead of a payment", { payment: "vas_or_payment" }, {}, minimalCommand.replace("00800002", "00800000")],
    ["with authentication", { authentication: true }, {}, minimalCommand.replace("00800002", "00c00002")],
    [
      "everything, in the canonical order",
      { signupUrl: url, filter: bytes("0100000000"), nonce: () => bytes("AABBCCDD") },
      {},
      `80ca0101569f22020100${merchant}9f2604008000029f2804aabbccdd9f2b0501000000009f29${urlObject.slice(4)}00`,
    ],
    ["the sign-up URL only", { signupUrl: url }, { url: true }, `80ca0100249f220201009f260400800002${urlObject}00`],
    [
      "no sign-up URL while more is asked",
      { signupUrl: url },
      { more: true },
      minimalCommand.replace("00800002", "00800082"),
    ],
  ])("%s", (_, setup, { more = false, url: only = false }, expected) => {
    expect(hexOf(encodeCommand(getVasData({ merchantId: only ? null : merchantId, more }, setup)))).toBe(expected);
  });

  test("the largest command is a short one", () => {
    const setup = {
      signupUrl: `https://${"a".repeat(119)}`,
      filter: bytes("0100000000"),
      nonce: () => bytes("AABBCCDD"),
    };
    expect(vasOptions({ passTypes: [passkit], ...setup }).signupUrl).toHaveLength(127);
    expect(getVasData({ merchantId, more: false }, setup).data).toHaveLength(192);
  });
});

describe("a setup is refused", () => {
  test.each<readonly [string, VasSetup, string]>([
    ["without a pass type", { passTypes: [] }, "no_pass_type"],
    [
      "with 17 pass types",
      { passTypes: Array.from({ length: 17 }, (_, index) => ({ ...passkit, id: `pass.${index}` })) },
      "too_many_pass_types",
    ],
    ["with a pass type that starts otherwise", { passTypes: [{ ...passkit, id: "com.example" }] }, "bad_pass_type"],
    ["with a pass type beyond ASCII", { passTypes: [{ ...passkit, id: "pass.com.exämple" }] }, "bad_pass_type"],
    [
      "with a pass type of 129 characters",
      { passTypes: [{ ...passkit, id: `pass.${"a".repeat(123)}` }] },
      "bad_pass_type",
    ],
    ["with a pass type twice", { passTypes: [passkit, passkit] }, "doubled_pass_type"],
    ["without a key", { passTypes: [{ ...passkit, keys: [] }] }, "no_key"],
    [
      "with 17 keys",
      { passTypes: [{ ...passkit, keys: Array.from({ length: 17 }, () => passkit.keys).flat() }] },
      "too_many_keys",
    ],
    ["with an http URL", { passTypes: [passkit], signupUrl: "http://example.com" }, "bad_signup_url"],
    ["for sign-up without a URL", { passTypes: [], mode: "url" }, "no_signup_url"],
    ["with a filter of 4 bytes", { passTypes: [passkit], filter: bytes("01000000") }, "bad_filter"],
    ["with a filter of another kind", { passTypes: [passkit], filter: bytes("0200000000") }, "bad_filter"],
  ])("%s", (_, setup, code) => {
    expect(() => vasOptions(setup)).toThrowError(expect.objectContaining({ name: VasMistake.name, code }));
  });
});

describe("the sign-up URL", () => {
  const signupUrl = "https://example.com/join";

  test("alone is offered in one command that asks for nothing", async () => {
    const link = phone({});
    const { reading } = await readFrom(link, vasOptions({ passTypes: [], mode: "url", signupUrl }));
    expect(reading).toMatchObject({ outcome: "none" });
    expect(link.told).toHaveLength(2);
    expect(link.end()).toEqual([`sign up ${signupUrl}`]);
  });

  test.each<readonly [string, object]>([
    ["6287", { outcome: "user", guidance: "unlock_phone" }],
    ["6A83", { outcome: "none" }],
    ["6340", { outcome: "fault", code: "unsupported_version" }],
  ])("alone and answered with %s", async (statusWord, expected) => {
    const options = vasOptions({ passTypes: [], mode: "url", signupUrl });
    expect(await readAnswers(options, statusWord)).toMatchObject(expected);
  });

  test("is offered to a phone without any of the passes, once", async () => {
    const link = phone({});
    expect((await readFrom(link, vasOptions({ passTypes: allTypes, signupUrl }))).reading.outcome).toBe("none");
    expect(link.end()).toEqual([`sign up ${signupUrl}`]);
  });

  test.each<readonly [string, string | null]>([
    ["https://example.com/join?id=1#x", null],
    [`https://${"a".repeat(119)}`, null],
    [`https://${"a".repeat(120)}`, "is longer than 127 characters"],
    ["", "holds a character outside printable ASCII"],
    ["https://exämple.com", "holds a character outside printable ASCII"],
    ["https://example.com/a b", "holds a character outside printable ASCII"],
    ["https://example.com/\n", "holds a character outside printable ASCII"],
    ["example.com/join", "is no URL"],
    ["https://", "is no URL"],
    ["https:example.com", "does not start with https://"],
    ["http://example.com", "does not start with https://"],
    ["javascript:alert(1)", "does not start with https://"],
    ["https://me@example.com", "carries a user or a password"],
    ["https://:x@example.com", "carries a user or a password"],
  ])("%j", (url, mistake) => {
    expect(signupMistake(url)).toBe(mistake);
  });
});
