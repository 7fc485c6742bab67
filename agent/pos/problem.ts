import type { ScanRecord } from "../record.ts";

/**
 * Every error the local API can answer with (ecosystem.md 3.5): RFC 9457 problem details plus the members the cloud uses
 * (`code`, `param`, `request_id`), so that one piece of client code serves both. Codes are API: add, never rename.
 */
const kinds = {
  bad_request: {
    status: 400,
    title: "The request cannot be read",
    remedy: "Send HTTP/1.1 with a path that starts with a slash and a JSON object as body",
  },
  missing_auth: {
    status: 401,
    title: "This address needs the access token",
    remedy: "Send the content of the token file as `Authorization: Bearer …`, or use the Unix socket",
  },
  invalid_token: {
    status: 401,
    title: "The access token is not the one of this agent",
    remedy: "Read the token file again: it changes when the state folder is made anew",
  },
  insufficient_scope: {
    status: 403,
    title: "The access token may not do this",
    remedy: "Send the content of the operator's token file, or use the Unix socket: pass-agent override --help",
  },
  not_claimed: { status: 409, title: "The lane is not claimed by this client", remedy: "Call lane.claim first" },
  claim_held: {
    status: 409,
    title: "The lane is claimed by another client",
    remedy: "Release it there, or claim it with `take_over` and the operator's token",
  },
  already_decided: {
    status: 409,
    title: "The scan is decided otherwise",
    remedy: "The member `scan` says how it stands",
  },
  decision_too_late: {
    status: 409,
    title: "The answer came too late",
    remedy: "The member `scan` says how it stands; let the guest present the pass again",
  },
  quantity_refused: {
    status: 409,
    title: "The rules do not let that many come",
    remedy: "The question is still open: answer again with fewer, or with `rejected`",
  },
  not_accepted: {
    status: 409,
    title: "Only an accepted scan can be taken back",
    remedy: "The member `scan` says how it stands",
  },
  override_too_late: {
    status: 409,
    title: "This scan can no longer be overridden",
    remedy: "Let the guest present the pass again, then override that scan",
  },
  not_open: { status: 409, title: "The lane is not in that state", remedy: "GET /v1/lane-times lists what runs now" },
  lane_busy: { status: 409, title: "The lane is busy", remedy: "Wait for its answer" },
  method_not_found: { status: 404, title: "There is no such method", remedy: "See docs/pos-api.md" },
  session_not_open: { status: 409, title: "The session is not open", remedy: "Call session.open first, and once" },
  origin_not_allowed: {
    status: 403,
    title: "A web page of another origin asked",
    remedy: "If this page is yours, add its origin to `allowed_origins` under [api]",
  },
  host_not_allowed: {
    status: 403,
    title: "The request names a host that is not this agent",
    remedy: "Use 127.0.0.1, localhost or [::1] with the port, or add the name to `allowed_hosts` under [api]",
  },
  unix_socket_only: {
    status: 403,
    title: "This address answers on the Unix socket only",
    remedy: "Use the command line: pass-agent trust import",
  },
  not_found: { status: 404, title: "There is nothing at this address", remedy: "GET /v1/ping names the API versions" },
  lane_not_found: { status: 404, title: "No such lane", remedy: "GET /v1/status lists the lanes" },
  reader_not_found: { status: 404, title: "No such reader", remedy: "GET /v1/status lists the readers" },
  unknown_scene: { status: 404, title: "No such scene", remedy: "GET /v1/sim/scenes lists them" },
  simulation_disabled: {
    status: 404,
    title: "This agent has no simulation",
    remedy: "Passes can be presented by hand only in a demo or a test",
  },
  scan_not_found: { status: 404, title: "No such scan", remedy: "GET /v1/events lists the scans of this terminal" },
  currency_mismatch: {
    status: 409,
    title: "The scan is in another currency",
    remedy: "Give the amount in the currency of the scan",
  },
  id_conflict: { status: 409, title: "The id is taken by another record", remedy: "Choose a new id, or send none" },
  invalid_enum: {
    status: 400,
    title: "A word is not one of the known ones",
    remedy: "Correct the member named in `param`",
  },
  invalid_currency: {
    status: 400,
    title: "There is no such currency",
    remedy: "Give three letters of ISO 4217, such as EUR",
  },
  invalid_date: { status: 400, title: "There is no such date", remedy: "Give a date such as 2026-05-19" },
  pattern_mismatch: {
    status: 400,
    title: "A text does not have the right form",
    remedy: "Correct the member named in `param`",
  },
  unrecorded: {
    status: 503,
    title: "Nobody knows whether the record was kept",
    remedy: "Ask again with the same id: it is written once",
  },
  storage_failed: {
    status: 503,
    title: "The storage does not answer",
    remedy: "Look at the conditions in GET /v1/status",
  },
  method_not_allowed: { status: 405, title: "This address has no such method", remedy: "See the Allow header" },
  scan_timeout: {
    status: 408,
    title: "The reader gave no answer in time",
    remedy: "Look at the reader's state in GET /v1/status, then present again",
  },
  not_enrolled: {
    status: 409,
    title: "This terminal belongs to no tenant yet",
    remedy: "Enrol it first: pass-agent enroll <code>",
  },
  trust_unavailable: {
    status: 409,
    title: "The trust data cannot be put in a bundle",
    remedy: "Connect this terminal to the cloud once, or import a bundle",
  },
  too_large: { status: 413, title: "The body is too large", remedy: "Send at most 65536 bytes" },
  unsupported_media_type: {
    status: 415,
    title: "The body is not declared as JSON",
    remedy: "Send `Content-Type: application/json`",
  },
  missing_field: { status: 400, title: "A member is missing", remedy: "Add the member named in `param`" },
  unknown_field: { status: 400, title: "A member is unknown here", remedy: "Remove the member named in `param`" },
  type_mismatch: { status: 400, title: "A member has the wrong type", remedy: "Correct the member named in `param`" },
  out_of_range: { status: 400, title: "A number is out of range", remedy: "Correct the member named in `param`" },
  rate_limited: { status: 429, title: "Too many streams are open", remedy: "Close a page that is not needed" },
  internal: { status: 500, title: "The agent could not answer", remedy: "Search the log for this request_id" },
  scene_failed: { status: 503, title: "The scene could not be played", remedy: "Look at the agent's log" },
  simulator_absent: {
    status: 503,
    title: "The simulated devices do not answer",
    remedy: "Start the demo again: the simulator runs beside the agent",
  },
  agent_silent: { status: 503, title: "The agent is too busy to answer", remedy: "Repeat the request" },
} as const satisfies Readonly<
  Record<string, { readonly status: number; readonly title: string; readonly remedy: string }>
