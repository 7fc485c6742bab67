import { mkdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { type Clock, rfc3339 } from "./clock.ts";
import { EnrolFault, enrol } from "./cloud/enroll.ts";
import { openRoute } from "./cloud/http.ts";
import type { Config } from "./config/index.ts";
import { deviceSigner, makeDeviceKey } from "./device-jws.ts";
import { type Identity, readDeviceKey, readIdentity, writeDeviceKey, writeIdentity } from "./identity.ts";
import { readTerminalLock } from "./move/lock.ts";
import { writeRotationKeys } from "./rotation-keys.ts";
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
  const lock = readTerminalLock(config.stateDir);
  if (lock !== null) {
    throw new EnrolFault(
      "locked",
      "this terminal is locked: it is being replaced, or replaces another",
      "pass-agent move cancel, or: pass-agent move import <file>",
    );
  }
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  let key = readDeviceKey(config.stateDir);
  if (key === null) {
    key = makeDeviceKey();
    writeDeviceKey(config.stateDir, key);
  }
  const ca = config.cloud.caFile === null ? null : readFileSync(config.cloud.caFile, "utf8");
  const http = openRoute(config.cloud, ca);
  try {
    const { identity, rotationKeys } = await enrol(
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
    checkSame(readIdentity(config.stateDir), identity, config.stateDir);
    // A running agent starts as soon as it sees the identity: the keys are there by then.
    writeRotationKeys(config.stateDir, rotationKeys);
    writeIdentity(config.stateDir, identity, rfc3339(parts.clock.wallMs()));
    return identity;
  } finally {
    http.close();
  }
}

/**
 * A terminal keeps what it remembers and what it has not sent when it is enrolled again. Both are of its scanner: under
 * another one the cloud would refuse those scans, and nobody would be told of the passes used here.
 */
function checkSame(before: Identity | null, after: Identity, stateDir: string): void {
  if (before === null) return;
  if (before.rootPin !== after.rootPin) {
    throw new EnrolFault(
      "root_mismatch",
      `the cloud's first root is ${after.rootPin}, and this terminal pinned ${before.rootPin} when it was enrolled`,
      "somebody may be between this terminal and the cloud: do not go on before the tenant's root was checked",
    );
  }
  if (before.tenantId === after.tenantId && before.scannerId === after.scannerId) return;
  throw new EnrolFault(
    "other_scanner",
    `this terminal is ${before.scannerId} of ${before.tenantId}, and the code is for ${after.scannerId} of ${after.tenantId}`,
    `make a new code at ${before.scannerId} in the dashboard; for a new scanner begin with an empty state folder instead of ${stateDir}`,
  );
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
