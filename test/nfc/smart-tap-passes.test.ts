import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type SmartTapSetup, smartTapOptions } from "../../drivers/nfc/cards/smart-tap/index.ts";
import { writeMessage } from "../../drivers/nfc/cards/smart-tap/records.ts";
import { androidServices } from "../../fixtures/wallet/index.ts";
import { merchant, passOf, phone, readFrom, valuesOf } from "./smart-tap-session.ts";
import { demoSetup } from "./smart-tap-vectors.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

const google = demoSetup("google");
const known = merchant("google", passOf("P1.ANDROID"));

describe("hostile passes, properly sealed", () => {
  const given = async (bundle: Uint8Array) => {
    const { reading } = await readFrom(phone({ merchants: [known], bundle }), google);
    return reading;
  };
  const record = (type: string, payload: Uint8Array) => writeMessage([{ type, payload }]);
  const nested = (depth: number): Uint8Array =>
    depth === 0 ? record("ly", bytes("")) : record("asv", nested(depth - 1));
  const many = (count: number, entry: { readonly type: string; readonly payload: Uint8Array }) =>
    writeMessage(Array.from({ length: count }, () => entry));
  const loyalty = (number: Uint8Array) => record("ly", record("n", number));
  const one = { type: "asv", payload: loyalty(bytes("0141")) };

  test.each<readonly [string, Uint8Array, object]>([
    ["that are no NDEF message", bytes("ffff"), { code: "bad_answer" }],
    ["in an entry that is none", record("asv", bytes("d4")), { code: "bad_answer" }],
    ["in an object that is none", record("asv", record("ly", bytes("d4"))), { code: "bad_answer" }],
    ["nested without a purpose", nested(40), { outcome: "none" }],
    ["of unknown kinds", record("asv", record("zz", bytes("00"))), { outcome: "none" }],
    ["outside of an entry", loyalty(bytes("0141")), { outcome: "none" }],
    ["without a value", record("asv", record("ly", record("oid", bytes("0401")))), { outcome: "none" }],
    ["with an empty value", record("asv", loyalty(bytes("01"))), { outcome: "none" }],
    ["with a value without its format", record("asv", loyalty(bytes(""))), { code: "bad_answer" }],
    ["with letters in decimal", record("asv", loyalty(bytes("0512a4"))), { code: "bad_answer" }],
    ["with half a UTF-16 character", record("asv", loyalty(bytes("03d800"))), { code: "bad_answer" }],
    ["sixteen of them", many(16, one), { outcome: "pass" }],
    ["seventeen of them", many(17, one), { code: "bad_answer" }],
    ["in 65 entries", many(65, { type: "asv", payload: record("zz", bytes("")) }), { code: "bad_answer" }],
  ])("%s", async (_, bundle, expected) => {
    expect(await given(bundle)).toMatchObject(expected);
  });

  test.each<readonly [string, string, string]>([
    ["ASCII", "0141", "A"],
    ["no stated form", "0041", "A"],
    ["UTF-8", "02c3a9", "é"],
    ["UTF-16", "0300e9", "é"],
    ["UTF-16 with a mark", "03fffee900", "é"],
    ["binary", "0441", "A"],
    ["decimal", "051234", "1234"],
    ["odd decimal", "05123f", "123"],
    ["an unknown form", "7741", "A"],
  ])("a value in %s", async (_, number, value) => {
    expect(valuesOf(await given(record("asv", loyalty(bytes(number)))))).toEqual([value]);
  });

  test("a value longer than any pass is refused", async () => {
    const long = (length: number) => record("asv", loyalty(Buffer.concat([bytes("01"), Buffer.alloc(length, 0x41)])));
    const compressed = async (length: number) => {
      const link = phone({ merchants: [known], bundle: long(length), compress: true });
      return (await readFrom(link, google)).reading;
    };
    expect(await compressed(65_000)).toMatchObject({ outcome: "pass" });
    expect(await compressed(65_537)).toMatchObject({ outcome: "fault", code: "bad_answer" });
  });
});

describe("a setup", () => {
  const [key] = google.keys;
  const keys = key === undefined ? [] : [key];
  test.each<readonly [string, Partial<SmartTapSetup>]>([
    ["bad_collector", { collectorId: "" }],
    ["bad_collector", { collectorId: "0133EE80" }],
    ["bad_collector", { collectorId: "1".repeat(21) }],
    ["no_key", { keys: [] }],
    ["too_many_keys", { keys: [1, 2, 3, 4, 5].flatMap((version) => keys.map((one) => ({ ...one, version }))) }],
    ["bad_key_version", { keys: keys.map((one) => ({ ...one, version: -1 })) }],
    ["bad_key_version", { keys: keys.map((one) => ({ ...one, version: 2 ** 32 })) }],
    ["bad_key_version", { keys: keys.map((one) => ({ ...one, version: 1.5 })) }],
    ["doubled_key_version", { keys: [...keys, ...keys] }],
    ["not_p256", { keys: keys.map((one) => ({ ...one, key: createPublicKey(one.key) })) }],
    ["not_p256", { keys: [{ version: 1, key: generateKeyPairSync("ed25519").privateKey }] }],
    ["no_service", { services: [] }],
    ["too_many_services", { services: [...androidServices] }],
    ["doubled_service", { services: ["event", "event"] }],
  ])("is refused: %s", (code, wrong) => {
    expect(() => smartTapOptions({ ...google, ...wrong })).toThrowError(expect.objectContaining({ code }));
  });

  test.each<readonly [string, string]>([
    ["20180608", "0133ee80"],
    ["1", "00000001"],
    ["4294967295", "ffffffff"],
    ["4294967296", "00000000"],
    ["18446744073709551615", "ffffffff"],
  ])("sends collector %s as its last four bytes, %s", (collectorId, sent) => {
    expect(hexOf(smartTapOptions({ ...google, collectorId }).collector)).toBe(sent);
  });

  test.each<readonly [string, Partial<SmartTapSetup>]>([
    ["4000000001", {}],
    ["0000000001", { compression: false }],
    ["4100000004", { traits: ["standalone"], tapMode: "pass_and_payment" }],
    [
      "7e00000008",
      {
        traits: ["semi_integrated", "unattended", "online", "offline", "mobile_marketing"],
        tapMode: "pass_over_payment",
      },
    ],
  ])("says %s of the terminal", (sent, more) => {
    expect(hexOf(smartTapOptions({ ...google, ...more }).capabilities)).toBe(sent);
  });

  test("takes key versions from 0 to 2^32 - 1", () => {
    const versions = keys.flatMap((one) => [0, 2 ** 32 - 1].map((version) => ({ ...one, version })));
    expect(smartTapOptions({ ...google, keys: versions }).keys).toHaveLength(2);
  });

  test("with the most services fits into one command", async () => {
    const services = ["all", ...androidServices.slice(0, 7)] as const;
    const link = phone({ merchants: [known] });
    expect((await readFrom(link, { ...google, services })).reading).toMatchObject({ outcome: "pass" });
    expect(Math.max(...link.told.map((command) => command.length / 2))).toBeLessThanOrEqual(5 + 255 + 1);
  });
});
