/** Why a trust document was refused (formats.md section 2). Closed and add-only. */
export const trustFaultCodes = [
  /** Not spelled or shaped as the format says. */
  "bad_form",
  /** No key that may sign this document did. */
  "bad_signature",
  /** The key exists, and may not sign this kind of document, or not at that time. */
  "wrong_role",
  "wrong_tenant",
  "wrong_environment",
  "expired",
  /** An older version than the one held. */
  "rollback",
  /** Two documents of one version that differ. */
  "equivocation",
  /** The newest head does not name it. */
  "unnamed",
  "hash_mismatch",
  "length_mismatch",
  /** Versions between this one and the next are missing. */
  "gap",
  /** Not the pinned root, or not enough root signatures. */
  "bad_root",
  "too_large",
  "weak_key",
  /** Signed more than a day ahead of a trusted clock. */
  "clock_ahead",
] as const;
export type TrustFaultCode = (typeof trustFaultCodes)[number];

/** One refused document, by its name in the bundle; `detail` says what was seen and what was expected, never a claim. */
export interface TrustFault {
  readonly code: TrustFaultCode;
  readonly document: string;
  readonly detail: string;
}

/** The outcome of one check. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: TrustFault };

export function good<T>(value: T): Checked<T> {
  return { ok: true, value };
}

export function refused(
  code: TrustFaultCode,
  document: string,
  detail: string,
): { readonly ok: false; readonly fault: TrustFault } {
  return { ok: false, fault: { code, document, detail } };
}
