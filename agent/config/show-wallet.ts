import type { WalletConfig } from "./config.ts";
import type { JsonObject } from "./value-type.ts";

/** The wallets with all defaults, in the names and shape of the file; none of them without. */
export function walletShape({ apple, google, hce }: WalletConfig): JsonObject {
  if (apple === null && google === null && hce === null) return {};
  return {
    wallet: {
      ...(apple === null
        ? {}
        : {
            apple: {
              pass_types: apple.passTypes.map(({ id, keyFiles }) => ({ id, key_files: keyFiles })),
              signup_url: apple.signupUrl,
              clock_tolerance_s: apple.clockToleranceS,
              on_replay: apple.onReplay,
            },
          }),
      ...(google === null
        ? {}
        : {
            google: {
              collector_id: google.collectorId,
              keys: google.keys.map(({ version, file }) => ({ version, file })),
              services: google.services,
            },
          }),
      ...(hce === null ? {} : { hce: { aid: hce.aid, answer: hce.answer } }),
    },
  };
}
