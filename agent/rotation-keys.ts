import { join } from "node:path";
import type { RotationKeys } from "../verifier/index.ts";
import { IdentityFault, readJson } from "./identity.ts";
import { writeSecret } from "./secret-file.ts";

/** `K_kid` of one pass key (formats.md section 6). */
export interface RotationKey {
  /** Decimal, 1 to 65535. */
  readonly kid: string;
  /** Base64url. */
  readonly k: string;
}

/** The secrets of rotating codes: from the cloud over TLS, kept in a file of their own with mode 0600. */
export interface RotationKeyring extends RotationKeys {
  /**
   * Takes what the cloud says now, all of it or nothing: keys that it does not name any more are forgotten. What is the same
   * is not written again.
   *
   * @param offered `rotation_keys` of the enrolment reply or the configuration call; anything
   * @throws what the disk says; the keys in use stay then
   */
  take(offered: unknown): "taken" | "unchanged" | "refused";
}

export const rotationKeysName = "rotation-keys.json";
/** Pass keys of a tenant are numbered, and few. */
const mostKeys = 256;
const decimal = /^[1-9][0-9]{0,4}$/;
/** HMAC keys of 16 to 64 bytes (RFC 2104 section 3: longer ones are hashed first). */
const shortestKey = 16;
const longestKey = 64;

/**
 * Reads the list of keys as the wire has it.
 *
 * @returns null for anything else: no array, too many, a kid twice, a number out of range, a key that is no base64url of 16
 *   to 64 bytes
 */
export function readRotationKeys(value: unknown): readonly RotationKey[] | null {
  if (!Array.isArray(value) || value.length > mostKeys) return null;
  const keys: RotationKey[] = [];
  for (const row of value) {
    if (typeof row !== "object" || row === null) return null;
    const { kid, k }: { readonly kid?: unknown; readonly k?: unknown } = row;
    if (typeof kid !== "string" || !decimal.test(kid) || Number(kid) > 0xffff) return null;
    if (typeof k !== "string" || keyBytes(k) === null || keys.some((known) => known.kid === kid)) return null;
    keys.push({ kid, k });
  }
  return keys;
}

/** Replaces the file; a running agent hears of it by `take`, or at its next start. */
export function writeRotationKeys(stateDir: string, keys: readonly RotationKey[]): void {
  writeSecret(join(stateDir, rotationKeysName), JSON.stringify({ keys }));
}

/**
 * @param periodS how long one value lasts, from the configuration
 * @throws IdentityFault for a file that is not one
 */
export function openRotationKeys(stateDir: string, periodS: number): RotationKeyring {
  let keys = load(stateDir);
  return {
    periodS,
    keyFor: (kid) => {
      const found = keys.find((key) => key.kid === kid);
      return found === undefined ? null : keyBytes(found.k);
    },
    take(offered) {
      const next = readRotationKeys(offered);
      if (next === null) return "refused";
      if (JSON.stringify(next) === JSON.stringify(keys)) return "unchanged";
      writeRotationKeys(stateDir, next);
      keys = next;
      return "taken";
    },
  };
}

function load(stateDir: string): readonly RotationKey[] {
  const path = join(stateDir, rotationKeysName);
  const found = readJson(path);
  if (found === null) return [];
  const keys = readRotationKeys(found["keys"]);
  if (keys === null) throw new IdentityFault(`${path} is damaged (keys): enrol this terminal again`);
  return keys;
}

function keyBytes(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64url");
  const isKey = bytes.length >= shortestKey && bytes.length <= longestKey && bytes.toString("base64url") === text;
  return isKey ? new Uint8Array(bytes) : null;
}
