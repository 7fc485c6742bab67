import { readSale, saleMembers } from "../books/sale.ts";
import { nearestName } from "../config/index.ts";
import type { PresentRequest } from "../views.ts";
import type { Problem } from "./problem.ts";

/** What came of reading members: the values, or the first mistake. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export interface EventsQuery {
  readonly limit: number;
  readonly afterSequence: number | null;
  readonly passId: string | null;
}

const defaultLimit = 50;
export const largestLimit = 1_000;

/** `limit` (1-1000, default 50), `after_sequence` (0 or more), `pass_id`. */
export function readEventsQuery(query: URLSearchParams): Read<EventsQuery> {
  const limit = readInteger(query, "limit", 1, largestLimit);
  if (!limit.ok) return limit;
  const after = readInteger(query, "after_sequence", 0, Number.MAX_SAFE_INTEGER);
  if (!after.ok) return after;
  return {
    ok: true,
    value: { limit: limit.value ?? defaultLimit, afterSequence: after.value, passId: query.get("pass_id") },
  };
}

/** `limit` as for events, `after`: the `next_after` of the last page, which may lie below zero. */
export function readPlaceQuery(
  query: URLSearchParams,
): Read<{ readonly limit: number; readonly after: number | null }> {
  const limit = readInteger(query, "limit", 1, largestLimit);
  if (!limit.ok) return limit;
  const text = query.get("after");
  if (text !== null && !/^-?\d{1,16}$/.test(text))
    return refuse("type_mismatch", "after", "after must be a whole number");
  return { ok: true, value: { limit: limit.value ?? defaultLimit, after: text === null ? null : Number(text) } };
}

const largestQuantity = 1_000;

/**
 * The body of `POST /v1/sim/present`: `payload` (not empty), `reader` and `lane` (each text, null or absent), `quantity` (1
 * to 1,000 persons, null or absent; not with a reader, which cannot ask how many come), and what the till says about it:
 * `external_ref`, `amount_cents`, `currency` (null or absent; not with a reader either).
 */
export function readPresentBody(body: unknown): Read<PresentRequest> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse("type_mismatch", "body", "The body is not a JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(body));
  const unknownMember = unknownName([...members.keys()], ["payload", "reader", "lane", "quantity", ...saleMembers]);
  if (unknownMember !== null) return { ok: false, problem: unknownMember };
  const payload = members.get("payload");
  if (payload === undefined) return refuse("missing_field", "payload", "payload is missing");
  if (typeof payload !== "string" || payload === "") {
    return refuse("type_mismatch", "payload", "payload must be a text that is not empty");
  }
  const reader = members.get("reader") ?? null;
  if (reader !== null && typeof reader !== "string") return refuse("type_mismatch", "reader", "reader must be a text");
  const lane = members.get("lane") ?? null;
  if (lane !== null && typeof lane !== "string") return refuse("type_mismatch", "lane", "lane must be a text");
  const quantity = members.get("quantity") ?? null;
  if (quantity !== null && (typeof quantity !== "number" || !Number.isInteger(quantity))) {
    return refuse("type_mismatch", "quantity", "quantity must be a whole number");
  }
  if (quantity !== null && (quantity < 1 || quantity > largestQuantity)) {
    return refuse("out_of_range", "quantity", `quantity must be 1 to ${largestQuantity}`);
  }
  const sale = readSale(Object.fromEntries(members), true);
  if (!sale.ok) return sale;
  const saidMore = ["quantity", ...saleMembers].find((name) => (members.get(name) ?? null) !== null);
  if (reader !== null && saidMore !== undefined) {
    return refuse("unknown_field", saidMore, `${saidMore} goes with a lane: a reader cannot ask`);
  }
  const request = { payload, reader, lane, ...(quantity === null ? {} : { quantity }) };
  const hasSale = sale.value.amountCents !== null || sale.value.externalRef !== null;
  return { ok: true, value: hasSale ? { ...request, sale: sale.value } : request };
}

/** The body of `POST /v1/outbox/retry`: `scan_id`, or nothing for all dead letters. */
export function readRetryBody(body: unknown): Read<string | null> {
  if (body === null) return { ok: true, value: null };
  if (typeof body !== "object" || Array.isArray(body)) {
    return refuse("type_mismatch", "body", "The body is not a JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(body));
  const unknownMember = unknownName([...members.keys()], ["scan_id"]);
  if (unknownMember !== null) return { ok: false, problem: unknownMember };
  const id = members.get("scan_id") ?? null;
  if (id !== null && typeof id !== "string") return refuse("type_mismatch", "scan_id", "scan_id must be a text");
  return { ok: true, value: id };
}

/** The body of `POST /v1/outbox/receipts`: `receipt`, the JWS of one batch. */
export function readReceiptBody(body: unknown): Read<string> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse("type_mismatch", "body", "The body is not a JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(body));
  const unknownMember = unknownName([...members.keys()], ["receipt"]);
  if (unknownMember !== null) return { ok: false, problem: unknownMember };
  const receipt = members.get("receipt");
  if (receipt === undefined) return refuse("missing_field", "receipt", "receipt is missing");
  return typeof receipt === "string"
    ? { ok: true, value: receipt }
    : refuse("type_mismatch", "receipt", "receipt must be a text");
}

/** The first name that is not known, as a problem that offers the nearest known one; null when all are known. */
export function unknownName(given: readonly string[], known: readonly string[]): Problem | null {
  const stranger = given.find((name) => !known.includes(name));
  if (stranger === undefined) return null;
  const shown = stranger.slice(0, 60);
  const nearest = nearestName(stranger, known);
  const expected = known.length === 0 ? "nothing" : known.join(", ");
  return {
    code: "unknown_field",
    param: shown,
    detail: `"${shown}" is unknown here; known: ${expected}`,
    ...(nearest === null ? {} : { remedy: `Did you mean "${nearest}"?` }),
  };
}

/** The first name that a query gives twice, as a problem; null when each stands once. */
export function repeatedName(query: URLSearchParams): Problem | null {
  const twice = [...query.keys()].find((name) => query.getAll(name).length > 1);
  if (twice === undefined) return null;
  return { code: "type_mismatch", param: twice, detail: `"${twice}" is given more than once` };
}

/** A whole number of a query; null when it is absent. */
export function readInteger(query: URLSearchParams, name: string, least: number, most: number): Read<number | null> {
  const text = query.get(name);
  if (text === null) return { ok: true, value: null };
  if (!/^\d{1,16}$/.test(text)) return refuse("type_mismatch", name, `${name} must be a whole number`);
  const value = Number(text);
  if (value < least || value > most) return refuse("out_of_range", name, `${name} must be ${least} to ${most}`);
  return { ok: true, value };
}

function refuse(
  code: Problem["code"],
  param: string,
  detail: string,
): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, param, detail } };
}
