import type { Command } from "../apdu.ts";
import { writeTlv } from "../tlv.ts";
import type { VasOptions, VasPayment } from "./options.ts";

/** GET VAS DATA, the one command of Apple VAS 1.0 after the wallet was selected (wallet-nfc.md 1.4.3). */

/** Version 1.0: what we speak, and what the phone must. */
export const vasVersion = 0x0100;

/** What one command asks beside what its options say. */
export interface VasQuestion {
  /** SHA-256 of the pass type id; null to offer the sign-up URL only. */
  readonly merchantId: Uint8Array | null;
  /** Another GET VAS DATA follows in this session. */
  readonly more: boolean;
}

const tag = {
  version: 0x9f22,
  merchantId: 0x9f25,
  capabilities: 0x9f26,
  nonce: 0x9f28,
  signupUrl: 0x9f29,
  filter: 0x9f2b,
} as const;

const paymentMode: Readonly<Record<VasPayment, number>> = { vas_or_payment: 0, vas_and_payment: 1, vas_only: 2 };

type Asking = Pick<VasOptions, "payment" | "authentication" | "nonce" | "filter" | "signupUrl">;

/** The command in its canonical order of objects, 16 to 192 bytes of data. */
export function getVasData(question: VasQuestion, asking: Asking): Command {
  const { merchantId, more } = question;
  const objects = [
    writeTlv(tag.version, Uint8Array.of(vasVersion >> 8, vasVersion & 0xff)),
    ...(merchantId === null ? [] : [writeTlv(tag.merchantId, merchantId)]),
    writeTlv(tag.capabilities, capabilities(asking, more)),
    ...(asking.nonce === undefined ? [] : [writeTlv(tag.nonce, asking.nonce())]),
    ...(asking.filter === undefined ? [] : [writeTlv(tag.filter, asking.filter)]),
    // The offer of a pass comes last: while more is asked, the phone may still have one.
    ...(asking.signupUrl === undefined || more
      ? []
      : [writeTlv(tag.signupUrl, Buffer.from(asking.signupUrl, "ascii"))]),
  ];
  return { cla: 0x80, ins: 0xca, p1: 0x01, p2: merchantId === null ? 0 : 1, data: Buffer.concat(objects), le: 256 };
}

/** Terminal capabilities: VAS supported, terminal of a shop (type 0). */
function capabilities({ payment = "vas_only", authentication = false }: Asking, more: boolean): Uint8Array {
  return Uint8Array.of(0x00, authentication ? 0xc0 : 0x80, 0x00, (more ? 0x80 : 0x00) | paymentMode[payment]);
}
