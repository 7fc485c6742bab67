import { expect, test } from "vitest";
import { vasOptions, type WalletOptions } from "../../drivers/nfc/index.ts";
import { serveReader } from "../../drivers/nfc/session.ts";
import type { Guidance } from "../../drivers/reader.ts";
import { applePass } from "../../fixtures/demo/wallets.ts";
import type { CardScript } from "../../fixtures/wallet/index.ts";
import { type FakeOptions, fakeTransport } from "./fake-transport.ts";
import { demoPassType } from "./vas-vectors.ts";
import { until } from "./virtual.ts";

/** What a tap says to its guest, and how it lets go of the card, where no virtual reader can bring it about. */

const tag: CardScript = { kind: "type4", ndef: Uint8Array.of(0xd4, 1, 0, 0x61) };
const noWallet: WalletOptions = { apple: null, google: null, notice: () => undefined };

async function serveOnce(options: FakeOptions, wallet = noWallet) {
  const fake = fakeTransport(options);
  const stopping = new AbortController();
  const hints: Guidance[] = [];
  let presented = false;
  const running = serveReader(
    fake.transport,
    {
      match: /^Fake/,
      tapDeadlineMs: 1_000,
      apduDeadlineMs: 200,
      feedback: false,
      ecp: false,
      probe: { order: ["wallet", "ndef"], wallet, hce: null },
    },
    {
      ready() {},
      started() {},
      ended() {},
      guidance: (hint) => hints.push(hint),
      presented: async () => {
        presented = true;
        return "ignored";
      },
    },
    stopping.signal,
  );
  fake.show({ card: "present", eventCounter: 1 });
  await until("a presentation, and the card let go", () => presented && fake.disconnects.length > 0);
  stopping.abort();
  await running;
  return { hints, disconnects: fake.disconnects };
}

test("another card in the place of the first is one too many", async () => {
  const atr = Uint8Array.of(0x3b, 0x81, 0x80, 0x01, 0x55, 0x55);
  const { hints } = await serveOnce({ cards: [tag], onConnect: (fake) => fake.show({ eventCounter: 3, atr }) });
  expect(hints).toEqual(["one_at_a_time"]);
});

test("the same card again is one that wobbles", async () => {
  const { hints } = await serveOnce({ cards: [tag], onConnect: (fake) => fake.show({ eventCounter: 3 }) });
  expect(hints).toEqual(["hold_still"]);
});

const apple = { passTypes: [demoPassType("passkit")] };
test.each([
  ["loses its power", vasOptions(apple), "unpower"],
  [
    "keeps it beside a payment, which would else take the phone away",
    vasOptions({ ...apple, payment: "vas_and_payment" }),
    "leave",
  ],
])("a phone that was lost in mid-reading %s", async (_, options, end) => {
  const phone: CardScript = { kind: "iphone", passes: [applePass("P1:A")], removeAfter: 1 };
  const { hints, disconnects } = await serveOnce({ cards: [phone] }, { ...noWallet, apple: options });
  expect(hints).toEqual(["try_again"]);
  expect(disconnects).toEqual([end]);
});
