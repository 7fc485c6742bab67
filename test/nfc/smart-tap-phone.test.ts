import { describe, expect, test } from "vitest";
import { readCompressedPoint } from "../../drivers/nfc/cards/keys.ts";
import type { SmartTapNotice, SmartTapSetup } from "../../drivers/nfc/cards/smart-tap/index.ts";
import type { Guidance } from "../../drivers/reader.ts";
import { androidScreens, androidServices, clearBundle } from "../../fixtures/wallet/index.ts";
import { merchant, passOf, phone, readFrom, valuesOf } from "./smart-tap-session.ts";
import { demoSetup, s1, s1Secrets, selectSmartTap } from "./smart-tap-vectors.ts";
import { answering } from "./told-link.ts";
import { bytes, hexOf } from "./vas-vectors.ts";

const google = demoSetup("google");
const known = merchant("google", passOf("P1.ANDROID"));
const s1Setup: SmartTapSetup = { ...google, secrets: () => s1Secrets };
const s1Select = `00000001dc0321036d646e6d646e04${s1.phoneNonce}9000`;

describe("keys", () => {
  const versions = (...numbers: readonly number[]) =>
    numbers.map((version) => ({ version, key: google.keys[0]?.key ?? expect.fail("no key") }));

  test("that the phone does not know are a fault that names collector and versions", async () => {
    const link = phone({ merchants: [merchant("passkit", passOf("x"))] });
    const { reading } = await readFrom(link, google);
    expect(reading).toMatchObject({
      outcome: "fault",
      code: "refused",
      detail: expect.stringMatching(/20180608.*version 1 /),
    });
    expect(link.end()).toEqual([`${androidScreens.refused}: collector 20180608, key version 1`]);
  });

  test("are tried in their order, each once and with a nonce of its own, and that is told", async () => {
    const notices: SmartTapNotice[] = [];
    const setup: SmartTapSetup = { ...google, keys: versions(3, 2, 1), notice: (notice) => notices.push(notice) };
    const link = phone({ merchants: [known] });
    expect(valuesOf((await readFrom(link, setup)).reading)).toEqual(["P1.ANDROID"]);
    expect(link.told.filter((command) => command === selectSmartTap)).toHaveLength(2);
    expect(notices).toEqual(
      [3, 2].map((version) => ({ code: "refused", detail: expect.stringContaining(`version ${version} `) })),
    );
    expect(new Set(link.told.filter((command) => command.startsWith("9053"))).size).toBe(3);
  });

  test("that are all unknown end in one fault", async () => {
    const link = phone({ merchants: [known] });
    const notices: SmartTapNotice[] = [];
    const setup: SmartTapSetup = { ...google, keys: versions(9, 8), notice: (notice) => notices.push(notice) };
    const { reading } = await readFrom(link, setup);
    expect(reading).toMatchObject({
      outcome: "fault",
      code: "refused",
      detail: expect.stringContaining("9, 8 (9500)"),
    });
    // The fault itself tells of the last one.
    expect(notices).toHaveLength(1);
    expect(link.told.filter((command) => command.startsWith("9053"))).toHaveLength(2);
  });

  test("of another merchant do not sign for this one", async () => {
    const [wrong] = demoSetup("passkit").keys;
    const setup = { ...google, keys: wrong === undefined ? [] : [wrong] };
    expect((await readFrom(phone({ merchants: [known] }), setup)).reading).toMatchObject({ code: "refused" });
  });
});

