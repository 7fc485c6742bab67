import { describe, expect, test } from "vitest";
import type { SmartTapSetup } from "../../drivers/nfc/cards/smart-tap/index.ts";
import { writeTlv } from "../../drivers/nfc/cards/tlv.ts";
import type { AndroidScript } from "../../fixtures/wallet/index.ts";
import { merchant, passOf, phone, readFrom, valuesOf } from "./smart-tap-session.ts";
import { bareWallet, demoSetup, s1, s1Secrets } from "./smart-tap-vectors.ts";
import { answering } from "./told-link.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

const google = demoSetup("google");
const known = merchant("google", passOf("P1.ANDROID"));
const s1Select = `00000001dc0321036d646e6d646e04${s1.phoneNonce}9000`;

describe("the wallet's own words", () => {
  test.each<readonly [AndroidScript["wallet"], number]>([
    ["full", 3],
    ["discretionary", 3],
    ["bare", 4],
    ["absent", 4],
  ])("%s are enough", async (wallet, commands) => {
    const link = phone({ merchants: [known], ...(wallet === undefined ? {} : { wallet }) });
    expect(valuesOf((await readFrom(link, google)).reading)).toEqual(["P1.ANDROID"]);
    expect(link.told).toHaveLength(commands);
  });

  test.each<readonly [string, object]>([
    ["6a82", { outcome: "none" }],
    ["9001", { outcome: "none" }],
    ["9000", { outcome: "fault", code: "bad_answer" }],
    ["9100", { outcome: "fault", code: "failed" }],
    ["9302", { outcome: "user", guidance: "choose_pass" }],
    ["9502", { outcome: "fault", code: "unsupported_version" }],
    ["6f00", { outcome: "fault", code: "failed" }],
  ])("and then %s at Smart Tap", async (answer, expected) => {
    expect((await readFrom(answering(bareWallet, answer), google)).reading).toMatchObject(expected);
  });

  test("that it only pays mean no pass", async () => {
    expect((await readFrom(phone({ wallet: "pay_only" }), google)).reading).toMatchObject({ outcome: "none" });
  });

  test.each<readonly [readonly [number, number], boolean]>([
    [[0, 1], true],
    [[1, 1], true],
    [[1, 9], true],
    [[0, 0], false],
    [[2, 3], false],
  ])("versions %j", async (versions, fits) => {
    for (const wallet of ["full", "bare"] as const) {
      const link = phone({ merchants: [known], versions, wallet });
      const { reading } = await readFrom(link, google);
      expect(reading).toMatchObject(fits ? { outcome: "pass" } : { outcome: "fault", code: "unsupported_version" });
      if (!fits) expect(link.told).toHaveLength(wallet === "full" ? 1 : 2);
    }
  });

  const ose = (inner: string) => `${hexOf(writeTlv(0x6f, bytes(inner)))}9000`;
  test.each<readonly [string, string]>([
    ["Apple's", ose("50084170706c65506179")],
    ["an unknown label", ose("5003414243")],
    ["no label", ose("c0020001")],
    ["nothing", "9000"],
  ])("that are %s are not ours to read: nothing more is asked", async (_, answer) => {
    const link = answering(answer);
    expect((await readFrom(link, google)).reading).toEqual({ outcome: "not_mine" });
    expect(link.told).toHaveLength(1);
  });

  test.each(["6a82", "6d00", "6985", "9000", "911c", "9100", "9500", "deadbeef00009000"])(
    "of a card without a wallet, %s at Smart Tap mean another kind of card",
    async (answer) => {
      expect((await readFrom(answering("6a82", answer), google)).reading).toEqual({ outcome: "not_mine" });
    },
  );

  test("without a nonce leave nothing to sign", async () => {
    const { reading } = await readFrom(answering("6a82", "000000019000"), google);
    expect(reading).toMatchObject({ outcome: "fault", code: "failed", detail: expect.stringContaining("nonce") });
  });

  const label = `500a${hexOf(Buffer.from("AndroidPay"))}`;
  /** What a wallet says of Smart Tap among its applications. */
  const listed = (said: string, name = "a000000476d0000111") => {
    const discretionary = writeTlv(0x73, bytes(said));
    const application = Buffer.concat([writeTlv(0x4f, bytes(name)), discretionary]);
    const other = writeTlv(0x61, writeTlv(0x4f, bytes("f000000001")));
    return hexOf(writeTlv(0xa5, writeTlv(0xbf0c, Buffer.concat([other, writeTlv(0x61, application)]))));
  };
  const fits = "df6d020000df4d020001";
  test.each<readonly [string, string, boolean]>([
    ["everything", `c220${"11".repeat(32)}${listed(`${fits}df620103`)}`, false],
    ["no leave to skip the selection", `c220${"11".repeat(32)}${listed(`${fits}df620102`)}`, true],
    ["no capabilities", `c220${"11".repeat(32)}${listed(fits)}`, true],
    ["empty capabilities", `c220${"11".repeat(32)}${listed(`${fits}df6200`)}`, true],
    ["no nonce", listed(`${fits}df620103`), true],
    ["a nonce of 31 bytes", `c21f${"11".repeat(31)}${listed(`${fits}df620103`)}`, true],
    ["no versions", `c220${"11".repeat(32)}${listed("df620103")}`, true],
    ["half of its versions", `c220${"11".repeat(32)}${listed("df6d020000df620103")}`, true],
    ["another application", `c220${"11".repeat(32)}${listed(`${fits}df620103`, "f000000002")}`, true],
  ])("with %s have Smart Tap selected only where it must be", async (_, said, selected) => {
    const link = answering(ose(`${label}${said}`), "9500", "9500");
    await readFrom(link, google);
    expect(link.told[1]?.startsWith("00a4")).toBe(selected);
  });

  test("a nonce that only the wallet says is signed, and the one of Smart Tap goes first", async () => {
    const nonce = "11".repeat(32);
    const signed: string[] = [];
    const setup: SmartTapSetup = {
      ...google,
      secrets: () => ({
        ...s1Secrets,
        sign: (_, what) => {
          signed.push(hexOf(what.subarray(32, 64)));
          return bytes(s1.signature);
        },
      }),
    };
    await readFrom(answering(ose(`${label}c220${nonce}`), "000000019000", "9500"), setup);
    await readFrom(answering(ose(`${label}c220${nonce}`), s1Select, "9500"), setup);
    const said = listed(`df6e20${"22".repeat(32)}${fits}df620103`);
    await readFrom(answering(ose(`${label}c220${nonce}${said}`), "9500"), setup);
    expect(signed).toEqual([nonce, s1.phoneNonce, "22".repeat(32)]);
  });
});
