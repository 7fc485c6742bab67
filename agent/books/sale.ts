/** What the till says about a presentation, or about a correction of one. Nothing about the guest. */
export interface Sale {
  /** The till's own number for it, e.g. `{ type: "pos_check", id: "4711" }`. */
  readonly externalRef: { readonly type: string; readonly id: string } | null;
  /** Hundredths of the currency's unit, a whole number; negative: money back. Null together with `currency`. */
  readonly amountCents: number | null;
  /** ISO 4217. */
  readonly currency: string | null;
}

export const noSale: Sale = { externalRef: null, amountCents: null, currency: null };

/** Members of a request that make up a sale. */
export const saleMembers = ["external_ref", "amount_cents", "currency"] as const;

/** Why a sale cannot be taken; the codes are those of the API. */
export interface SaleProblem {
  readonly code:
    | "type_mismatch"
    | "out_of_range"
    | "missing_field"
    | "unknown_field"
    | "pattern_mismatch"
    | "invalid_currency";
  /** Dotted, as in `external_ref.id`. */
  readonly param: string;
  readonly detail: string;
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: SaleProblem };

const refType = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** No control characters, line separators or halves of a character. */
const refId = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+$/u;
const longestRefId = 128;

/**
 * Reads `external_ref`, `amount_cents` and `currency`; each may be absent or null. Amounts are whole and at most 2^53 - 1
 * either way, which is all that JSON carries exactly. Other members are not looked at.
 *
 * @param amountNeedsCurrency false where the currency may be known from elsewhere
 */
export function readSale(members: Readonly<Record<string, unknown>>, amountNeedsCurrency: boolean): Read<Sale> {
  const ref = readRef(members["external_ref"] ?? null);
  if (!ref.ok) return ref;
  const amountCents = members["amount_cents"] ?? null;
  const currency = members["currency"] ?? null;
  if (amountCents !== null && (typeof amountCents !== "number" || !Number.isInteger(amountCents))) {
    return refuse("type_mismatch", "amount_cents", "amount_cents must be a whole number of cents");
  }
  if (amountCents !== null && !Number.isSafeInteger(amountCents)) {
    return refuse("out_of_range", "amount_cents", "amount_cents must be within 2^53 - 1 either way");
  }
  if (currency !== null && typeof currency !== "string") {
    return refuse("type_mismatch", "currency", "currency must be a text");
  }
  if (currency !== null && !isCurrency(currency)) {
    return refuse("invalid_currency", "currency", "currency must be a code of ISO 4217, such as EUR");
  }
  if (amountCents === null && currency !== null) {
    return refuse("missing_field", "amount_cents", "currency without amount_cents says nothing");
  }
  if (amountCents !== null && currency === null && amountNeedsCurrency) {
    return refuse("missing_field", "currency", "amount_cents needs a currency");
  }
  // JSON knows -0, the hash chain does not.
  return { ok: true, value: { externalRef: ref.value, amountCents: amountCents === 0 ? 0 : amountCents, currency } };
}

function readRef(value: unknown): Read<Sale["externalRef"]> {
  if (value === null) return { ok: true, value: null };
  if (typeof value !== "object" || Array.isArray(value)) {
    return refuse("type_mismatch", "external_ref", "external_ref must be an object of type and id");
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const stranger = [...members.keys()].find((name) => name !== "type" && name !== "id");
  if (stranger !== undefined) {
    return refuse("unknown_field", "external_ref", "external_ref has type and id, and nothing else");
  }
  const [type, id] = [members.get("type"), members.get("id")];
  for (const [name, member] of [["type", type] as const, ["id", id] as const]) {
    const param = `external_ref.${name}`;
    if (member === undefined) return refuse("missing_field", param, `${param} is missing`);
    if (typeof member !== "string") return refuse("type_mismatch", param, `${param} must be a text`);
  }
  if (typeof type !== "string" || !refType.test(type)) {
    const detail = "external_ref.type must be 1 to 64 letters, digits, dots, dashes or underscores";
    return refuse("pattern_mismatch", "external_ref.type", detail);
  }
  if (typeof id !== "string" || id.length > longestRefId || !refId.test(id)) {
    const detail = `external_ref.id must be 1 to ${longestRefId} characters without control characters`;
    return refuse("pattern_mismatch", "external_ref.id", detail);
  }
  return { ok: true, value: { type, id } };
}

function isCurrency(code: string): boolean {
  return /^[A-Z]{3}$/.test(code) && Intl.supportedValuesOf("currency").includes(code);
}

function refuse(
  code: SaleProblem["code"],
  param: string,
  detail: string,
): { readonly ok: false; readonly problem: SaleProblem } {
  return { ok: false, problem: { code, param, detail } };
}
