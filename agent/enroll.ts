import { mkdirSync, readFileSync } from "node:fs";
import os from "node:os";
import type { Clock } from "./clock.ts";
import { EnrolFault, enrol } from "./cloud/enroll.ts";
import { openHttp } from "./cloud/http.ts";
import type { Config } from "./config/index.ts";
import { deviceSigner, makeDeviceKey } from "./device-jws.ts";
import { type Identity, readDeviceKey, writeDeviceKey, writeIdentity } from "./identity.ts";
import { seedPin } from "./seed.ts";
import { ulidMaker } from "./ulid.ts";

export interface EnrolTerminal {
  readonly config: Config;
  readonly code: string;
  /** Base64url SHA-256 of the first root from the enrolment QR, or null. */
  readonly rootPin: string | null;
  readonly signal: AbortSignal;
}

/**
 * Makes this terminal's key if it has none, trades the code for an identity and keeps both. A running agent takes the
 * identity up by itself. The key is on disk before it is shown to the cloud, so a cut on the way is cured by asking again.
 *
 * Rejects with `CloudFault`, `EnrolFault`, `IdentityFault`, `BundleFault` (the seed) or what the disk says.
 */
export async function enrolTerminal(
  request: EnrolTerminal,
  parts: { readonly clock: Clock; readonly version: string },
): Promise<Identity> {
  const { config } = request;
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  let key = readDeviceKey(config.stateDir);
  if (key === null) {
    key = makeDeviceKey();
    writeDeviceKey(config.stateDir, key);
  }
  const ca = config.cloud.caFile === null ? null : readFileSync(config.cloud.caFile, "utf8");
  const http = openHttp(config.cloud.url, ca);
  try {
    const identity = await enrol(
      http,
      await deviceSigner(key),
      {
        code: request.code,
        environment: config.environment,
        pin: await expectedRoot(config, request.rootPin),
        hardware: { model: os.machine(), os: `${os.type()} ${os.release()}`, agent_version: parts.version },
      },
      { newId: ulidMaker(parts.clock.wallMs), signal: request.signal },
    );
    writeIdentity(config.stateDir, identity);
    return identity;
  } finally {
    http.close();
  }
}

/**
 * The first of configuration, QR code and seed; the first two must agree when both are there (formats.md section 2). A seed
 * that cannot be used is a refusal here: without it the next best would be to believe the connection.
 */
async function expectedRoot(config: Config, fromQr: string | null) {
  const { trustRoot, trustBundle } = config.cloud;
  if (trustRoot !== null && fromQr !== null && trustRoot !== fromQr) {
    throw new EnrolFault(
      "root_mismatch",
      `trust_root in the configuration is ${trustRoot} and the enrolment code says ${fromQr}`,
      "one of them belongs to another tenant or environment: make the code again, or correct trust_root",
    );
  }
  if (trustRoot !== null) return { sha256: trustRoot, origin: "config" } as const;
  if (fromQr !== null) return { sha256: fromQr, origin: "qr" } as const;
  if (trustBundle === null) return null;
  return { sha256: await seedPin(trustBundle, config.stateDir), origin: "bundle" } as const;
}