describe("what a phone gives", () => {
  test.each(androidServices.flatMap((service) => [[service, "text"] as const, [service, "field"] as const]))(
    "a pass of kind %s with its value as a %s is read",
    async (service, form) => {
      const link = phone({ merchants: [merchant("google", passOf(`V-${service}`, { service, form }))] });
      const { reading } = await readFrom(link, { ...google, services: [service] });
      expect(reading).toMatchObject({ outcome: "pass", payloads: [{ id: `20180608/${service}` }] });
      expect(valuesOf(reading)).toEqual([`V-${service}`]);
    },
  );

  test("a pass of a service that was not asked for stays in the phone", async () => {
    const link = phone({ merchants: [merchant("google", passOf("x", { service: "event" }))] });
    expect((await readFrom(link, { ...google, services: ["loyalty", "offer"] })).reading).toMatchObject({
      outcome: "none",
    });
  });

  test("a long answer is put together from its parts, compressed or not", async () => {
    const value = "P1.".padEnd(2_000, "0123456789abcdef");
    for (const compress of [true, false]) {
      const link = phone({ merchants: [merchant("google", passOf(value))], compress });
      expect(valuesOf((await readFrom(link, google)).reading)).toEqual([value]);
      expect(link.told.filter((command) => command === "90c0000000")).toHaveLength(compress ? 0 : 8);
    }
  });

  test("a one-time key that comes uncompressed is the same key", async () => {
    const { x = "", y = "" } = readCompressedPoint(bytes(s1.phoneKey))?.export({ format: "jwk" }) ?? {};
    const long = `04${hexOf(Buffer.from(x, "base64url"))}${hexOf(Buffer.from(y, "base64url"))}`;
    const answer = s1.negotiateReply
      .replace("d403376e7273", "d403576e7273")
      .replace(`54032164706b${s1.phoneKey}`, `54034164706b${long}`);
    const link = answering("6a82", s1Select, answer, s1.passesReply);
    expect(valuesOf((await readFrom(link, s1Setup)).reading)).toEqual(["2018"]);
  });

  test("is not compressed where the terminal does not offer to inflate", async () => {
    const link = phone({ merchants: [merchant("google", passOf("a".repeat(1_000)))], compress: true });
    await readFrom(link, { ...google, compression: false });
    expect(link.told.at(3)).toBe("90c0000000");
  });

  test.each<readonly [number, object, number]>([
    [16, { outcome: "pass" }, 16],
    [17, { outcome: "fault", code: "bad_answer" }, 16],
  ])("an answer in %i parts after the first", async (parts, expected, asked) => {
    let length = 0;
    const script = { merchants: [merchant("google", passOf("x".repeat(2_000)))] };
    const whole = phone(script, (answer, index) => {
      if (index >= 2) length += answer.length - 2;
      return answer;
    });
    await readFrom(whole, google);
    const link = phone({ ...script, partBytes: Math.ceil(length / (parts + 1)) });
    expect((await readFrom(link, google)).reading).toMatchObject(expected);
    expect(link.told.filter((command) => command === "90c0000000")).toHaveLength(asked);
  });

  test("an answer without an end is left after sixteen rounds", async () => {
    const link = answering("6a82", s1Select, s1.negotiateReply, ...Array.from({ length: 40 }, () => "009100"));
    expect((await readFrom(link, s1Setup)).reading).toMatchObject({ outcome: "fault", code: "bad_answer" });
    expect(link.told).toHaveLength(4 + 16);
  });

  test("an answer that holds no passes is none", async () => {
    const empty = "d40310737273d4030a7365738d138f101db18a5404019000";
    const link = answering("6a82", s1Select, s1.negotiateReply, empty);
    expect((await readFrom(link, s1Setup)).reading).toMatchObject({ outcome: "none" });
  });

  test("in the clear is refused", async () => {
    const clear = s1.passesReply.replace("72656201", "72656200");
    const link = answering("6a82", s1Select, s1.negotiateReply, clear);
    expect((await readFrom(link, s1Setup)).reading).toMatchObject({ outcome: "fault", code: "bad_answer" });
  });
});

describe("a phone over several taps", () => {
  test.each<readonly ["locked" | "choosing", Guidance, string]>([
    ["locked", "unlock_phone", androidScreens.unlock],
    ["choosing", "choose_pass", androidScreens.choose],
  ])("that is %s gives its pass at the second one", async (state, guidance, screen) => {
    const link = phone({ merchants: [known], state, stateSessions: 1 });
    expect(await readFrom(link, google)).toEqual({ reading: { outcome: "user", guidance }, hints: [guidance] });
    expect(link.end()).toContain(screen);
    expect(valuesOf((await readFrom(link, google)).reading)).toEqual(["P1.ANDROID"]);
    expect(link.end()).toContain(androidScreens.given);
  });

  test("with several passes has its owner choose", async () => {
    const link = phone({ merchants: [merchant("google", passOf("first"), passOf("second"))] });
    expect((await readFrom(link, google)).reading).toMatchObject({ outcome: "user", guidance: "choose_pass" });
    link.end();
    expect(valuesOf((await readFrom(link, google)).reading)).toEqual(["first"]);
  });

  test.each<readonly ["customer" | "refuse" | "again", object, string]>([
    ["customer", { outcome: "none" }, "customer record given"],
    ["refuse", { outcome: "fault", code: "failed" }, "pass given"],
    ["again", { outcome: "pass" }, "pass given"],
  ])("that was just read (%s)", async (repeat, expected, screen) => {
    const link = phone({ merchants: [known], repeat });
    expect((await readFrom(link, google)).reading).toMatchObject({ outcome: "pass" });
    const first = link.end();
    expect((await readFrom(link, google)).reading).toMatchObject(expected);
    expect([...first, ...link.end()].at(-1)).toBe(screen);
  });

  test("with nothing but its customer's record has no pass, and says so", async () => {
    const { reading } = await readFrom(phone({ merchants: [merchant("google")] }), google);
    expect(reading).toMatchObject({ outcome: "none" });
    const told = await readFrom(phone({ merchants: [known], bundle: clearBundle([], bytes("01")) }), google);
    expect(told.reading).toMatchObject({ outcome: "none", detail: expect.stringContaining("customer record") });
  });

  test("that leaves at any command is gone, and never half read", async () => {
    for (let index = 0; index < 3; index += 1) {
      const link = phone({ merchants: [known], removeAfter: index });
      await expect(readFrom(link, google)).rejects.toMatchObject({ code: "gone" });
    }
    expect((await readFrom(phone({ merchants: [known], removeAfter: 3 }), google)).reading).toMatchObject({
      outcome: "pass",
    });
  });
});
