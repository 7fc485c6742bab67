import type { KeyObject } from "node:crypto";
import type { WalletFaultCode } from "../wallet.ts";
import { freshSecrets, type SessionSecrets } from "./secrets.ts";

/** What a reader of Google Smart Tap is told once, checked and made ready for every tap. */

export interface SmartTapSetup {
  /** The collector id in decimal, as Google hands it out; 1-20 digits. */
  readonly collectorId: string;
  /** The merchant's keys, newest first, at most 4: a phone that refuses one is asked with the next, and `notice` hears of it. */
  readonly keys: readonly SmartTapKey[];
  /** What to ask for; `["all"]` without. At most 8. */
  readonly services?: readonly SmartTapService[];
  /** What the terminal says of itself; nothing without. */
  readonly traits?: readonly TerminalTrait[];
  /** What else is done with this tap; `pass_only` without. */
  readonly tapMode?: TapMode;
  /** Lets the phone compress its answer; true without. */
  readonly compression?: boolean;
  /**
   * Signs without the phone's nonce, and takes an answer to such a signature. Anybody who recorded one can then ask phones
   * for these passes: off unless a phone is known to need it.
   */
  readonly presigned?: boolean;
  /** Hears of what does not stop a reading. */
  readonly notice?: (notice: SmartTapNotice) => void;
  /** What each session draws at random; truly random without. Called once per key that is tried. */
  readonly secrets?: () => SessionSecrets;
  /** Sequence number of a session's first command; 1 without. Older terminals start at 0. */
  readonly firstSequence?: 0 | 1;
}

export interface SmartTapKey {
  /** The number under which Google knows the public half, 0 to 2^32 - 1. */
  readonly version: number;
  /** Private, P-256. */
  readonly key: KeyObject;
}

/** Something worth a line in a log; `detail` holds nothing that was read. */
export interface SmartTapNotice {
  readonly code: WalletFaultCode;
  readonly detail: string;
}

/** Service types and the bytes that ask for them (wallet-nfc.md 1.6.3). */
export const smartTapServices = {
  all: 0x00,
  all_except_ppse: 0x01,
  ppse: 0x02,
  loyalty: 0x03,
  offer: 0x04,
  gift_card: 0x05,
  private_label: 0x06,
  event: 0x07,
  flight: 0x08,
  transit: 0x09,
  cloud_wallet: 0x10,
  mobile_marketing: 0x11,
  generic: 0x12,
  generic_private: 0x13,
  wallet_customer: 0x40,
} as const;
export type SmartTapService = keyof typeof smartTapServices;

const traits = {
  standalone: 0x01,
  semi_integrated: 0x02,
  unattended: 0x04,
  online: 0x08,
  offline: 0x10,
  mobile_marketing: 0x20,
} as const;
export type TerminalTrait = keyof typeof traits;
const compressionSupported = 0x40;

const tapModes = { pass_only: 0x01, pass_and_payment: 0x04, pass_over_payment: 0x08 } as const;
export type TapMode = keyof typeof tapModes;

/** A `SmartTapSetup` made ready. */
export interface SmartTapOptions {
  /** As configured, for people. */
  readonly collectorId: string;
  /** As sent, 4 bytes. */
  readonly collector: Uint8Array;
  readonly keys: readonly SmartTapKey[];
  /** One byte for each service asked for. */
  readonly services: readonly number[];
  /** Payload of the record `pcr`, 5 bytes. */
  readonly capabilities: Uint8Array;
  readonly presigned: boolean;
  readonly notice: (notice: SmartTapNotice) => void;
  readonly secrets: () => SessionSecrets;
  readonly firstSequence: number;
}

export const smartTapMistakeCodes = [
  "bad_collector",
  "no_key",
  "too_many_keys",
  "bad_key_version",
  "doubled_key_version",
  "not_p256",
  "no_service",
  "too_many_services",
  "doubled_service",
] as const;
export type SmartTapMistakeCode = (typeof smartTapMistakeCodes)[number];

/** Why a setup cannot be used, in one sentence for who wrote it. */
export class SmartTapMistake extends Error {
  override readonly name = "SmartTapMistake";
  readonly code: SmartTapMistakeCode;
  constructor(code: SmartTapMistakeCode, message: string) {
    super(message);
    this.code = code;
  }
}

const keysMax = 4;
const servicesMax = 8;
const wordMax = 0xffff_ffff;

/** Checks a setup and computes what taps need. Throws `SmartTapMistake`. */
export function smartTapOptions(setup: SmartTapSetup): SmartTapOptions {
  const { collectorId, keys, services = ["all"], compression = true, tapMode = "pass_only" } = setup;
  checkKeys(keys);
  checkServices(services);
  const system = (setup.traits ?? []).reduce((bits, trait) => bits | traits[trait], 0);
  return {
    collectorId,
    collector: collectorBytes(collectorId),
    keys: [...keys],
    services: services.map((service) => smartTapServices[service]),
    // The three bytes between have no effect that anybody knows.
    capabilities: Uint8Array.of(system | (compression ? compressionSupported : 0), 0, 0, 0, tapModes[tapMode]),
    presigned: setup.presigned ?? false,
    notice: setup.notice ?? (() => undefined),
    secrets: setup.secrets ?? freshSecrets,
    firstSequence: setup.firstSequence ?? 1,
  };
}

function checkKeys(keys: readonly SmartTapKey[]): void {
  if (keys.length === 0) throw new SmartTapMistake("no_key", "no key to sign with");
  if (keys.length > keysMax) throw new SmartTapMistake("too_many_keys", `${keys.length} keys; at most ${keysMax}`);
  for (const [index, { version, key }] of keys.entries()) {
    if (!Number.isInteger(version) || version < 0 || version > wordMax) {
      throw new SmartTapMistake("bad_key_version", `key version ${version}: a whole number from 0 to ${wordMax}`);
    }
    if (keys.findIndex((other) => other.version === version) !== index) {
      throw new SmartTapMistake("doubled_key_version", `key version ${version} is there twice`);
    }
    if (key.type !== "private" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
      throw new SmartTapMistake("not_p256", `key version ${version} is no private key of P-256`);
    }
  }
}

function checkServices(services: readonly SmartTapService[]): void {
  if (services.length === 0) throw new SmartTapMistake("no_service", "no service to ask for");
  if (services.length > servicesMax) {
    throw new SmartTapMistake("too_many_services", `${services.length} services; at most ${servicesMax}`);
  }
  const doubled = services.find((service, index) => services.indexOf(service) !== index);
  if (doubled !== undefined) throw new SmartTapMistake("doubled_service", `the service ${doubled} is there twice`);
}

/** The last four bytes of the number, as Google says of longer ones. */
function collectorBytes(collectorId: string): Uint8Array {
  if (!/^\d{1,20}$/.test(collectorId)) {
    throw new SmartTapMistake("bad_collector", `"${collectorId}" is no collector id: 1 to 20 digits`);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(BigInt.asUintN(32, BigInt(collectorId))));
  return bytes;
}
