import { type KeyObject, randomBytes } from "node:crypto";
import {
  type NfcReaderOptions,
  replayGuard,
  type SmartTapOptions,
  smartTapOptions,
  type VasOptions,
  vasOptions,
  type WalletNotice,
} from "../drivers/nfc/index.ts";
import type { Presentation } from "../drivers/reader.ts";
import type { Clock } from "./clock.ts";
import type { Conditions } from "./conditions.ts";
import type { AppleWalletConfig, GoogleWalletConfig, WalletConfig } from "./config/config.ts";
import type { Log } from "./log.ts";
import { readKeyFile } from "./wallet-keys.ts";

/** The wallets of this site, ready for every NFC reader, and what they say about its keys. */
export interface Wallets {
  /** What the reader with this id is told. */
  options(reader: string): Pick<NfcReaderOptions, "wallet" | "hce">;
  /** A presentation came: one that was opened shows that the keys fit. */
  seen(presentation: Presentation): void;
}

export interface WalletParts {
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Log;
  readonly conditions: Conditions;
  /** `$CREDENTIALS_DIRECTORY`, or null. */
  readonly credentialsDir: string | null;
}

/**
 * Reads all keys. One that cannot be used is a condition, and the others are used; a wallet without any key left is not
 * asked for. One memory against replays serves all readers.
 */
export async function openWallets(config: WalletConfig, parts: WalletParts): Promise<Wallets> {
  const notice = noticeTaker(parts);
  const keys = keyReader(parts);
  const apple = config.apple === null ? null : await openApple(config.apple, keys, notice, parts.clock);
  const google = config.google === null ? null : await openGoogle(config.google, keys, notice);
  const { hce } = config;
  return {
    options: (reader) => ({
      wallet: { apple, google, notice },
      ...(hce === null
        ? {}
        : {
            hce: {
              aid: Buffer.from(hce.aid, "hex"),
              answer: hce.answer,
              nonce: () => randomBytes(16),
              terminal: Buffer.from(reader, "ascii"),
            },
          }),
    }),
    seen: ({ outcome, protocol }) => {
      if (outcome === "payload" && protocol !== null) parts.conditions.clear("wallet_key_unknown", protocol);
    },
  };
}

type Notice = (notice: WalletNotice) => void;
type ReadKeys = (file: string) => Promise<readonly KeyObject[]>;

/** None, and a condition, for a file that cannot be used. */
function keyReader({ conditions, credentialsDir }: WalletParts): ReadKeys {
  return async (file) => {
    const reading = await readKeyFile(file, credentialsDir);
    if (reading.ok) return [reading.key];
    const { problem, remedy } = reading;
    conditions.raise({ code: "wallet_key_unusable", subject: file, severity: "error", detail: problem, remedy });
    return [];
  };
}

async function openApple(
  config: AppleWalletConfig,
  keys: ReadKeys,
  notice: Notice,
  clock: Pick<Clock, "wallMs">,
): Promise<VasOptions | null> {
  const read = config.passTypes.map(async ({ id, keyFiles }) => ({
    id,
    keys: (await Promise.all(keyFiles.map(keys))).flat(),
  }));
  const passTypes = (await Promise.all(read)).filter((passType) => passType.keys.length > 0);
  if (passTypes.length === 0) return null;
  return vasOptions({
    passTypes,
    ...(config.signupUrl === null ? {} : { signupUrl: config.signupUrl }),
    replay: replayGuard({
      now: () => Math.floor(clock.wallMs() / 1_000),
      toleranceSeconds: config.clockToleranceS,
      onBreach: config.onReplay,
    }),
    notice: (said) => notice({ protocol: "apple_vas", ...said }),
  });
}

async function openGoogle(config: GoogleWalletConfig, keys: ReadKeys, notice: Notice): Promise<SmartTapOptions | null> {
  const read = config.keys.map(async ({ version, file }) => (await keys(file)).map((key) => ({ version, key })));
  const held = (await Promise.all(read)).flat();
  if (held.length === 0) return null;
  return smartTapOptions({
    collectorId: config.collectorId,
    keys: held,
    services: config.services,
    notice: (said) => notice({ protocol: "smart_tap", ...said }),
  });
}

/** Logs what wallets say; what concerns our keys is a condition until a pass of that wallet was opened. */
function noticeTaker({ log, conditions }: WalletParts): Notice {
  return ({ protocol, code, detail }) => {
    log.warn("wallet_notice", { protocol, code, detail });
    if (protocol === null || (code !== "unknown_key" && code !== "refused")) return;
    const remedy =
      protocol === "apple_vas"
        ? "Add the file of that key to its pass type under [wallet.apple], or have the passes made for a key held here."
        : "Compare collector id, keys and versions under [wallet.google] with what Google knows of the merchant.";
    conditions.raise({ code: "wallet_key_unknown", subject: protocol, severity: "warning", detail, remedy });
  };
}
