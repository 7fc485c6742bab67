import type { RawData } from "ws";
import { type Problem, type ProblemCode, problemDocument } from "../problem.ts";

/** JSON-RPC 2.0, one object a frame (ecosystem.md 3.2). Batches and notifications from clients are refused. */

/** One request of a client. */
export interface Call {
  readonly id: string | number;
  readonly method: string;
  readonly params: unknown;
}

export type Parsed =
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "bad"; readonly code: -32700 | -32600; readonly detail: string };

export function parseFrame(data: RawData): Parsed {
  const message = parseJson(data);
  if (message === undefined) return bad(-32700, "The frame is not JSON in UTF-8");
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    return bad(-32600, "The frame is not one request object");
  }
  const { jsonrpc, id, method, params } = Object.fromEntries(Object.entries(message));
  if (jsonrpc !== "2.0") return bad(-32600, 'jsonrpc must be "2.0"');
  if (typeof id !== "number" && typeof id !== "string") return bad(-32600, "id must be a number or a text");
  if (typeof method !== "string") return bad(-32600, "method must be a text");
  return { kind: "call", call: { id, method, params: params ?? {} } };
}

function bad(code: -32700 | -32600, detail: string): Parsed {
  return { kind: "bad", code, detail };
}

/** Undefined for what is no JSON. */
function parseJson(data: RawData): unknown {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined;
    throw cause;
  }
}

/** Codes of JSON-RPC for the codes of the API; all others are -32000. */
const rpcCodes: Partial<Readonly<Record<ProblemCode, number>>> = {
  missing_auth: -32_001,
  invalid_token: -32_001,
  insufficient_scope: -32_002,
  unknown_field: -32_602,
  type_mismatch: -32_602,
  invalid_enum: -32_602,
  missing_field: -32_602,
  pattern_mismatch: -32_602,
  out_of_range: -32_602,
  invalid_currency: -32_602,
  lane_not_found: -32_004,
  scan_not_found: -32_004,
  not_claimed: -32_010,
  claim_held: -32_011,
  session_not_open: -32_013,
  lane_busy: -32_024,
  decision_too_late: -32_031,
  already_decided: -32_032,
  id_conflict: -32_040,
  rate_limited: -32_060,
  too_large: -32_061,
  method_not_found: -32_601,
  internal: -32_603,
};

export function resultFrame(id: Call["id"], result: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

/** @param at what was called, in the place of the path of a request */
export function problemFrame(id: Call["id"] | null, problem: Problem, at: string, requestId: string): string {
  const data = problemDocument(problem, at, requestId);
  const code = rpcCodes[problem.code] ?? -32_000;
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message: data["title"], data } });
}

export function badFrame(code: number, detail: string, requestId: string): string {
  const data = problemDocument({ code: "bad_request", detail }, "", requestId);
  return JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message: detail, data } });
}

export function eventFrame(event: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ jsonrpc: "2.0", method: "event", params: event });
}
