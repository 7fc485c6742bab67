import type { VectorBlob, VectorDocument, VectorFile, VectorPayload } from "../../fixtures/vectors/index.ts";
import {
  type Environment,
  epochSeconds,
  openTrust,
  type Primitives,
  type StoredTrust,
  type TenantId,
  type Trust,
  tenantId,
  type VerificationTime,
} from "../../verifier/index.ts";

/** Vector files as anybody reads them: names become documents, blobs and trusts. */

export function payloadBytes(payload: VectorPayload): Uint8Array {
  const once = "text" in payload ? Buffer.from(payload.text) : Buffer.from(payload.base64url, "base64url");
  return new Uint8Array(Buffer.concat(new Array(payload.times ?? 1).fill(once)));
}

export function documentText(file: VectorFile, name: string): string {
  const document: VectorDocument = member(file.documents, name);
  return typeof document === "string" ? document : document.text.repeat(document.times);
}

export function blobBytes(file: VectorFile, name: string): Uint8Array {
  const blob: VectorBlob = member(file.blobs, name);
  if (typeof blob === "string") return new Uint8Array(Buffer.from(blob, "base64url"));
  const bytes = new Uint8Array(blob.length);
  for (const { offset, base64url } of blob.parts) bytes.set(Buffer.from(base64url, "base64url"), offset);
  return bytes;
}

export function scopeOf(named: { readonly tenant: string; readonly environment: Environment }) {
  const tenant: TenantId | null = tenantId(named.tenant);
  if (tenant === null) throw new Error(`${named.tenant} is no tenant`);
  return { tenant, environment: named.environment };
}

/** The second and the clock of a vector. */
export function momentOf(vector: {
  readonly now: number;
  readonly clock: VerificationTime["clock"];
}): VerificationTime {
  const now = epochSeconds(vector.now);
  if (now === null) throw new Error(`${vector.now} is no time`);
  return { now, clock: vector.clock };
}

/** What a store would hand to `openTrust`. */
export function storedTrust(file: VectorFile, name: string): StoredTrust {
  const trust = member(file.trusts, name);
  const documents = new Map<string, Uint8Array>();
  for (const [path, text] of Object.entries(trust.documents))
    documents.set(path, Buffer.from(documentText(file, text)));
  for (const [sha256, name] of Object.entries(trust.blobs)) documents.set(`blobs/${sha256}`, blobBytes(file, name));
  return { ...scopeOf(trust), pin: trust.pin, documents };
}

/** The trusts of a file, each opened once and without a fault; anything else is a vector that says what it does not mean. */
export function trustsOf(file: VectorFile, primitives: Primitives): (name: string) => Promise<Trust> {
  const opened = new Map<string, Promise<Trust>>();
  const open = async (name: string): Promise<Trust> => {
    const { trust, faults } = await openTrust(storedTrust(file, name), primitives);
    if (faults.length > 0) throw new Error(`${name}: ${JSON.stringify(faults)}`);
    return trust;
  };
  return (name) => {
    const trust = opened.get(name) ?? open(name);
    opened.set(name, trust);
    return trust;
  };
}

function member<Value>(from: Readonly<Record<string, Value>>, name: string): Value {
  const value = Object.hasOwn(from, name) ? from[name] : undefined;
  if (value === undefined) throw new Error(`the file has no ${name}`);
  return value;
}
