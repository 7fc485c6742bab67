import type { KindPolicy, Policy, UndeterminedAction } from "../../agent/config/config.ts";
import type { SiteRules } from "../../agent/rules/index.ts";
import type { ScanDraft } from "../../agent/store/index.ts";
import {
  type Claims,
  type EpochSeconds,
  epochSeconds,
  type InvalidReason,
  type InvalidVerdict,
  type PassId,
  passId,
  type TenantId,
  tenantId,
  type UndeterminedReason,
  type UndeterminedVerdict,
  undeterminedReasons,
  type ValidVerdict,
} from "../../verifier/index.ts";

/** Small valid values for tests of the agent; nothing here is signed. */

export const sampleTenant: TenantId = must(tenantId("tnt_01HZX0000000000000000TENNT"));
export const samplePass: PassId = must(passId("pass_01HZX000000000000000000P01"));

export function must<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("a sample is not what it should be");
  return value;
}

export function at(seconds: number): EpochSeconds {
  return must(epochSeconds(seconds));
}

export function claims(part: Partial<Claims> = {}): Claims {
  return {
    tenant: sampleTenant,
    environment: "sandbox",
    passId: samplePass,
    kind: "event_ticket",
    templateId: null,
    issuedAt: at(1_700_000_000),
    notBefore: null,
    expiresAt: at(1_800_000_000),
    revision: null,
    list: 1,
    index: 7,
    singleUse: true,
    rotating: false,
    ...part,
  };
}

const base = { form: "e1b", kid: "32769", trustAge: "fresh", trustAgeS: 5, listVersion: 3 } as const;

export function valid(part: Partial<Claims> = {}): ValidVerdict {
  return { ...base, result: "valid", reason: "ok", claims: claims(part), rotationStep: null };
}

export function invalid(reason: InvalidReason): InvalidVerdict {
  return { ...base, result: "invalid", reason, claims: claims() };
}

export function undetermined(reason: UndeterminedReason): UndeterminedVerdict {
  return {
    ...base,
    result: "undetermined",
    reason,
    doubts: [reason],
    claims: claims(),
    reference: null,
    rotationStep: null,
  };
}

export function kindPolicy(
  use: KindPolicy["use"],
  exceptions: Partial<Record<UndeterminedReason, UndeterminedAction>> = {},
): KindPolicy {
  return { use, undetermined: undeterminedActions(exceptions) };
}

function undeterminedActions(
  exceptions: Partial<Record<UndeterminedReason, UndeterminedAction>>,
): Record<UndeterminedReason, UndeterminedAction> {
  const actions: Record<UndeterminedReason, UndeterminedAction> = {
    unknown_key: "reject",
    trust_missing: "reject",
    trust_expired: "reject",
    status_unknown: "reject",
    clock_untrusted: "reject",
    unverified_reference: "reject",
    rotation_unverifiable: "reject",
  };
  for (const reason of undeterminedReasons) actions[reason] = exceptions[reason] ?? "reject";
  return actions;
}

/** Every kind once, nothing undetermined accepted. */
export const strictPolicy: Policy = {
  event_ticket: kindPolicy("single"),
  coupon: kindPolicy("single"),
  loyalty: kindPolicy("unlimited"),
  gift_card: kindPolicy("unlimited"),
  membership: kindPolicy("unlimited"),
  boarding_pass: kindPolicy("single"),
  unknown: kindPolicy("single"),
};

/** A site that wants nothing but what its policy says. */
export const noRules: SiteRules = {
  site: { timeZone: null, dayBegins: "00:00", lateRevocationH: 24, rotationPeriodS: 30 },
  zones: [],
  rules: [],
};

export function draft(id: string, part: Partial<ScanDraft> = {}): ScanDraft {
  return {
    id,
    pass_id: samplePass,
    template_id: null,
    tenant_id: sampleTenant,
    live_mode: false,
    scanner_id: "scn_01HZX0000000000000000SCANR",
    lane: "gate-1",
    reader: "gate-1-qr",
    channel: "serial",
    protocol: null,
    symbology: "qr",
    aim: "]Q1",
    latitude: 28.4734,
    longitude: -81.4683,
    scanned_at: "2026-11-21T19:30:00.101Z",
    clock_state: "trusted",
    offline: false,
    simulated: true,
    payload_hash: `hmac-sha256:${"0".repeat(64)}`,
    verification: { result: "valid", reason: "ok", form: "e1b", kid: "32769", trust_age_s: 5, list_version: 3 },
    external_ref: null,
    amount_cents: null,
    currency: null,
    ...part,
  };
}
