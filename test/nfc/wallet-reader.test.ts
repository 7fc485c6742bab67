import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type NfcReaderOptions,
  readPrivateKey,
  replayGuard,
  type SessionSecrets,
  smartTapOptions,
  vasOptions,
  type WalletOptions,
} from "../../drivers/nfc/index.ts";
import type { Guidance } from "../../drivers/reader.ts";
import { applePass, demoAid } from "../../fixtures/demo/wallets.ts";
import {
  type Answer,
  type CardScript,
  demoCollector,
  demoKeyNames,
  startVirtualReader,
  type VirtualReader,
} from "../../fixtures/wallet/index.ts";
import { bareWallet, s1, s1Secrets } from "./smart-tap-vectors.ts";
import { bytes, demoPassType, phoneEpoch, vectors, walletAnswer } from "./vas-vectors.ts";
import { emptied, obstacle, until } from "./virtual.ts";
import { kinds, type WatchedReader, watchReader } from "./watched-reader.ts";

/** Phones at a reader that runs, on a real pcscd: what is presented, what is only said, and how a session ends. */

const missing = await obstacle("pcscd", "wallet-reader.test.ts");
const told = (hex: string): Answer => ({ kind: "bytes", bytes: bytes(hex) });
const google = (secrets?: () => SessionSecrets) => {
  const { collectorId, keyVersion, privateKey } = demoCollector("google");
  return smartTapOptions({
    collectorId,
    keys: [{ version: keyVersion, key: readPrivateKey(privateKey) }],
    ...(secrets === undefined ? {} : { secrets }),
  });
};
/** With the clock of a terminal that stands at `now`, seconds since 1970. */
function walletAt(now: number): WalletOptions {
  const replay = replayGuard({ now: () => now });
  return {
    apple: vasOptions({ passTypes: demoKeyNames.map(demoPassType), replay }),
    google: google(),
    notice: () => undefined,
  };
}
const nowS = () => Math.floor(Date.now() / 1_000);

