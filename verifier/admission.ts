import { utf8Bytes } from "./bytes.ts";
import type { Scope } from "./claims.ts";
import { hashName } from "./document.ts";
import { type Checked, refused, type TrustFault } from "./fault.ts";
import type { NamedDocument } from "./head.ts";
import type { Primitives } from "./primitives.ts";
import { isClockSound, type VerificationTime } from "./time.ts";
import type { Trust } from "./trust.ts";
import type { EpochSeconds } from "./verdict.ts";

/**
 * What was fetched or pushed so far, in any order. An empty array of deltas says that the server no longer has any from the
 * version asked for. A delta beyond the head is not applied: keep it for a later head (64 at most).
 */
export interface Offered {
  /** Root files. */
  readonly roots?: readonly string[];
  readonly keys?: string;
  readonly head?: string;
  readonly manifests?: ReadonlyMap<number, string>;
  readonly deltas?: ReadonlyMap<number, readonly string[]>;
  readonly directories?: ReadonlyMap<number, string>;
  /** By base64url SHA-256. */
  readonly blobs?: ReadonlyMap<string, Uint8Array>;
}

/** What is missing. `sha256` (base64url) and `length` (bytes) bound the download. */
export type Wanted =
  | { readonly kind: "root"; readonly version: number }
  | { readonly kind: "keys"; readonly sha256: string; readonly length: number }
  | { readonly kind: "head" }
  | { readonly kind: "manifest"; readonly list: number; readonly sha256: string; readonly length: number }
  | { readonly kind: "deltas"; readonly list: number; readonly from: number }
  | { readonly kind: "directory"; readonly list: number; readonly sha256: string; readonly length: number }
  | { readonly kind: "blob"; readonly sha256: string; readonly length: number };

/** The outcome of one call: the next snapshot when everything was there, else the current one and what it still needs. */
export interface Admission {
  readonly trust: Trust;
  readonly changed: boolean;
  readonly wanted: readonly Wanted[];
  readonly faults: readonly TrustFault[];
}

/** One call of `admit` while it works: what it judges by, and what it found. */
export interface AdmissionRun {
  readonly scope: Scope;
  readonly current: Trust;
  readonly offered: Offered;
  readonly at: VerificationTime;
  readonly primitives: Primitives;
  readonly wanted: Wanted[];
  readonly faults: TrustFault[];
}

/** The value of a check, or null with its fault noted. */
export function accept<T>(run: AdmissionRun, checked: Checked<T>): T | null {
  if (checked.ok) return checked.value;
  run.faults.push(checked.fault);
  return null;
}

/** Refuses an expired document. With a suspect clock nobody can tell; the signed time it brings is what cures the clock. */
export function isExpired(run: AdmissionRun, name: string, expiresAt: EpochSeconds): boolean {
  if (!isClockSound(run.at) || run.at.now < expiresAt) return false;
  accept(run, refused("expired", name, `ended at ${expiresAt}, now is ${run.at.now}`));
  return true;
}

/** True when an offered document is the one the head names, byte for byte. */
export async function isNamed(run: AdmissionRun, name: string, text: string, named: NamedDocument): Promise<boolean> {
  const bytes = utf8Bytes(text);
  if (bytes.length !== named.length) {
    accept(run, refused("length_mismatch", name, `${bytes.length} bytes, the head names ${named.length}`));
    return false;
  }
  const sha256 = await hashName(bytes, run.primitives);
  if (sha256 === named.sha256) return true;
  accept(run, refused("hash_mismatch", name, `sha256 ${sha256}, the head names ${named.sha256}`));
  return false;
}

/** Refuses a version that is older than the held one, or equal to it with other bytes. */
export function isNotNewer(
  run: AdmissionRun,
  name: string,
  held: { readonly version: number; readonly sha256: string },
  named: { readonly version: number; readonly sha256: string },
): boolean {
  if (named.version > held.version || (named.version === held.version && named.sha256 === held.sha256)) return false;
  const code = named.version < held.version ? "rollback" : "equivocation";
  accept(run, refused(code, name, `version ${named.version} ${named.sha256}, held is ${held.version} ${held.sha256}`));
  return true;
}

/**
 * All named blobs, from those held and those offered, or null while one is missing (wanted) or wrong (a fault). Held blobs
 * were checked when they came in. `named` maps base64url SHA-256 to length in bytes.
 */
export async function gatherBlobs(
  run: AdmissionRun,
  named: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, Uint8Array> | null> {
  const found = new Map<string, Uint8Array>();
  for (const [sha256, length] of named) {
    const held = run.current.documents.get(`blobs/${sha256}`);
    const blob = held ?? run.offered.blobs?.get(sha256);
    if (blob === undefined) run.wanted.push({ kind: "blob", sha256, length });
    else if (held !== undefined || accept(run, await checkBlob(sha256, length, blob, run.primitives)) !== null) {
      found.set(sha256, blob);
    }
  }
  return found.size === named.size ? found : null;
}

/** A blob of the named length and hash. */
export async function checkBlob(
  sha256: string,
  length: number,
  blob: Uint8Array,
  primitives: Primitives,
): Promise<Checked<Uint8Array>> {
  const name = `blobs/${sha256}`;
  if (blob.length !== length) return refused("length_mismatch", name, `${blob.length} bytes, ${length} signed`);
  const seen = await hashName(blob, primitives);
  return seen === sha256 ? { ok: true, value: blob } : refused("hash_mismatch", name, `sha256 ${seen}`);
}
