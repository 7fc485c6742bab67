import { type CardLink, sendCommand } from "../../../drivers/nfc/cards/apdu.ts";
import { readPrivateKey } from "../../../drivers/nfc/cards/keys.ts";
import {
  ephemeralKey,
  readSmartTap,
  type SessionSecrets,
  smartTapOptions,
} from "../../../drivers/nfc/cards/smart-tap/index.ts";
import { parseTlv } from "../../../drivers/nfc/cards/tlv.ts";
import { type AndroidScript, demoCollector } from "../../../fixtures/wallet/index.ts";
import { readTalk, recordTalk } from "../card-talk.ts";

const { collectorId, keyVersion, privateKey, publicKey } = demoCollector("google");
const key = readPrivateKey(privateKey);
const phoneNonce = new Uint8Array(32).fill(5);
/** Always the same, so that a recorded phone's answers fit: `key` made this signature for them once. */
const secrets: SessionSecrets = {
  sessionId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  terminalNonce: new Uint8Array(32).fill(9),
  ephemeral: ephemeralKey(new Uint8Array(32).fill(7)),
  sign: () =>
    Buffer.from(
      "MEUCIQDhYsgDDGq1BkK4mBXkF5l101p7U+DGID4Xi/j3VJk5OAIgPKdzkrQy3FW0Ct1auttnSHV2mUiQc+Ll4l2gYtFFMiw=",
      "base64",
    ),
};
const options = smartTapOptions({
  collectorId,
  keys: [keyVersion, keyVersion + 1].map((version) => ({ version, key })),
  secrets: () => secrets,
});
/** Two keys x (SELECT, 3 x NEGOTIATE, 3 x (GET + 16 more)), each with at most 34 exchanges, and SELECT OSE. */
const commandsMax = 3_774;

/** Selects the wallet and reads it, as a probe does. */
async function read(link: CardLink): Promise<string> {
  const name = Buffer.from("OSE.VAS.01", "ascii");
  const { statusWord, data } = await sendCommand(link, { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: name, le: 256 });
  const parsing = parseTlv(data);
  const ose = statusWord === 0x9000 && parsing.ok ? parsing.items : null;
  const reading = await readSmartTap(link, ose, options, () => undefined);
  if (reading.outcome === "pass" && reading.payloads.some(({ bytes }) => Buffer.from(bytes).toString() !== value)) {
    throw new Error("the phone's seal let something else through");
  }
  return reading.outcome === "fault" ? reading.code : reading.outcome;
}

const value = "P1.ANDROID";

/** The input is what a phone says: a length byte, so many bytes, and so on; after the last it is gone. */
export const target = {
  name: "smart-tap",
  dictionary: [
    "AndroidPay",
    "\xdf\x62\x01\x03",
    "ses",
    "dpk",
    "reb",
    "\x90\x00",
    "\x91\x00",
    "\x92\x03",
    "\x93\x00",
    "\x95\x00",
  ],
  async seeds(): Promise<readonly Uint8Array[]> {
    const merchant = {
      collectorId,
      keys: [{ version: keyVersion, publicKey }],
      passes: [{ value: Buffer.from(value) }],
    };
    const fixed = { nonce: phoneNonce, phoneKey: new Uint8Array(32).fill(3), iv: new Uint8Array(12).fill(4) };
    const phone = { kind: "android", merchants: [merchant], ...fixed } as const;
    const scripts: readonly AndroidScript[] = [
      phone,
      { ...phone, wallet: "discretionary" },
      { ...phone, wallet: "bare", compress: true },
      { ...phone, wallet: "absent", partBytes: 40 },
      { ...phone, wallet: "pay_only" },
      { ...phone, merchants: [{ ...merchant, passes: [] }] },
      { ...phone, merchants: [] },
      { ...phone, troubles: 1 },
      { ...phone, troubles: 3 },
      { ...phone, state: "locked" },
      { ...phone, state: "choosing" },
      { ...phone, versions: [2, 3] },
      { ...phone, merchants: [{ ...merchant, keys: [{ version: keyVersion + 1, publicKey }] }] },
    ];
    return Promise.all(scripts.map((script) => recordTalk(script, read)));
  },
  /** Throws when the reading throws anything but a fault of the card, asks more than it may, or gives what was not sealed. */
  run: (input: Uint8Array) => readTalk(input, commandsMax, read),
};
