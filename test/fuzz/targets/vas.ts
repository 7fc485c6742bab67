import { type CardLink, sendCommand } from "../../../drivers/nfc/cards/apdu.ts";
import { readPrivateKey } from "../../../drivers/nfc/cards/keys.ts";
import { parseTlv } from "../../../drivers/nfc/cards/tlv.ts";
import { readVas, vasOptions } from "../../../drivers/nfc/cards/vas/index.ts";
import { demoKey, demoKeyNames, type IphoneScript, publicPoint } from "../../../fixtures/wallet/index.ts";
import { readTalk, recordTalk } from "../card-talk.ts";

const options = vasOptions({
  payment: "vas_or_payment",
  passTypes: demoKeyNames.map((name) => {
    const { passType, privateKey } = demoKey(name);
    return { id: passType, keys: [readPrivateKey(privateKey)] };
  }),
});
const commandsMax = 200;

/** Selects the wallet and reads it, as a probe does. */
async function read(link: CardLink): Promise<string> {
  const name = Buffer.from("OSE.VAS.01", "ascii");
  const { data } = await sendCommand(link, { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: name, le: 256 });
  const ose = parseTlv(data);
  if (!ose.ok) return ose.fault;
  const reading = await readVas(link, ose.items, options, () => undefined);
  if (reading.outcome === "pass" && reading.payloads.some(({ bytes }) => bytes.length > 1_200)) {
    throw new Error("a message longer than its cryptogram may be");
  }
  return reading.outcome === "fault" ? reading.code : reading.outcome;
}

/** The input is what a phone says: a length byte, so many bytes, and so on; after the last it is gone. */
export const target = {
  name: "vas",
  dictionary: ["ApplePay", "\x9f\x27", "\x9f\x2a\x00", "\x62\x87", "\x69\x84", "\x6a\x83", "\x90\x00"],
  async seeds(): Promise<readonly Uint8Array[]> {
    const passes = demoKeyNames.map((name) => {
      const { passType, privateKey } = demoKey(name);
      const message = Buffer.from(`PASS-${name}`);
      const phoneKey = new Uint8Array(32).fill(7);
      return { passType, publicKey: publicPoint(privateKey), message, sealedAt: 1_790_000_000, phoneKey };
    });
    const nonce = Uint8Array.of(1, 2, 3, 4);
    const scripts: readonly IphoneScript[] = [
      { kind: "iphone", nonce, passes, authenticated: true },
      { kind: "iphone", nonce, passes: passes.slice(2) },
      { kind: "iphone", nonce, passes: passes.map((pass) => ({ ...pass, variant: "legacy" })) },
      { kind: "iphone", nonce, passes, replyMode: "get_response" },
      { kind: "iphone", nonce, passes: [], state: "locked" },
      { kind: "iphone", nonce, passes: [], state: "choosing" },
      { kind: "iphone", nonce, passes: [] },
      { kind: "iphone", nonce, passes: [], version: 0x0200 },
      { kind: "iphone", nonce, passes: [], capabilities: 0x10 },
      { kind: "iphone", nonce, passes: [], label: "AndroidPay" },
    ];
    return Promise.all(scripts.map((script) => recordTalk(script, read)));
  },
  /** Throws when the reading throws anything but a fault of the card, or gives or asks more than it may. */
  run: (input: Uint8Array) => readTalk(input, commandsMax, read),
};
