import { describe, expect, test } from "vitest";
import { smartTapOptions } from "../../drivers/nfc/cards/smart-tap/index.ts";
import { type NfcReaderOptions, readPrivateKey, vasOptions } from "../../drivers/nfc/index.ts";
import { type PlayedPcscd, playPcscd } from "../../fixtures/pcsc/index.ts";
import { type Answer, type Behaviour, type CardScript, demoCollector } from "../../fixtures/wallet/index.ts";
import { type PlayedReader, readOn } from "./played.ts";
import { merchant, passOf } from "./smart-tap-session.ts";
import { pass as applePass } from "./vas-session.ts";
import { demoPassType } from "./vas-vectors.ts";

/**
 * Every kind of card, torn out of the field or gone wrong at every one of its commands: one presentation each time, and the
 * same card, whole, is read right after. On a pcscd in play, without a real one's waits between cards.
 */

const aid = Uint8Array.from(Buffer.from("f0504153533031", "hex"));
const value = Uint8Array.from({ length: 120 }, (_, index) => 0x20 + (index % 0x5f));
const ndef = Uint8Array.of(0xd2, 1, value.length, 0x61, ...value);
const collector = demoCollector("passkit");
const options = {
  apduDeadlineMs: 1_000,
  wallet: {
    apple: vasOptions({ passTypes: [demoPassType("springcard")] }),
    google: smartTapOptions({
      collectorId: collector.collectorId,
      keys: [{ version: collector.keyVersion, key: readPrivateKey(collector.privateKey) }],
    }),
    notice: () => undefined,
  },
  hce: { aid, answer: "fetch", nonce: () => new Uint8Array(16), terminal: new Uint8Array() },
} as const satisfies Partial<NfcReaderOptions>;

const cards: readonly (readonly [string, CardScript])[] = [
  ["Type 4 tag", { kind: "type4", ndef, maxReplyBytes: 60 }],
  ["NTAG213", { kind: "type2", ndef }],
  ["iPhone", { kind: "iphone", passes: [applePass("springcard")] }],
  ["Android phone", { kind: "android", merchants: [merchant("passkit", passOf("P1.TORN"))], partBytes: 100 }],
  ["app of one's own", { kind: "hce", aid, pass: value }],
];

const name = "Played 00 00";

/** One approach; what it gave. */
async function tap(pcscd: PlayedPcscd, reader: PlayedReader, card: CardScript, index: number) {
  pcscd.insert(name, card);
  const presentation = await reader.presentation(index);
  pcscd.remove(name);
  await reader.ended(index);
  return presentation.outcome === "payload" ? "payload" : presentation.reason;
}

const bytes = (raw: Uint8Array): Answer => ({ kind: "bytes", bytes: raw });
const silent = "that never answers";
const troubles: readonly (readonly [string, (at: number) => Behaviour])[] = [
  ["removed", (at) => ({ removeAfter: at })],
  ["that answers a single byte", (at) => ({ overrides: { [at]: bytes(Uint8Array.of(0x90)) } })],
  ["that answers 64 KiB", (at) => ({ overrides: { [at]: bytes(new Uint8Array(65_530)) } })],
  [silent, (at) => ({ overrides: { [at]: { kind: "silence" } } })],
];

/** An app has 5 s to wake up for its first command: too long a silence for here. */
const brief = troubles.filter(([trouble]) => trouble !== silent);

describe.each(cards)("%s", (_, card) => {
  test.each(card.kind === "hce" ? brief : troubles)(
    "%s at any of its commands is one presentation, and is read whole after that",
    async (what, trouble) => {
      await using pcscd = await playPcscd({ readers: [name] });
      const reader = await readOn(pcscd, "ignored", options);
      let index = 0;
      const next = (script: CardScript) => tap(pcscd, reader, script, index++);
      expect(await next(card)).toBe("payload");
      const commands = pcscd.asked.filter(({ kind }) => kind === "apdu").length;
      expect(commands).toBeGreaterThan(1);
      // Each silence is waited for.
      const places = Array.from({ length: commands }, (___, at) => at);
      for (const at of what === silent ? [0, commands - 1] : places) {
        await next({ ...card, ...trouble(at) });
        expect(await next(card)).toBe("payload");
      }
      expect(await reader.stop()).toBeNull();
      const started = reader.said.filter(({ kind }) => kind === "started").length;
      const presented = reader.said.filter(({ kind }) => kind === "presented").length;
      expect([started, presented]).toEqual([index, index]);
      expect(pcscd.mistakes).toEqual([]);
    },
    60_000,
  );
});
