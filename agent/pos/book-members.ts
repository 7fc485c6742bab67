import { readSale, saleMembers } from "../books/sale.ts";
import type { CorrectionRequest, ScansQuery } from "../books/views.ts";
import { correctionReasons } from "../record.ts";
import { largestLimit, type Read, readInteger, unknownName } from "./members.ts";
import type { Problem } from "./problem.ts";

const defaultPage = 100;
const scanId = /^scan_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

export interface ScansAsked extends ScansQuery {
  /** `flat`: one level, as webhooks and CSV files have it. */
  readonly format: "full" | "flat";
}

/** `from`, `to` (`YYYY-MM-DD`, both included), `limit` (1-1000, default 100), `after_sequence`, `format` (full, flat). */
export function readScansQuery(query: URLSearchParams): Read<ScansAsked> {
  const limit = readInteger(query, "limit", 1, largestLimit);
  if (!limit.ok) return limit;
  const after = readInteger(query, "after_sequence", 0, Number.MAX_SAFE_INTEGER);
  if (!after.ok) return after;
  const format = query.get("format") ?? "full";
  if (format !== "full" && format !== "flat") return refuse("invalid_enum", "format", "format must be full or flat");
  return {
    ok: true,
    value: {
      from: query.get("from"),
      to: query.get("to"),
      after: after.value ?? 0,
      limit: limit.value ?? defaultPage,
      format,
    },
  };
}

/**
 * The body of `POST /v1/scans/{id}/correct`: `reason` (`refunded`, `amended`), `amount_cents`, `currency` (that of the scan
 * when left out), `external_ref`, `id` (`scan_<ULID>` for the new record, so that asking twice writes once). A refund needs a
 * negative amount, an amendment an amount or a reference.
 */
export function readCorrection(id: string, body: unknown): Read<CorrectionRequest> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse("type_mismatch", "body", "The body is not a JSON object");
  }
  const members: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(body));
  const unknownMember = unknownName(Object.keys(members), ["id", "reason", ...saleMembers]);
  if (unknownMember !== null) return { ok: false, problem: unknownMember };
  const written = members["reason"];
  if (written === undefined) return refuse("missing_field", "reason", "reason is missing");
  const reason = correctionReasons.find((known) => known === written);
  if (reason === undefined) {
    return refuse("invalid_enum", "reason", `reason must be one of ${correctionReasons.join(", ")}`);
  }
  const newId = members["id"] ?? null;
  if (newId !== null && (typeof newId !== "string" || !scanId.test(newId))) {
    return refuse("pattern_mismatch", "id", 'id must be "scan_" and a ULID');
  }
  const sale = readSale(members, false);
  if (!sale.ok) return sale;
  const { amountCents, externalRef } = sale.value;
  if (reason === "refunded" && amountCents === null) {
    return refuse("missing_field", "amount_cents", "a refund needs its amount_cents");
  }
  if (reason === "refunded" && amountCents !== null && amountCents >= 0) {
    return refuse("out_of_range", "amount_cents", "amount_cents of a refund must be below 0: it is added to the books");
  }
  if (amountCents === null && externalRef === null) {
    return refuse("missing_field", "amount_cents", "there is neither an amount nor a reference to correct");
  }
  return { ok: true, value: { scanId: id, id: newId, reason, sale: sale.value } };
}

function refuse(
  code: Problem["code"],
  param: string,
  detail: string,
): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, param, detail } };
}
