/**
 * The words every answer is given in: ids, pass kinds, verdicts and reasons.
 *
 * Source: formats.md sections 1 and 4. All lists are closed and add-only; codes are API and are never renamed.
 */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** `tnt_` + 26 upper-case Crockford characters. */
export type TenantId = Brand<string, "TenantId">;
/** `pass_` + ULID. For people and the wire; redemption memory is keyed by list and index. */
export type PassId = Brand<string, "PassId">;
/** `tpl_` + ULID. */
export type TemplateId = Brand<string, "TemplateId">;
/** Integer Unix seconds, 0 <= t < 2^32. */
export type EpochSeconds = Brand<number, "EpochSeconds">;

export const environments = ["live", "sandbox"] as const;
export type Environment = (typeof environments)[number];

/** Pass kinds in wire order: the binary form carries the position plus one. */
export const passKinds = ["event_ticket", "coupon", "loyalty", "gift_card", "membership", "boarding_pass"] as const;
export type PassKind = (typeof passKinds)[number];

/** Which signed (or unsigned) form a payload had. */
export type Form = "e1j" | "e1b" | "r1" | "plain";

export type Algorithm = "Ed25519" | "ES256";

/** Why a pass is certainly not good. */
export const invalidReasons = [
  "malformed",
  "unsupported_format",
  "bad_signature",
  "unknown_reference",
  "unknown_key",
  "key_compromised",
  "key_not_valid",
  "wrong_tenant",
  "wrong_environment",
  "not_yet_valid",
  "expired",
  "revoked",
  "suspended",
  "status_out_of_range",
  "rotation_replayed",
  "rotation_expired",
] as const;
export type InvalidReason = (typeof invalidReasons)[number];

/** Why nobody can say, on this terminal, at this moment. */
export const undeterminedReasons = [
  "unknown_key",
  "trust_missing",
  "trust_expired",
  "status_unknown",
  "clock_untrusted",
  "unverified_reference",
  "rotation_unverifiable",
] as const;
export type UndeterminedReason = (typeof undeterminedReasons)[number];

/** What the signed bytes say, after the signature was verified. */
export interface Claims {
  readonly tenant: TenantId;
  readonly environment: Environment;
  readonly passId: PassId;
  readonly kind: PassKind;
  readonly templateId: TemplateId | null;
  /** Absent in R1. */
  readonly issuedAt: EpochSeconds | null;
  readonly notBefore: EpochSeconds | null;
  readonly expiresAt: EpochSeconds;
  readonly revision: number | null;
  /** Status list number, 0-255, and index, 0 <= index < 2^30: with tenant and environment the key of the redemption memory. */
  readonly list: number;
  readonly index: number;
  /** The issuer says: good once. False means "the site's rule for the kind". */
  readonly singleUse: boolean;
  readonly rotating: boolean;
}

/** How old the trust data was when the verdict was made. */
export type TrustAge = "fresh" | "stale" | "expired";

/** What every verdict says about the trust data it was made with. */
export interface VerdictTrust {
  /** Null before the first head was accepted. */
  readonly trustAge: TrustAge | null;
  /** Seconds since the head was signed; null without a head. */
  readonly trustAgeS: number | null;
  /** Version of the status list that was asked; null when none was. */
  readonly listVersion: number | null;
}

interface VerdictBase extends VerdictTrust {
  readonly form: Form | null;
  readonly kid: string | null;
}

/** A pass id read from something nobody verified: shown and uploaded, never trusted. */
export interface UnverifiedReference {
  readonly passId: PassId | null;
  readonly kind: PassKind | null;
}

export interface ValidVerdict extends VerdictBase {
  readonly result: "valid";
  readonly reason: "ok";
  readonly claims: Claims;
  /** TOTP step that a rotating code claimed; it must lie above the last accepted step of this pass. Null for static passes. */
  readonly rotationStep: number | null;
}
export interface InvalidVerdict extends VerdictBase {
  readonly result: "invalid";
  readonly reason: InvalidReason;
  /** Present only when the signature was verified before the refusal. */
  readonly claims: Claims | null;
}
export interface UndeterminedVerdict extends VerdictBase {
  readonly result: "undetermined";
  /** The first of `doubts`. */
  readonly reason: UndeterminedReason;
  /** All that is unknown, gravest first, never empty: a policy may let the pass through only if it accepts every one. */
  readonly doubts: readonly UndeterminedReason[];
  readonly claims: Claims | null;
  /** For `unverified_reference` only. */
  readonly reference: UnverifiedReference | null;
  /** As in a valid verdict: a pass let through by policy must still use its step up. */
  readonly rotationStep: number | null;
}
export type Verdict = ValidVerdict | InvalidVerdict | UndeterminedVerdict;

const crockfordUlid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** True for 26 upper-case Crockford characters that fit 128 bits (ULID specification). */
export function isUlid(text: string): boolean {
  return crockfordUlid.test(text);
}

function idMaker<Id extends string>(prefix: string): (text: string) => Id | null {
  return (text) => (text.startsWith(prefix) && isUlid(text.slice(prefix.length)) ? (text as Id) : null);
}

/** `tnt_<ULID>` or null. */
export const tenantId = idMaker<TenantId>("tnt_");
/** `pass_<ULID>` or null. */
export const passId = idMaker<PassId>("pass_");
/** `tpl_<ULID>` or null. */
export const templateId = idMaker<TemplateId>("tpl_");

/** Integer seconds in 0..2^32-1, or null. */
export function epochSeconds(value: unknown): EpochSeconds | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32
    ? (value as EpochSeconds)
    : null;
}

/** The first second of Unix time: the smallest value of the type. */
export const epochStart = 0 as EpochSeconds;