>;

export type ProblemCode = keyof typeof kinds;
/** All codes, for papers and tests. */
export const problemCodes: readonly string[] = Object.keys(kinds);

/** One refusal of the API. `detail` says what happened to what; it never holds a payload, a path or a stack. */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  /** The query or body member at fault. */
  readonly param?: string;
  /** Replaces the general advice of the code. */
  readonly remedy?: string;
  /** The scan as it stands, for whoever wanted it otherwise. */
  readonly scan?: ScanRecord;
}

/** HTTP status of a code. */
export function problemStatus(code: ProblemCode): number {
  return kinds[code].status;
}

/** The RFC 9457 document. `instance` is the path without its query. */
export function problemDocument(
  problem: Problem,
  instance: string,
  requestId: string,
): Readonly<Record<string, unknown>> {
  const kind = kinds[problem.code];
  return {
    type: `urn:pass-agent:problem:${problem.code}`,
    title: kind.title,
    status: kind.status,
    code: problem.code,
    detail: problem.detail,
    instance,
    ...(problem.param === undefined ? {} : { param: problem.param }),
    ...(problem.scan === undefined ? {} : { scan: problem.scan }),
    request_id: requestId,
    retryable: kind.status === 408 || kind.status === 429 || kind.status >= 500,
    remedy: problem.remedy ?? kind.remedy,
  };
}
