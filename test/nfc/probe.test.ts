import { describe, expect, test } from "vitest";
import type { CardLink } from "../../drivers/nfc/cards/apdu.ts";
import { readPrivateKey } from "../../drivers/nfc/cards/keys.ts";
import { smartTapOptions } from "../../drivers/nfc/cards/smart-tap/index.ts";
import { type VasPayment, vasOptions } from "../../drivers/nfc/cards/vas/index.ts";
import { type ProbeOptions, probeCard } from "../../drivers/nfc/probe.ts";
import type { WalletNotice } from "../../drivers/nfc/wallet-probe.ts";
import type { Guidance } from "../../drivers/reader.ts";
import {
  type CardScript,
  demoCollector,
  demoKey,
  demoKeyNames,
  type IphoneScript,
  phoneAtr,
  playCard,
  publicPoint,
} from "../../fixtures/wallet/index.ts";
import { merchant, passOf } from "./smart-tap-session.ts";
import { bytes, demoPassType, hexOf } from "./vas-vectors.ts";

/** Which question a card is asked, and in which order. */

const ndef = bytes("D1010C5402656E48454C4C4F2D313233");
const aid = bytes("F0504153534147454E54");
const applePass = (name: (typeof demoKeyNames)[number]) => {
  const { passType, privateKey } = demoKey(name);
  return { passType, publicKey: publicPoint(privateKey), message: bytes("50313A41") };
};
const apple = (payment: VasPayment = "vas_only") => vasOptions({ passTypes: demoKeyNames.map(demoPassType), payment });
const { collectorId, keyVersion, privateKey } = demoCollector("google");
const google = smartTapOptions({ collectorId, keys: [{ version: keyVersion, key: readPrivateKey(privateKey) }] });
const hce = { aid, answer: "fetch", nonce: () => new Uint8Array(16), terminal: new Uint8Array() } as const;

interface Asked {
  readonly result: Awaited<ReturnType<typeof probeCard>>;
  /** Names of what was selected, and `.` for any other command. */
  readonly selected: readonly string[];
  readonly hints: readonly Guidance[];
  readonly notices: readonly WalletNotice[];
}

const names: Readonly<Record<string, string>> = {
  "4f53452e5641532e3031": "wallet",
  a000000476d0000111: "smart tap",
  d2760000850101: "ndef",
  d2760000850100: "old ndef",
  [hexOf(aid)]: "app",
};

async function ask(
  script: CardScript,
  change: Partial<Omit<ProbeOptions, "wallet">> & Partial<Omit<ProbeOptions["wallet"], "notice">> = {},
): Promise<Asked> {
  const card = playCard(script);
  const [selected, hints, notices] = [[] as string[], [] as Guidance[], [] as WalletNotice[]];
  const link: CardLink = {
    exchange: async (command) => {
      const name = hexOf(command.subarray(5, 5 + (command[4] ?? 0)));
      const isSelect = command[0] === 0 && command[1] === 0xa4 && command[2] === 0x04;
      selected.push(isSelect ? (names[name] ?? name) : ".");
      const answer = card.reply(command);
      return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
    },
  };
  const { order = ["wallet", "ndef", "hce"], hce: own = null, ...wallets } = change;
  const wallet = { apple: apple(), google, ...wallets, notice: (notice: WalletNotice) => void notices.push(notice) };
  const result = await probeCard(link, phoneAtr, { order, wallet, hce: own }, (hint) => hints.push(hint));
  return { result, selected, hints, notices };
}

const iphone = (script: Partial<IphoneScript> = {}): IphoneScript => ({ kind: "iphone", passes: [], ...script });
const read = (protocol: string) => ({ presentation: { outcome: "payload", protocol } });
const unreadable = (reason: string) => ({ presentation: { outcome: "unreadable", reason } });

