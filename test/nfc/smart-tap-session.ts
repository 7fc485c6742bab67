import { type CardLink, sendCommand } from "../../drivers/nfc/cards/apdu.ts";
import { readSmartTap, type SmartTapSetup, smartTapOptions } from "../../drivers/nfc/cards/smart-tap/index.ts";
import { parseTlv, type Tlv } from "../../drivers/nfc/cards/tlv.ts";
import type { WalletReading } from "../../drivers/nfc/cards/wallet.ts";
import type { Guidance } from "../../drivers/reader.ts";
import {
  type AndroidMerchant,
  type AndroidPass,
  type AndroidScript,
  type DemoCollectorName,
  demoCollector,
} from "../../fixtures/wallet/index.ts";
import { type PlayedPhone, played } from "./told-link.ts";

/** Sessions of Smart Tap without a reader in between. */

/** A merchant whose private key was published, as phones know it. */
export function merchant(name: DemoCollectorName, ...passes: readonly AndroidPass[]): AndroidMerchant {
  const { collectorId, keyVersion, publicKey } = demoCollector(name);
  return { collectorId, keys: [{ version: keyVersion, publicKey }], passes };
}

export function passOf(text: string, more: Omit<AndroidPass, "value"> = {}): AndroidPass {
  return { ...more, value: Uint8Array.from(Buffer.from(text, "latin1")) };
}

/** A virtual Android phone; `tamper` changes its answers by number. */
export function phone(script: Partial<AndroidScript>, tamper?: Parameters<typeof played>[1]): PlayedPhone {
  return played({ kind: "android", merchants: [], ...script }, tamper);
}

/** Selects the wallet behind `link`; null where there is none. */
export async function selectWallet(link: CardLink): Promise<readonly Tlv[] | null> {
  const name = Buffer.from("OSE.VAS.01", "ascii");
  const { statusWord, data } = await sendCommand(link, { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: name, le: 256 });
  const ose = parseTlv(data);
  return statusWord === 0x9000 && ose.ok ? ose.items : null;
}

/** Selects the wallet behind `link` and reads it. */
export async function readFrom(
  link: CardLink,
  setup: SmartTapSetup,
): Promise<{ readonly reading: WalletReading; readonly hints: readonly Guidance[] }> {
  const hints: Guidance[] = [];
  const reading = await readSmartTap(link, await selectWallet(link), smartTapOptions(setup), (hint) =>
    hints.push(hint),
  );
  return { reading, hints };
}

/** The values that were read, as text; the whole outcome where none was. */
export function valuesOf(reading: WalletReading): readonly string[] | WalletReading {
  return reading.outcome === "pass"
    ? reading.payloads.map(({ bytes }) => Buffer.from(bytes).toString("utf8"))
    : reading;
}
