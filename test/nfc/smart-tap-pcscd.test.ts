import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readSmartTap, type SmartTapSetup, smartTapOptions } from "../../drivers/nfc/cards/smart-tap/index.ts";
import type { WalletReading } from "../../drivers/nfc/cards/wallet.ts";
import type { Guidance } from "../../drivers/reader.ts";
import {
  type AndroidScript,
  type Answer,
  androidScreens,
  type CardScript,
  startVirtualReader,
  type VirtualReader,
} from "../../fixtures/wallet/index.ts";
import { merchant, passOf, selectWallet as select, valuesOf } from "./smart-tap-session.ts";
import { bareWallet, demoSetup, p1, p1Secrets, p3, p4, s1, s1Secrets, selectSmartTap } from "./smart-tap-vectors.ts";
import { bytes, hexOf, selectWallet } from "./vas-vectors.ts";
import { emptied, obstacle, transportOf } from "./virtual.ts";

/** Google Smart Tap through a real pcscd, from the phone in the field to the redemption value. */

const missing = await obstacle("pcscd", "smart-tap-pcscd.test.ts");
const google = demoSetup("google");
const phone = (script: Partial<AndroidScript> = {}): AndroidScript => ({
  kind: "android",
  merchants: [merchant("google", passOf("P1.ANDROID"))],
  ...script,
});
/** A phone that says these words, whatever it hears. */
const saying = (...answers: readonly string[]): CardScript => {
  const told = answers.map((hex, index): readonly [number, Answer] => [index, { kind: "bytes", bytes: bytes(hex) }]);
  return phone({ overrides: Object.fromEntries(told) });
};

