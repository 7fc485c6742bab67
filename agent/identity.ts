import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TenantId, tenantId } from "../verifier/index.ts";

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

const identityName = "identity.json";
const deviceKeyName = "device-key.json";

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

export function writeIdentity(stateDir: string, identity: Identity): void {
  writeSecret(join(stateDir, identityName), JSON.stringify(identity));
}

/** The device key, or null before the first enrolment. */
export function readDeviceKey(stateDir: string): DeviceKey | null {
  const found = readJson(join(stateDir, deviceKeyName));
  if (found === null) return null;
  const { x, d } = found;
  if (typeof x !== "string" || typeof d !== "string") throw damaged(stateDir, deviceKeyName, "x, d");
  return { kty: "OKP", crv: "Ed25519", x, d };
}

export function writeDeviceKey(stateDir: string, key: DeviceKey): void {
  writeSecret(join(stateDir, deviceKeyName), JSON.stringify(key));
}

function rootOrigin(text: string): RootOrigin | null {
  return text === "config" || text === "qr" || text === "bundle" || text === "tls" ? text : null;
}

function damaged(stateDir: string, file: string, member: string): IdentityFault {
  return new IdentityFault(`${join(stateDir, file)} is damaged (${member}): enrol this terminal again`);
}

function readJson(path: string): Readonly<Record<string, unknown>> | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw cause;
  }
  try {
    const value: Readonly<Record<string, unknown>> | null = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (cause) {
    throw new IdentityFault(`${path} is damaged (not JSON): enrol this terminal again`, { cause });
  }
  throw new IdentityFault(`${path} is damaged (no object): enrol this terminal again`);
}

/** Old or new, never half, and on disk before it is used: write, sync, rename, sync the folder. Owned like its folder. */
function writeSecret(path: string, text: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = statSync(folder);
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chownSync(temporary, owner.uid, owner.gid);
  renameSync(temporary, path);
  const folderFile = openSync(folder, "r");
  try {
    fsyncSync(folderFile);
  } finally {
    closeSync(folderFile);
  }
}
