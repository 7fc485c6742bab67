import type { Guidance } from "../../reader.ts";

/** What the wallet of a phone gave, whichever wallet it is. */

export type WalletReading =
  /** One or more passes; `id` names what each was asked by: a pass type, a collector's service object. */
  | { readonly outcome: "pass"; readonly payloads: readonly WalletPayload[] }
  /** The wallet is there and holds no pass of ours. */
  | { readonly outcome: "none"; readonly detail: string }
  /** Its owner must unlock or choose; the same phone comes back. */
  | { readonly outcome: "user"; readonly guidance: Guidance }
  /** Another wallet, or none. */
  | { readonly outcome: "not_mine" }
  | { readonly outcome: "fault"; readonly code: WalletFaultCode; readonly detail: string };

export interface WalletPayload {
  readonly bytes: Uint8Array;
  readonly id: string;
}

/** Why a wallet that may hold a pass of ours gave none. `detail` says it to staff and holds nothing that was read. */
export const walletFaultCodes = [
  /** The phone speaks a version of the protocol that we do not. */
  "unsupported_version",
  /** It calls our command wrong, or our signature, or us unknown: configuration, or our mistake. */
  "refused",
  /** It cannot now, for a reason of its own. */
  "failed",
  /** What it says breaks the protocol. */
  "bad_answer",
  /** The pass was sealed for a key that we do not hold; `detail` names the id wanted and the ids held. */
  "unknown_key",
  /** The seal does not open with the key it names: a pass of another pass type or collector, or tampered with. */
  "bad_seal",
  /** Sealed too long ago or too far ahead. */
  "stale",
  /** The same sealed bytes were seen before. */
  "replayed",
] as const;
export type WalletFaultCode = (typeof walletFaultCodes)[number];
