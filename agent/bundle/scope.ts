import { createHash } from "node:crypto";
import { type Environment, type TenantId, tenantId } from "../../verifier/index.ts";

/** The version-1 root of a bundle: its hash, and whom it says it is for. Nothing of it is verified here. */
export interface FirstRoot {
  /** Base64url SHA-256 of the file: what a terminal pins. */
  readonly sha256: string;
  readonly tenant: TenantId;
  readonly environment: Environment;
}

/** Reads `root/1.json` of a bundle; null when there is none, or when it names no tenant and environment. */
export function firstRoot(documents: ReadonlyMap<string, Uint8Array>): FirstRoot | null {
  const bytes = documents.get("root/1.json");
  if (bytes === undefined) return null;
  const signed = memberOf(parsed(Buffer.from(bytes).toString()), "signed");
  const jws: unknown = Array.isArray(signed) ? signed[0] : null;
  const payload = typeof jws === "string" ? claimed(jws) : null;
  const iss = memberOf(payload, "iss");
  const environment = memberOf(payload, "env");
  const tenant = typeof iss === "string" ? tenantId(iss) : null;
  if (tenant === null || (environment !== "live" && environment !== "sandbox")) return null;
  return { sha256: createHash("sha256").update(bytes).digest("base64url"), tenant, environment };
}

/** When the head of a bundle says it was signed, seconds; null when it says nothing. Not verified: good only to pass it over. */
export function claimedHeadTime(documents: ReadonlyMap<string, Uint8Array>): number | null {
  const bytes = documents.get("head.jws");
  const issuedAt = bytes === undefined ? null : memberOf(claimed(Buffer.from(bytes).toString()), "iat");
  return typeof issuedAt === "number" ? issuedAt : null;
}

/** The payload of a JWS, unverified. */
function claimed(jws: string): unknown {
  return parsed(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : null;
}
