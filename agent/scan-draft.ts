import { createHmac } from "node:crypto";
import type { Channel, Presentation } from "../drivers/reader.ts";
import {
  type Environment,
  type PassKind,
  type Primitives,
  type RotationKeys,
  type TenantId,
  type Verdict,
  verify,
} from "../verifier/index.ts";
import type { Sale } from "./books/sale.ts";
import { carriedPayload } from "./carrier.ts";
import { rfc3339 } from "./clock.ts";
import type { Finding } from "./decide.ts";
import type { ScanDraft, Way } from "./store/index.ts";
import type { TrustNow } from "./trust.ts";

/** From a presentation to the scan before its decision. */

/** Where a presentation comes from. */
export interface Source {
  readonly reader: string;
  readonly lane: string;
  readonly channel: Channel | "manual" | "sim";
}

export interface PipelineIdentity {
  readonly scannerId: string;
  readonly tenantId: TenantId;
  readonly environment: Environment;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** HMAC key of `payload_hash`. */
  readonly auditKey: Uint8Array;
}

export interface LookParts {
  readonly primitives: Primitives;
  /** Secrets of rotating codes. */
  readonly rotation: RotationKeys;
}

export interface DraftParts {
  readonly identity: PipelineIdentity;
  /** Whether all of this terminal is a simulation. */
  readonly simulated: boolean;
  readonly online: () => boolean;
}

/** What came of reading and verifying. */
export interface Looked {
  readonly finding: Finding;
  readonly verdict: Verdict | null;
  readonly payload: Uint8Array | null;
  readonly kind: PassKind | null;
}

const malformed: Verdict = {
  result: "invalid",
  reason: "malformed",
  form: null,
  kid: null,
  claims: null,
  trustAge: null,
  trustAgeS: null,
  listVersion: null,
};

/** Finds the payload in what was read and verifies it. */
export async function look(
  presentation: Presentation,
  now: TrustNow,
  { primitives, rotation }: LookParts,
): Promise<Looked> {
  if (presentation.outcome === "unreadable") {
    const finding = { result: "unreadable", reason: presentation.reason } as const;
    return { finding, verdict: null, payload: null, kind: null };
  }
  const carried =
    presentation.ndef === null
      ? ({ kind: "payload", bytes: presentation.bytes } as const)
      : carriedPayload(presentation.ndef);
  switch (carried.kind) {
    case "none":
      return {
        finding: { result: "unreadable", reason: "no_pass" },
        verdict: null,
        payload: presentation.bytes,
        kind: null,
      };
    case "ambiguous":
      return { finding: malformed, verdict: malformed, payload: presentation.bytes, kind: null };
    case "payload": {
      const verdict = await verify(carried.bytes, now.trust, now.at, primitives, rotation);
      const reference = verdict.result === "undetermined" ? verdict.reference : null;
      return {
        finding: verdict,
        verdict,
        payload: presentation.bytes,
        kind: verdict.claims?.kind ?? reference?.kind ?? null,
      };
    }
  }
}

/** The scan before its decision. */
export function draftOf(
  parts: DraftParts,
  id: string,
  source: Source,
  presentation: Presentation,
  looked: Looked,
  now: TrustNow,
  sale: Sale,
  way: Way,
): ScanDraft {
  const { identity } = parts;
  const { verdict } = looked;
  const reference = verdict?.result === "undetermined" ? verdict.reference : null;
  const read = presentation.outcome === "payload" ? presentation : null;
  return {
    id,
    pass_id: verdict?.claims?.passId ?? reference?.passId ?? null,
    template_id: verdict?.claims?.templateId ?? null,
    tenant_id: identity.tenantId,
    live_mode: identity.environment === "live",
    scanner_id: identity.scannerId,
    lane: source.lane,
    reader: source.reader,
    channel: source.channel,
    protocol: presentation.protocol,
    symbology: read?.symbology ?? null,
    aim: read?.aim ?? null,
    latitude: identity.latitude,
    longitude: identity.longitude,
    scanned_at: rfc3339(now.time.ms),
    clock_state: now.time.clock,
    offline: !parts.online(),
    simulated: parts.simulated || way.kind === "training",
    payload_hash: looked.payload === null ? null : payloadHash(identity.auditKey, looked.payload),
    verification: {
      result: looked.finding.result,
      reason: looked.finding.reason,
      form: verdict?.form ?? null,
      kid: verdict?.kid ?? null,
      trust_age_s: verdict?.trustAgeS ?? null,
      list_version: verdict?.listVersion ?? null,
    },
    external_ref: sale.externalRef,
    amount_cents: sale.amountCents,
    currency: sale.currency,
  };
}

function payloadHash(key: Uint8Array, bytes: Uint8Array): string {
  return `hmac-sha256:${createHmac("sha256", key).update(bytes).digest("hex")}`;
}
