import type { Guidance } from "../../../reader.ts";
import { statusText } from "../apdu.ts";
import type { WalletFaultCode, WalletReading } from "../wallet.ts";

/** What a phone's status words and session statuses mean to the reading (wallet-nfc.md 1.6.5, 1.6.3). */

export type Reaction =
  /** Done, with data to read. */
  | { readonly kind: "go_on" }
  /** Done, and there is no pass. */
  | { readonly kind: "no_pass" }
  /** The rest of the answer must be asked for. */
  | { readonly kind: "more" }
  /** A passing trouble: the same step again, with a new sequence number. */
  | { readonly kind: "again"; readonly detail: string }
  /** The phone does not know our key, its number or the collector. */
  | { readonly kind: "wrong_key"; readonly status: string }
  | Stop;

/** The end of the session. */
export interface Stop {
  readonly kind: "stop";
  readonly reading: WalletReading;
  /** What its owner should do; null where nothing helps. */
  readonly hint: Guidance | null;
}

/** The first byte decides; only where the second is known to say more, it is heard. */
export function reactTo(statusWord: number): Reaction {
  const status = statusText(statusWord);
  switch (statusWord >> 8) {
    case 0x90:
      return { kind: statusWord === 0x9001 ? "no_pass" : "go_on" };
    case 0x91:
      if (statusWord === 0x9100) return { kind: "more" };
      return { kind: statusWord === 0x9102 ? "no_pass" : "go_on" };
    case 0x92:
      return { kind: "again", detail: `the phone failed (${status})` };
    case 0x93: {
      const guidance = statusWord === 0x9300 ? "unlock_phone" : "choose_pass";
      return { kind: "stop", reading: { outcome: "user", guidance }, hint: guidance };
    }
    case 0x94:
      if (statusWord === 0x9406) return stop("failed", `the phone was asked too often (${status})`, "try_again");
      return stop("refused", `the phone calls our command wrong (${status})`);
    case 0x95:
      if (statusWord === 0x9502) return stop("unsupported_version", `the phone refuses version 0001 (${status})`);
      return { kind: "wrong_key", status };
    default:
      return stop("failed", `the phone answered with ${status}`);
  }
}

/** `status`: second byte after the session id in record `ses`. Null: all is well. */
export function reactToSession(status: number): Extract<Reaction, { readonly kind: "again" }> | Stop | null {
  switch (status) {
    case 0x01:
      return null;
    case 0x03:
      return stop("unsupported_version", "the phone refuses version 0001 (session status 03)");
    case 0x08:
      return { kind: "again", detail: "the phone wants the command again (session status 08)" };
    case 0x00:
    case 0x09:
      return stop("failed", `the phone cannot now (session status 0${status})`, "try_again");
    default:
      // NDEF, sequence, merchant unknown, merchant or service missing: what we said was wrong.
      return stop("refused", `the phone calls our command wrong (session status ${statusText(status).slice(2)})`);
  }
}

/** The end by a fault. */
export function stop(code: WalletFaultCode, detail: string, hint: Guidance | null = null): Stop {
  return { kind: "stop", reading: { outcome: "fault", code, detail }, hint };
}
