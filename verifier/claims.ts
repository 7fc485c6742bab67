import type { Envelope } from "./envelope.ts";
import type { Reference } from "./reference.ts";
import type { Claims, Environment, PassKind, TemplateId, TenantId } from "./verdict.ts";

/** Whom the verifier speaks for. */
export interface Scope {
  readonly tenant: TenantId;
  readonly environment: Environment;
}

const dayS = 86_400;

/** Longest life of a pass from its issue, seconds (formats.md section 1). */
const longestLifeS: Readonly<Record<PassKind, number>> = {
  event_ticket: 400 * dayS,
  coupon: 400 * dayS,
  boarding_pass: 60 * dayS,
  gift_card: 1830 * dayS,
  loyalty: 1100 * dayS,
  membership: 1100 * dayS,
};

/** Claims of an envelope whose signature was verified with a key of this scope. */
export function claimsOf(envelope: Envelope, scope: Scope, templates: ReadonlyMap<number, TemplateId>): Claims {
  const { passId, kind, issuedAt, notBefore, expiresAt, revision, list, index, singleUse, rotating } = envelope;
  return {
    tenant: scope.tenant,
    environment: scope.environment,
    passId,
    kind,
    templateId: envelope.templateId ?? templates.get(envelope.templateNumber) ?? null,
    issuedAt,
    notBefore,
    expiresAt,
    revision,
    list,
    index,
    singleUse,
    rotating,
  };
}

/** Claims of a reference that the signed directory holds. */
export function referenceClaims(
  reference: Reference,
  scope: Scope,
  templates: ReadonlyMap<number, TemplateId>,
): Claims {
  const { passId, kind, expiresAt, list, index, singleUse } = reference;
  return {
    tenant: scope.tenant,
    environment: scope.environment,
    passId,
    kind,
    templateId: templates.get(reference.templateNumber) ?? null,
    issuedAt: null,
    notBefore: null,
    expiresAt,
    revision: null,
    list,
    index,
    singleUse,
    rotating: false,
  };
}

/** The rule that needs two claims: a pass lives after its issue, and no longer than its kind may. R1 carries no issue time. */
export function hasPermittedLife(claims: Claims): boolean {
  if (claims.issuedAt === null) return true;
  const lifeS = claims.expiresAt - claims.issuedAt;
  return lifeS > 0 && lifeS <= longestLifeS[claims.kind];
}
