import type { PassDirectory } from "./directory.ts";
import type { Head } from "./head.ts";
import type { KeySet } from "./key-set.ts";
import type { Root } from "./root.ts";
import type { StatusList } from "./status-list.ts";
import type { VerificationTime } from "./time.ts";
import type { Environment, TenantId, TrustAge } from "./verdict.ts";

/** All a terminal believes, as one immutable snapshot. Every change makes a new one that shares what did not change. */
export interface Trust {
  readonly tenant: TenantId;
  readonly environment: Environment;
  /** Base64url SHA-256 of the version-1 root file; null until the first root was accepted without one. */
  readonly pin: string | null;
  readonly root: Root | null;
  readonly keys: KeySet | null;
  readonly head: Head | null;
  readonly lists: ReadonlyMap<number, StatusList>;
  readonly directories: ReadonlyMap<number, PassDirectory>;
  /**
   * Everything needed to make this snapshot again, by name: `root/1.json`, `keys.jws`, `head.jws`,
   * `lists/3/manifest.jws`, `lists/3/deltas/17.jws` (17 = from version), `lists/3/directory.jws`, `blobs/<sha256>`.
   */
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

/** A snapshot that knows nothing and therefore calls no pass valid. */
export function emptyTrust(tenant: TenantId, environment: Environment, pin: string | null): Trust {
  return {
    tenant,
    environment,
    pin,
    root: null,
    keys: null,
    head: null,
    lists: new Map(),
    directories: new Map(),
    documents: new Map(),
  };
}

/**
 * How old the trust data is (formats.md section 5): `fresh` within the head's time to live, `stale` after it, `expired`
 * from the end of the head or of the keys on. Seconds are never negative; all null before the first head.
 */
export function trustAge(
  trust: Trust,
  at: VerificationTime,
): { readonly age: TrustAge | null; readonly ageS: number | null; readonly expiresInS: number | null } {
  const { head, keys } = trust;
  if (head === null || keys === null) return { age: null, ageS: null, expiresInS: null };
  const ageS = Math.max(0, at.now - head.issuedAt);
  const expiresInS = Math.max(0, Math.min(head.expiresAt, keys.expiresAt) - at.now);
  return { age: expiresInS === 0 ? "expired" : ageS <= head.ttlS ? "fresh" : "stale", ageS, expiresInS };
}
