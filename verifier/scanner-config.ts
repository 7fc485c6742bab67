import { badMember, readDocument } from "./document.ts";
import { type Checked, good, refused } from "./fault.ts";
import { isRecord, type JsonRecord } from "./json.ts";
import { largestInteger } from "./members.ts";
import type { Primitives } from "./primitives.ts";
import { checkSigner } from "./signer.ts";
import { isClockSound, type VerificationTime } from "./time.ts";
import type { Trust } from "./trust.ts";
import type { EpochSeconds } from "./verdict.ts";

/** A verified `scanner-config+jws` (formats.md section 2). Whether its version is newer than the one in force is for the caller. */
export interface ScannerConfig {
  readonly scannerId: string;
  readonly version: number;
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  readonly enabled: boolean;
  /** Same keys as the configuration file; to be checked like that file. */
  readonly config: JsonRecord;
}

/** Reads the signed configuration of one scanner and verifies it with a config key of the accepted key set. */
export async function readScannerConfig(
  text: string,
  scannerId: string,
  trust: Trust,
  at: VerificationTime,
  primitives: Primitives,
): Promise<Checked<ScannerConfig>> {
  const name = "config.jws";
  const document = await readDocument(name, "scanner-config+jws", text, trust, primitives);
  if (!document.ok) return document;
  const { members } = document.value;
  const version = members.integer("ver", 0, largestInteger);
  const issuedAt = members.time("iat");
  const expiresAt = members.time("exp");
  const { enabled, config } = members.record;
  if (members.text("scn") !== scannerId) members.refuse("scn");
  if (members.bad !== null) return badMember(name, members.bad);
  if (typeof enabled !== "boolean") return badMember(name, "enabled");
  if (!isRecord(config)) return badMember(name, "config");
  if (trust.keys === null) return refused("bad_signature", name, "no key set to verify it with");
  const signer = await checkSigner(document.value, trust.keys, "config", issuedAt);
  if (!signer.ok) return signer;
  if (isClockSound(at) && at.now >= expiresAt) {
    return refused("expired", name, `ended at ${expiresAt}, now is ${at.now}`);
  }
  return good({ scannerId, version, issuedAt, expiresAt, enabled, config });
}
