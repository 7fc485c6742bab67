import type { RootOrigin } from "./identity.ts";
import type { ClockState } from "./record.ts";

/** What a terminal believes, for people and programs on this machine. Times are RFC 3339. */
export interface TrustView {
  readonly tenantId: string;
  readonly environment: string;
  readonly root: {
    /** Base64url SHA-256 of the version-1 root file, and where that pin came from. */
    readonly pin: string;
    readonly origin: RootOrigin;
    /** Null until the first trust data. */
    readonly version: number | null;
    readonly expiresAt: string | null;
  };
  readonly keys: {
    readonly version: number;
    readonly expiresAt: string;
    readonly entries: readonly TrustKeyView[];
  } | null;
  readonly head: {
    readonly number: number;
    readonly issuedAt: string;
    readonly expiresAt: string;
    readonly ttlS: number;
    /** By the time that this terminal judges by. */
    readonly ageS: number;
    readonly expiresInS: number;
    readonly age: "fresh" | "stale" | "expired";
  } | null;
  readonly lists: readonly TrustListView[];
  readonly directories: readonly {
    readonly list: number;
    readonly epoch: number;
    readonly version: number;
    readonly size: number;
    readonly expiresAt: string;
  }[];
  readonly clock: {
    readonly state: ClockState;
    /** The time that passes are judged by. */
    readonly now: string;
    /** What signed documents prove to have passed; null before the first. */
    readonly watermark: string | null;
    /** The system's clock beside it, seconds, positive when ahead; null while they agree. */
    readonly wallOffS: number | null;
  };
  /** What a bundle of it would have. */
  readonly bundle: { readonly files: number; readonly bytes: number };
}

export interface TrustKeyView {
  readonly kid: string;
  readonly alg: string;
  readonly roles: readonly string[];
  readonly kinds: readonly string[];
  readonly state: "active" | "retired" | "compromised";
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface TrustListView {
  readonly list: number;
  readonly bits: 1 | 2;
  readonly size: number;
  readonly epoch: number;
  readonly version: number;
  readonly revoked: number;
  readonly suspended: number;
  readonly expiresAt: string;
}

/** What became of a bundle that was offered, or would become of it. */
export interface TrustReport {
  readonly outcome: TrustOutcome;
  /** Each refused document by its name in the bundle (null: the bundle as a whole), with codes of `admit()` or of the bundle. */
  readonly faults: readonly { readonly code: string; readonly document: string | null; readonly detail: string }[];
  /** Names of what the bundle lacks. */
  readonly missing: readonly string[];
  /** The head in force afterwards. */
  readonly head: { readonly number: number; readonly issuedAt: string; readonly expiresAt: string } | null;
}

/**
 * `taken`: it is newer and whole · `current`: it brings nothing new · `incomplete`: it is good as far as it goes ·
 * `refused`: a document is not acceptable · `unreadable`: it is no bundle.
 */
export const trustOutcomes = ["taken", "current", "incomplete", "refused", "unreadable"] as const;
export type TrustOutcome = (typeof trustOutcomes)[number];

/** Trust data in and out of a terminal beside the network. */
export interface TrustDesk {
  view(): Promise<TrustView>;
  /** All documents in force as a bundle, in pieces. Throws a `BundleFault` before the first when no bundle can hold them. */
  exportBundle(): AsyncIterable<Uint8Array>;
  /** Takes a bundle by the rules of the network: no version can go down. Rejects with a `StoreFault`. */
  importBundle(bundle: AsyncIterable<Uint8Array>): Promise<TrustReport>;
  /** Says what `importBundle` would, and changes nothing. */
  checkBundle(bundle: AsyncIterable<Uint8Array>): Promise<TrustReport>;
}
