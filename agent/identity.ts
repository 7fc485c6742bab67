import { join } from "node:path";
import { type TenantId, tenantId } from "../verifier/index.ts";
import { readSecret, removeSecret, writeSecret } from "./secret-file.ts";

/** Where the first root was pinned from (formats.md section 2, "First trust"). */
export type RootOrigin = "config" | "qr" | "bundle" | "tls";

/** Who this terminal is, after enrolment. Stored 0600; holds the audit key. */
export interface Identity {
  readonly scannerId: string;
  readonly tenantId: TenantId;
  readonly liveMode: boolean;
  readonly cloudUrl: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** Base64url SHA-256 of the version-1 root file, and where it came from. */
  readonly rootPin: string;
  readonly rootOrigin: RootOrigin;
  /** The root file as the enrolment reply gave it. */
  readonly root: string;
  /** HMAC key for `payload_hash`, base64url. */
  readonly auditKey: string;
  /** Signed configuration document of the enrolment reply. */
  readonly config: string | null;
}

/** The device's own signing key: Ed25519, made here, never leaves. */
export interface DeviceKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly d: string;
}

export class IdentityFault extends Error {
  override readonly name = "IdentityFault";
  readonly code = "identity_damaged";
}

export const identityName = "identity.json";
export const deviceKeyName = "device-key.json";
const nextKeyName = "device-key.next.json";
/** Checkpoints are kept as long as the journal: one key a month for over five years. */
const mostFormerKeys = 64;

/** The enrolled identity, or null before enrolment. Throws `IdentityFault` for a file that is not one. */
export function readIdentity(stateDir: string): Identity | null {
  const found = readJson(join(stateDir, identityName));
  if (found === null) return null;
  const text = (name: string): string => {
    const value = found[name];
    if (typeof value !== "string") throw damaged(stateDir, identityName, name);
    return value;
  };
  const number = (name: string): number | null => {
    const value = found[name];
    return typeof value === "number" ? value : null;
  };
  const tenant = tenantId(text("tenantId"));
  const origin = rootOrigin(text("rootOrigin"));
  if (tenant === null) throw damaged(stateDir, identityName, "tenantId");
  if (origin === null) throw damaged(stateDir, identityName, "rootOrigin");
  return {
    scannerId: text("scannerId"),
    tenantId: tenant,
    liveMode: found["liveMode"] === true,
    cloudUrl: text("cloudUrl"),
    latitude: number("latitude"),
    longitude: number("longitude"),
    rootPin: text("rootPin"),
    rootOrigin: origin,
    root: text("root"),
    auditKey: text("auditKey"),
    config: typeof found["config"] === "string" ? found["config"] : null,
  };
}

/** @param at RFC 3339: when it was given. A running agent takes up even the same identity when it is given again. */
export function writeIdentity(stateDir: string, identity: Identity, at: string | null = null): void {
  writeSecret(join(stateDir, identityName), JSON.stringify(at === null ? identity : { ...identity, enrolledAt: at }));
}

/** The device key, or null before the first enrolment. */
export function readDeviceKey(stateDir: string): DeviceKey | null {
  return readKey(stateDir, deviceKeyName);
}

/** Public halves (base64url) of keys that this terminal had before: what they signed stays provable. The oldest first. */
export function readFormerKeys(stateDir: string): readonly string[] {
  const former = readJson(join(stateDir, deviceKeyName))?.["former"];
  return Array.isArray(former) ? former.filter((x) => typeof x === "string") : [];
}

export function writeDeviceKey(stateDir: string, key: DeviceKey): void {
  writeSecret(join(stateDir, deviceKeyName), JSON.stringify(key));
}

/** A key that is to take the device key's place and that the cloud may not know yet; null when there is none. */
export function readNextKey(stateDir: string): DeviceKey | null {
  return readKey(stateDir, nextKeyName);
}

export function writeNextKey(stateDir: string, key: DeviceKey): void {
  writeSecret(join(stateDir, nextKeyName), JSON.stringify(key));
}

/** The next key, which the cloud has taken, becomes the device key. At every moment one of both files holds a key that works. */
export function promoteNextKey(stateDir: string, next: DeviceKey): void {
  const before = readDeviceKey(stateDir);
  if (before !== null && before.x !== next.x) {
    const former = [...readFormerKeys(stateDir), before.x].slice(-mostFormerKeys);
    writeSecret(join(stateDir, deviceKeyName), JSON.stringify({ ...next, former }));
  }
  removeSecret(join(stateDir, nextKeyName));
}

function readKey(stateDir: string, name: string): DeviceKey | null {
  const found = readJson(join(stateDir, name));
  if (found === null) return null;
  const { x, d } = found;
  if (typeof x !== "string" || typeof d !== "string") throw damaged(stateDir, name, "x, d");
  return { kty: "OKP", crv: "Ed25519", x, d };
}

function rootOrigin(text: string): RootOrigin | null {
  return text === "config" || text === "qr" || text === "bundle" || text === "tls" ? text : null;
}

function damaged(stateDir: string, file: string, member: string): IdentityFault {
  return new IdentityFault(`${join(stateDir, file)} is damaged (${member}): enrol this terminal again`);
}

/** A JSON object from a file; null when there is none. Throws `IdentityFault` for anything else in it. */
export function readJson(path: string): Readonly<Record<string, unknown>> | null {
  const text = readSecret(path);
  if (text === null) return null;
  try {
    const value: Readonly<Record<string, unknown>> | null = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (cause) {
    throw new IdentityFault(`${path} is damaged (not JSON): enrol this terminal again`, { cause });
  }
  throw new IdentityFault(`${path} is damaged (no object): enrol this terminal again`);
}
