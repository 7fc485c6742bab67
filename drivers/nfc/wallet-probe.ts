import type { Guidance, Protocol, UnreadableReason } from "../reader.ts";
import { type CardLink, sendCommand } from "./cards/apdu.ts";
import { readSmartTap, type SmartTapOptions } from "./cards/smart-tap/index.ts";
import { findTlv, parseTlv, type Tlv } from "./cards/tlv.ts";
import { readVas, type VasOptions } from "./cards/vas/index.ts";
import type { WalletFaultCode, WalletReading } from "./cards/wallet.ts";
import type { Probing } from "./probing.ts";

/** Finds out which wallet a phone has, and leaves the rest to the protocol of that wallet (wallet-nfc.md 1.0). */

export interface WalletOptions {
  /** Null: passes of Apple's wallet are not asked for. */
  readonly apple: VasOptions | null;
  /** Null: passes of Google's wallet are not asked for. */
  readonly google: SmartTapOptions | null;
  /** Hears of what staff should know and a presentation does not say. */
  readonly notice: (notice: WalletNotice) => void;
}

export interface WalletNotice {
  /** Null for a wallet that we do not know. */
  readonly protocol: WalletProtocol | null;
  readonly code: WalletFaultCode | "legacy" | "unknown_wallet";
  /** Names ids of keys and pass types; holds nothing that was read of a pass. */
  readonly detail: string;
}

export type WalletProtocol = Extract<Protocol, "apple_vas" | "smart_tap">;

export type WalletProbing =
  /** A wallet that we are set up for answered. */
  | { readonly outcome: "known"; readonly probing: Probing }
  /** None that says so; `late`: it may be worth asking for Google's by its own name, when nothing else is found. */
  | { readonly outcome: "unknown"; readonly late: boolean };

const walletName = Buffer.from("OSE.VAS.01", "ascii");

/** Selects the wallet and reads it. Nothing is sent when no wallet is asked for. Throws `CardFault`. */
export async function probeWallet(
  link: CardLink,
  options: WalletOptions,
  guide: (hint: Guidance) => void,
): Promise<WalletProbing> {
  const { apple, google, notice } = options;
  if (apple === null && google === null) return unknown;
  const select = { cla: 0, ins: 0xa4, p1: 0x04, p2: 0, data: walletName, le: 256 };
  const { statusWord, data } = await sendCommand(link, select);
  if (statusWord !== 0x9000) return notNamed;
  const parsing = parseTlv(data);
  const ose = parsing.ok ? parsing.items : [];
  const label = labelOf(ose);
  switch (label) {
    case "ApplePay":
      if (apple === null) return unknown;
      return settled("apple_vas", await readVas(link, ose, apple, guide), options, guide);
    case "AndroidPay":
      if (google === null) return unknown;
      return settled("smart_tap", await readSmartTap(link, ose, google, guide), options, guide);
    case null:
      return notNamed;
    default:
      notice({ protocol: null, code: "unknown_wallet", detail: `a wallet that calls itself ${label}` });
      return notNamed;
  }
}

/**
 * For what named no wallet and turned out to be nothing else: Google's wallet by its own name. Asking every tag would cost
 * each of them one more command. Null when it is none. Throws `CardFault`.
 */
export async function probeWalletLate(
  link: CardLink,
  options: WalletOptions,
  guide: (hint: Guidance) => void,
): Promise<Probing | null> {
  if (options.google === null) return null;
  const reading = await readSmartTap(link, null, options.google, guide);
  const found = settled("smart_tap", reading, options, guide);
  return found.outcome === "known" ? found.probing : null;
}

const unknown: WalletProbing = { outcome: "unknown", late: false };
const notNamed: WalletProbing = { outcome: "unknown", late: true };

/** What the wallet calls itself, at most 16 characters and those that are harmless in a log; null where it does not say. */
function labelOf(ose: readonly Tlv[]): string | null {
  const label = findTlv(ose, 0x6f, 0x50);
  if (label === null) return null;
  return Buffer.from(label.value.subarray(0, 16))
    .toString("latin1")
    .replaceAll(/[^0-9A-Za-z ._-]/g, "?");
}

function settled(
  protocol: WalletProtocol,
  reading: WalletReading,
  { notice }: WalletOptions,
  guide: (hint: Guidance) => void,
): WalletProbing {
  const unreadable = (reason: UnreadableReason, detail: string): WalletProbing => ({
    outcome: "known",
    probing: { outcome: "presented", presentation: { outcome: "unreadable", reason, detail, protocol } },
  });
  switch (reading.outcome) {
    case "not_mine":
      return unknown;
    case "none":
      return unreadable("no_pass", sentence(reading.detail));
    case "user":
      return { outcome: "known", probing: reading };
    case "fault":
      notice({ protocol, code: reading.code, detail: reading.detail });
      return unreadable(reasonOf[reading.code], sentence(reading.detail));
    case "pass": {
      const [first, ...more] = reading.payloads;
      if (first === undefined) return unreadable("no_pass", "The wallet gave nothing.");
      if (more.length > 0) {
        // Which of them is meant is not for us to say.
        guide("one_at_a_time");
        return unreadable("card_unsupported", `The wallet gave ${reading.payloads.length} passes at once.`);
      }
      const { bytes } = first;
      const presentation = { outcome: "payload", bytes, protocol, symbology: null, aim: null, ndef: null } as const;
      return { outcome: "known", probing: { outcome: "presented", presentation } };
    }
  }
}

/** What the guest is told: whether it is this pass, or this terminal. */
const reasonOf: Readonly<Record<WalletFaultCode, UnreadableReason>> = {
  unsupported_version: "card_unsupported",
  refused: "reader_fault",
  failed: "read_interrupted",
  bad_answer: "card_unsupported",
  unknown_key: "reader_fault",
  bad_seal: "card_unsupported",
  stale: "card_unsupported",
  replayed: "card_unsupported",
};

function sentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}