describe.skipIf(missing !== null)("phones at a reader on a real pcscd", () => {
  let reader: VirtualReader;
  let watched: WatchedReader;
  let hints: Guidance[];
  beforeAll(async () => {
    reader = await startVirtualReader();
  });
  afterAll(() => reader[Symbol.asyncDispose]());
  afterEach(async () => {
    expect(await watched.stop()).toBeNull();
    await emptied(reader);
  });

  async function watch(wallet: WalletOptions, more: Partial<NfcReaderOptions> = {}): Promise<void> {
    hints = [];
    watched = await watchReader(reader, "pcscd", { wallet, ...more, guidance: (hint) => hints.push(hint) });
  }

  async function tap(card: CardScript, index = 0) {
    await reader.insert(card);
    const presentation = await watched.presentation(index);
    await reader.remove();
    await watched.ended(index);
    return presentation;
  }

  const textOf = (presentation: Awaited<ReturnType<typeof tap>>) =>
    presentation.outcome === "payload" ? Buffer.from(presentation.bytes).toString("utf8") : presentation.detail;

  test.each(vectors)("$name is presented at its time, and refused when the same bytes come again", async (vector) => {
    await watch(walletAt(vector.time + phoneEpoch));
    const at = 1 + demoKeyNames.indexOf(vector.key);
    const overrides = { 0: told(walletAnswer), [at]: { kind: "bytes", bytes: vector.answer } } as const;
    const phone: CardScript = { kind: "iphone", passes: [], overrides };
    const presentation = await tap(phone);
    expect(presentation).toMatchObject({ outcome: "payload", protocol: "apple_vas", ndef: null });
    expect(textOf(presentation)).toBe(vector.message);
    expect(await tap(phone, 1)).toMatchObject({
      outcome: "unreadable",
      reason: "card_unsupported",
      protocol: "apple_vas",
    });
  });

  test("ST-S1 is presented as the number that the pass carries", async () => {
    await watch({ ...walletAt(nowS()), google: google(() => s1Secrets) });
    const select = `00000001dc0321036d646e6d646e04${s1.phoneNonce}9000`;
    const overrides = { 0: told(bareWallet), 1: told(select), 2: told(s1.negotiateReply), 3: told(s1.passesReply) };
    const presentation = await tap({ kind: "android", merchants: [], overrides });
    expect(presentation).toMatchObject({ outcome: "payload", protocol: "smart_tap", ndef: null });
    expect(textOf(presentation)).toBe("2018");
  });

  test("a locked phone that stays is one approach, one hint and one pass, and shows its check mark", async () => {
    await watch(walletAt(nowS()));
    const phone = { kind: "iphone", passes: [applePass("P1:AFTER")], state: "locked", stateSessions: 2 } as const;
    const before = (await reader.log()).length;
    await reader.insert(phone);
    expect(textOf(await watched.presentation(0))).toBe("P1:AFTER");
    const shown = async () =>
      (await reader.log()).slice(before).flatMap((entry) => (entry.kind === "shown" ? entry.what : []));
    await expect.poll(shown, { timeout: 2_000 }).toEqual(["unlock", "unlock", "check mark"]);
    await reader.remove();
    await watched.ended(0);
    expect(kinds(watched.said)).toEqual(["ready", "started", "payload", "ended"]);
    expect(hints).toEqual(["unlock_phone"]);
  });

  test("a locked phone that is taken away presents nothing, and the next one is read", async () => {
    await watch(walletAt(nowS()));
    await reader.insert({ kind: "iphone", passes: [applePass("P1:A")], state: "locked" });
    await until("the hint", () => hints.includes("unlock_phone"));
    await reader.remove();
    await watched.ended(0);
    expect(kinds(watched.said)).toEqual(["ready", "started", "ended"]);
    await reader.insert({ kind: "iphone", passes: [applePass("P1:B")] });
    expect(textOf(await watched.presentation(0))).toBe("P1:B");
  });

  test("an app that takes long to wake is waited for, and its guest is told to hold still", async () => {
    const hce = { aid: demoAid, answer: "fetch", nonce: () => new Uint8Array(16), terminal: new Uint8Array() } as const;
    await watch(walletAt(nowS()), { probe: ["hce"], hce, apduDeadlineMs: 400, tapDeadlineMs: 800 });
    const app: CardScript = { kind: "hce", aid: demoAid, pass: Buffer.from("P1:SLOW"), firstDelayMs: 1_500 };
    expect(textOf(await tap(app))).toBe("P1:SLOW");
    expect(hints).toEqual(["hold_still"]);
  });

  test("whatever a wallet answers has a reason, and the reader reads on", async () => {
    await watch(walletAt(nowS()));
    const apple = (overrides: Readonly<Record<number, Answer>>): CardScript => ({
      kind: "iphone",
      passes: [],
      overrides,
    });
    const hostile: readonly (readonly [CardScript, string])[] = [
      [apple({ 0: told("6F8250FF9000") }), "card_unsupported"],
      [apple({ 0: told(`${"6F".repeat(254)}9000`) }), "card_unsupported"],
      [apple({ 0: told("9000") }), "card_unsupported"],
      [apple({ 1: told("70059F2A9000") }), "card_unsupported"],
      [apple({ 1: told(`7040${"00".repeat(64)}9000`) }), "no_pass"],
      [apple({ 1: told("90") }), "read_interrupted"],
      [apple({ 1: { kind: "silence" } }), "read_timeout"],
      [apple({ 1: told("00".repeat(65_530)) }), "card_unsupported"],
      [apple({ 1: told("6F00") }), "read_interrupted"],
      [{ kind: "emv" }, "card_unsupported"],
      [{ kind: "android", merchants: [], overrides: { 1: told("9999") } }, "read_interrupted"],
    ];
    const reasons: string[] = [];
    for (const [index, [card]] of hostile.entries()) {
      const presentation = await tap(card, index);
      reasons.push(presentation.outcome === "payload" ? "payload" : presentation.reason);
    }
    expect(reasons).toEqual(hostile.map(([, reason]) => reason));
    expect(textOf(await tap({ kind: "iphone", passes: [applePass("P1:GOOD")] }, hostile.length))).toBe("P1:GOOD");
  });
});