describe("each card is asked for what it may have, and no more", () => {
  const tag: CardScript = { kind: "type4", ndef };
  const app: CardScript = { kind: "hce", aid, pass: bytes("41") };
  const android: CardScript = { kind: "android", merchants: [merchant("google", passOf("2018"))] };
  test.each<readonly [string, CardScript, Parameters<typeof ask>[1], object, readonly string[]]>([
    ["a tag costs one command more", tag, {}, read("ndef_t4"), ["wallet", "ndef", ".", ".", ".", ".", "."]],
    [
      "a tag costs nothing more where no wallet is set up",
      tag,
      { apple: null, google: null },
      read("ndef_t4"),
      ["ndef", ".", ".", ".", ".", "."],
    ],
    [
      "tags first, where the reader says so",
      tag,
      { order: ["ndef", "wallet"] },
      read("ndef_t4"),
      ["ndef", ".", ".", ".", ".", "."],
    ],
    ["an iPhone", iphone({ passes: [applePass("passkit")] }), {}, read("apple_vas"), ["wallet", "."]],
    ["an Android phone", android, {}, read("smart_tap"), ["wallet", ".", "."]],
    [
      "an Android phone that does not know the common name",
      { ...android, wallet: "absent" },
      {},
      read("smart_tap"),
      ["wallet", "ndef", "old ndef", "smart tap", ".", "."],
    ],
    ["an own app", app, { hce }, read("hce"), ["wallet", "ndef", "old ndef", "app", "."]],
    ["an own app first", app, { hce, order: ["hce"] }, read("hce"), ["app", "."]],
    [
      "a bank card",
      { kind: "emv" },
      { hce },
      unreadable("card_unsupported"),
      ["wallet", "ndef", "old ndef", "app", "smart tap"],
    ],
    [
      "an iPhone where Apple is not set up",
      iphone(),
      { apple: null },
      unreadable("card_unsupported"),
      ["wallet", "ndef", "old ndef"],
    ],
    ["a reader that asks for nothing", tag, { order: [] }, unreadable("card_unsupported"), []],
  ])("%s", async (_, script, options, expected, commands) => {
    const asked = await ask(script, options);
    expect(asked.result).toMatchObject(expected);
    expect(asked.selected).toEqual(commands);
  });
});

test("a wallet without our pass does not hide the app that has it", async () => {
  const both = playCard({ kind: "hce", aid, pass: bytes("41") });
  const wallet = playCard(iphone());
  const link: CardLink = {
    exchange: async (command) => {
      const isApp = hexOf(command).includes(hexOf(aid)) || (command[0] === 0x80 && command[2] === 0);
      const answer = (isApp ? both : wallet).reply(command);
      return answer.kind === "bytes" ? answer.bytes : new Uint8Array();
    },
  };
  const options = {
    order: ["wallet", "hce"],
    wallet: { apple: apple(), google: null, notice: () => {} },
    hce,
  } as const;
  expect(await probeCard(link, phoneAtr, options, () => {})).toMatchObject(read("hce"));
});

test("a wallet without our pass is told so when nothing else is found", async () => {
  const { result } = await ask(iphone());
  expect(result).toMatchObject({ presentation: { reason: "no_pass", protocol: "apple_vas" } });
});

test.each<readonly [string, CardScript, Guidance]>([
  ["a locked iPhone", iphone({ state: "locked" }), "unlock_phone"],
  ["an iPhone that offers several", iphone({ state: "choosing" }), "choose_pass"],
  [
    "a locked Android phone",
    { kind: "android", merchants: [merchant("google", passOf("2018"))], state: "locked" },
    "unlock_phone",
  ],
  ["an app that wants its owner", { kind: "hce", aid, pass: bytes("41"), state: "confirm" }, "unlock_phone"],
])("%s presents nothing and says what to do", async (_, script, guidance) => {
  const { result, hints } = await ask(script, { hce });
  expect(result).toEqual({ outcome: "user", guidance });
  expect(hints).toEqual([guidance]);
});

test("several passes at once are refused: which one is meant is not for us to say", async () => {
  const passes = [applePass("passkit"), applePass("zebra")];
  const { result, hints } = await ask(iphone({ passes, authenticated: true }), { apple: apple("vas_and_payment") });
  expect(result).toMatchObject(unreadable("card_unsupported"));
  expect(hints).toEqual(["one_at_a_time"]);
});

test("a wallet that nobody knows is reported by its name, made harmless, and never guessed", async () => {
  const { result, notices, selected } = await ask(iphone({ label: "Some\nPay<b>" }));
  expect(notices).toEqual([
    { protocol: null, code: "unknown_wallet", detail: "a wallet that calls itself Some?Pay?b?" },
  ]);
  expect(result).toMatchObject(unreadable("card_unsupported"));
  expect(selected).not.toContain(".");
});

test("a pass sealed for another key is this terminal's trouble, and names the key wanted and those held", async () => {
  const { passType } = demoKey("passkit");
  const stranger = { ...applePass("zebra"), passType };
  const { result, notices } = await ask(iphone({ passes: [stranger] }), {
    apple: vasOptions({ passTypes: [demoPassType("passkit")] }),
  });
  expect(result).toMatchObject(unreadable("reader_fault"));
  expect(notices).toMatchObject([{ protocol: "apple_vas", code: "unknown_key" }]);
  expect(notices[0]?.detail).toMatch(/155b426f.*c0b77375/);
});
