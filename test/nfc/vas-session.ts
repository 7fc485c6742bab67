import { type CardLink, sendCommand } from "../../drivers/nfc/cards/apdu.ts";
import { parseTlv } from "../../drivers/nfc/cards/tlv.ts";
import { readVas, type VasOptions } from "../../drivers/nfc/cards/vas/index.ts";
import type { WalletReading } from "../../drivers/nfc/cards/wallet.ts";
import type { Guidance } from "../../drivers/reader.ts";
import {
  type DemoKeyName,
  demoKey,
  type IphonePass,
  type IphoneScript,
  publicPoint,
} from "../../fixtures/wallet/index.ts";
import { answering, type PlayedPhone, played } from "./told-link.ts";
import { walletAnswer } from "./vas-vectors.ts";

/** Sessions of Apple VAS without a reader in between. */

export const text = (raw: Uint8Array): string => Buffer.from(raw).toString("utf8");
export const latin1 = (words: string): Uint8Array => Uint8Array.from(Buffer.from(words, "latin1"));

/** The least that asks for PassKit's demo pass, in hex. */
export const minimalCommand =
  "80ca01012f9f220201009f252003b57cdb3eca0984ba9abdc2fb45d86626d87b39d33c5c6dbbc313a6347a31469f26040080000200";

/** A virtual iPhone; `end` cuts its power and gives what its screen has shown. */
export function phone(script: Partial<IphoneScript>): PlayedPhone {
  return played({ kind: "iphone", passes: [], ...script });
}

/** A pass for a published key. */
export function pass(name: DemoKeyName, message = `PASS-${name}`): IphonePass {
  const { passType, privateKey } = demoKey(name);
  return { passType, publicKey: publicPoint(privateKey), message: latin1(message) };
}

/** Selects the wallet behind `link` and reads it. */
export async function readFrom(
  link: CardLink,
  options: VasOptions,
): Promise<{ readonly reading: WalletReading; readonly hints: readonly Guidance[] }> {
  const name = latin1("OSE.VAS.01");
  const { data } = await sendCommand(link, { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: name, le: 256 });
  const ose = parseTlv(data);
  const hints: Guidance[] = [];
  const reading = await readVas(link, ose.ok ? ose.items : [], options, (hint) => hints.push(hint));
  return { reading, hints };
}

/** What comes of a ready phone that gives these answers. */
export async function readAnswers(options: VasOptions, ...answers: readonly string[]): Promise<WalletReading> {
  return (await readFrom(answering(walletAnswer, ...answers), options)).reading;
}