describe.skipIf(missing !== null)("an Android phone on a real pcscd", () => {
  let reader: VirtualReader;
  beforeAll(async () => {
    reader = await startVirtualReader();
  });
  afterAll(() => reader[Symbol.asyncDispose]());
  afterEach(() => emptied(reader));

  /** Selects and reads whatever is in the field, then cuts its power. */
  async function session(setup: SmartTapSetup, hints: Guidance[] = []): Promise<WalletReading> {
    const forever = new AbortController().signal;
    const context = await transportOf("pcscd", reader.socket).establish(forever);
    try {
      // The phone is powered a moment before pcscd says so to everybody.
      let known = await context.listReaders();
      while (known[0]?.card !== "present") known = await context.waitForChange(known, 2_000, forever);
      const card = await context.connect(reader.readerName, { share: "exclusive", deadlineMs: 2_000 });
      try {
        const link = { exchange: (command: Uint8Array) => card.transmit(command, 1_000) };
        return await readSmartTap(link, await select(link), smartTapOptions(setup), (hint) => hints.push(hint));
      } finally {
        await card.disconnect("unpower", 2_000);
      }
    } finally {
      await context.release();
    }
  }

  async function tap(script: CardScript, setup: SmartTapSetup = google): Promise<WalletReading> {
    await reader.insert(script);
    return await session(setup);
  }

  /** Runs `act`; the commands and their answers meanwhile, in hex, and what the phone showed. */
  async function logged(act: () => Promise<unknown>): Promise<{ apdus: readonly string[]; shown: readonly string[] }> {
    const before = (await reader.log()).length;
    await act();
    const entries = (await reader.log()).slice(before);
    const apdus = entries.flatMap((entry) =>
      entry.kind === "apdu" ? [hexOf(entry.command), hexOf(entry.answer ?? new Uint8Array())] : [],
    );
    return { apdus, shown: entries.flatMap((entry) => (entry.kind === "shown" ? entry.what : [])) };
  }

  test("ST-S1 is spoken byte for byte by both sides", async () => {
    const script = phone({
      ...{ merchants: [merchant("google", passOf("2018"))], wallet: "absent" },
      ...{ nonce: bytes(s1.phoneNonce), phoneKey: bytes(s1.phoneKeyScalar), iv: bytes(s1.iv) },
    });
    const { apdus } = await logged(async () => {
      expect(valuesOf(await tap(script, { ...google, secrets: () => s1Secrets }))).toEqual(["2018"]);
    });
    const selected = `00000001dc0321036d646e6d646e04${s1.phoneNonce}9000`;
    expect(apdus).toEqual([
      ...[selectWallet, "6a82", selectSmartTap, selected],
      ...[s1.negotiate, s1.negotiateReply, s1.passes, s1.passesReply],
    ]);
  });

  const older: SmartTapSetup = { ...demoSetup("passkit"), secrets: () => p1Secrets, firstSequence: 0 };
  test("ST-P1 is signed as published", async () => {
    const { apdus } = await logged(() => tap(saying("6a82", p1.selectReply, "9500"), older));
    expect(apdus.at(-2)).toBe(`90530000bd${p1.negotiateData}00`);
  });

  test.each<readonly [string, readonly string[]]>([
    ["ST-P3 and the rest of ST-P4", [p3, p4.negotiateReply, "9001"]],
    ["ST-P4", [bareWallet, p4.selectReply, p4.negotiateReply, "9001"]],
  ])("%s leads to the question for the passes", async (_, answers) => {
    const setup: SmartTapSetup = {
      ...older,
      collectorId: "16909060",
      traits: ["standalone"],
      tapMode: "pass_and_payment",
    };
    const { apdus } = await logged(async () => {
      expect(await tap(saying(...answers), setup)).toMatchObject({ outcome: "none" });
    });
    // The terminal of the trace counted 1 after the phone's 1; we count 2.
    expect(apdus.at(-2)).toBe(`9050000041${p4.passesData.replace("fd0101", "fd0201")}00`);
  });

  test.each<readonly ["locked" | "choosing", Guidance]>([
    ["locked", "unlock_phone"],
    ["choosing", "choose_pass"],
  ])("a phone that is %s and stays is read at the second session", async (state, guidance) => {
    const hints: Guidance[] = [];
    const { shown } = await logged(async () => {
      await reader.insert(phone({ state, stateSessions: 1 }));
      expect(await session(google, hints)).toMatchObject({ outcome: "user", guidance });
      expect(valuesOf(await session(google, hints))).toEqual(["P1.ANDROID"]);
    });
    expect(hints).toEqual([guidance]);
    expect(shown.at(-1)).toBe(androidScreens.given);
  });

  const long = "P1.".padEnd(2_500, "0123456789abcdef");
  test.each<readonly [string, CardScript, object]>([
    ["with a long pass in parts", phone({ merchants: [merchant("google", passOf(long))] }), { outcome: "pass" }],
    [
      "with a long pass, compressed",
      phone({ merchants: [merchant("google", passOf(long))], compress: true }),
      { outcome: "pass" },
    ],
    ["in passing troubles", phone({ troubles: 2 }), { outcome: "pass" }],
    ["that knows another merchant", phone({ merchants: [merchant("passkit", passOf("x"))] }), { code: "refused" }],
    ["with its customer's record alone", phone({ merchants: [merchant("google")] }), { outcome: "none" }],
    ["that only pays", phone({ wallet: "pay_only" }), { outcome: "none" }],
    ["of another maker", { kind: "iphone", passes: [] }, { outcome: "not_mine" }],
    ["without any wallet", { kind: "raw", answer: { kind: "bytes", bytes: bytes("6a82") } }, { outcome: "not_mine" }],
  ])("a phone %s", async (_, script, expected) => {
    expect(await tap(script)).toMatchObject(expected);
  });

  test("removed at each of its commands the phone is gone, and after the last the pass is there", async () => {
    for (let index = 0; index < 4; index += 1) {
      const outcome = await tap(phone({ wallet: "bare", removeAfter: index })).catch((fault: unknown) => fault);
      expect(outcome).toMatchObject({ code: "gone" });
      await emptied(reader);
    }
    expect(await tap(phone({ wallet: "bare", removeAfter: 4 }))).toMatchObject({ outcome: "pass" });
  });
});
