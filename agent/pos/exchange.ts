import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../log.ts";
import { StoreFault } from "../store/index.ts";
import type { Authenticator } from "./auth.ts";
import { openUpload, readBody } from "./body.ts";
import { type Arrival, corsHeaders, type GateRules, gateRefusal } from "./gate.ts";
import { repeatedName, unknownName } from "./members.ts";
import { type Problem, problemDocument, problemStatus } from "./problem.ts";
import { type Answer, type Download, findRoute, type PlainAnswer, type Route } from "./router.ts";
import type { Streams } from "./streams.ts";

export interface ExchangeParts {
  readonly routes: readonly Route[];
  readonly rules: GateRules;
  readonly authenticator: Authenticator;
  readonly streams: Streams;
  readonly log: Log;
  /** Aborts when the API closes: nothing waits longer than that. */
  readonly signal: AbortSignal;
}

/** No route may keep its caller longer; a scene of the demo is the longest. */
const answerWithinMs = 60_000;

/** W3C Permissions Policy. @param camera who may use it: `self`, or nobody */
export function permissionsPolicy(camera: "self" | ""): string {
  return `camera=(${camera}), microphone=(), geolocation=(), display-capture=()`;
}

/** On every answer, errors and streams included (ecosystem.md 3.7). No inline script or style, no frame, nothing cached. */
const securityHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'",
  // No page may use these, but for the page of a lane with a camera.
  "permissions-policy": permissionsPolicy(""),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Answers one request, whatever it is. Rejects only when a stream fails to open. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  transport: Arrival["transport"],
  parts: ExchangeParts,
): Promise<void> {
  const requestId = `req_${randomBytes(10).toString("hex")}`;
  const [path = "", search = ""] = splitTarget(request.url ?? "");
  const origin = request.headers.origin ?? null;
  const headers = { ...securityHeaders, ...corsHeaders(origin, parts.rules), "x-request-id": requestId };
  let answer: Answer;
  try {
    answer = await chooseAnswer(request, response, { transport, path, search }, parts);
  } catch (cause) {
    const fault = cause instanceof Error ? cause.name : typeof cause;
    const problem = problemOf(cause);
    parts.log.error("api_answer_failed", {
      request_id: requestId,
      route: path.slice(0, 100),
      fault,
      said: saying(cause),
    });
    answer = { kind: "problem", problem };
  }
  if (response.destroyed || response.headersSent) return;
  if (answer.kind === "stream") {
    if (parts.streams.admit(response, headers, answer.open)) return;
    answer = { kind: "problem", problem: { code: "rate_limited", detail: "32 event streams are open already" } };
  }
  if (answer.kind === "download") return sendDownload(response, headers, answer, parts);
  const reply = replyOf(answer, path, requestId);
  const length = String(Buffer.byteLength(reply.body));
  response.writeHead(reply.status, { ...headers, ...reply.headers, "content-length": length });
  response.end(reply.body);
}

async function chooseAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  at: { readonly transport: Arrival["transport"]; readonly path: string; readonly search: string },
  parts: ExchangeParts,
): Promise<Answer> {
  const { path, transport } = at;
  if (!path.startsWith("/")) return refuse({ code: "bad_request", detail: "The request target is not a path" });
  const origin = request.headers.origin ?? null;
  const fetchSite = singleHeader(request, "sec-fetch-site");
  const hosts = request.headersDistinct["host"] ?? [];
  const gate = gateRefusal({ transport, hosts, origin, fetchSite, path }, parts.rules);
  if (gate !== null) return refuse(gate);

  const match = findRoute(parts.routes, request.method ?? "", path);
  if (match.kind === "none") return refuse({ code: "not_found", detail: "There is no such address" });
  if (match.kind === "wrong_method") {
    if (request.method === "OPTIONS" && origin !== null && parts.rules.listedOrigins.has(origin)) {
      return preflight(response, match.allowed);
    }
    response.setHeader("allow", match.allowed.join(", "));
    return refuse({ code: "method_not_allowed", detail: `Allowed here: ${match.allowed.join(", ")}` });
  }
  const { route, params } = match;
  const unixUpload = route.upload !== undefined && route.upload.overTcp !== true;
  if ((unixUpload || route.unixOnly === true) && transport !== "unix") {
    return refuse({ code: "unix_socket_only", detail: "This is answered on the Unix socket only" });
  }
  const absent = route.absent?.() ?? null;
  if (absent !== null) return refuse(absent);
  const refusal =
    transport === "unix"
      ? null
      : parts.authenticator.check(request.headers.authorization ?? null, route.access, params["reader"]);
  if (refusal !== null) {
    if (refusal.delayMs > 0) await pause(refusal.delayMs, parts.signal);
    return refuse(refusal.problem);
  }
  const query = new URLSearchParams(at.search);
  const stray = route.query === "any" ? null : (unknownName([...query.keys()], route.query) ?? repeatedName(query));
  if (stray !== null) return refuse(stray);
  if (route.upload !== undefined) {
    const upload = openUpload(request, route.upload);
    if (!upload.ok) return refuse(upload.problem);
    return await inTime(route.answer({ params, query, body: null, upload: upload.value }), parts.signal);
  }
  const body = route.method === "POST" ? await readBody(request) : { ok: true as const, value: null };
  if (!body.ok) return refuse(body.problem);
  return await inTime(route.answer({ params, query, body: body.value, upload: null }), parts.signal);
}

/** Sends bytes at the reader's pace, for a minute at most. A reader that goes away gets no more, and nobody else notices. */
async function sendDownload(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  { type, chunks }: Download,
  { signal, log }: ExchangeParts,
): Promise<void> {
  response.writeHead(200, { ...headers, "content-type": type });
  const stop = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
  try {
    await pipeline(Readable.from(chunks), response, { signal: stop });
  } catch (cause) {
    log.debug("api_download_ended", { fault: cause instanceof Error ? cause.name : typeof cause });
  }
}

/** Fetch standard, CORS preflight, for a listed origin only. */
function preflight(response: ServerResponse, allowed: readonly string[]): Answer {
  response.setHeader("access-control-allow-methods", allowed.join(", "));
  response.setHeader("access-control-allow-headers", "authorization, content-type");
  response.setHeader("access-control-max-age", "600");
  return { kind: "text", status: 200, type: "text/plain; charset=utf-8", body: "" };
}

/** Waits, or less when the API closes. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

async function inTime(answer: Answer | Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  if (!(answer instanceof Promise)) return answer;
  const late = new AbortController();
  const silence = delay(answerWithinMs, undefined, { signal: AbortSignal.any([signal, late.signal]) }).then(
    () => refuse({ code: "agent_silent", detail: `No answer within ${answerWithinMs / 1_000} s` }),
    () => refuse({ code: "agent_silent", detail: "The agent is stopping" }),
  );
  try {
    return await Promise.race([answer, silence]);
  } finally {
    late.abort();
  }
}

/** Status, headers and body as they go on the wire. */
interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function replyOf(answer: PlainAnswer, path: string, requestId: string): Reply {
  switch (answer.kind) {
    case "json":
      return {
        status: answer.status,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(answer.body),
      };
    case "text":
      return { status: answer.status, headers: { "content-type": answer.type, ...answer.headers }, body: answer.body };
    case "problem": {
      const status = problemStatus(answer.problem.code);
      const headers: Record<string, string> = { "content-type": "application/problem+json" };
      // RFC 9110 section 11.6.1: a 401 names the scheme.
      if (status === 401) headers["www-authenticate"] = "Bearer";
      // What is left of an oversized body is not read: only a closed connection ends it.
      if (status === 413) headers["connection"] = "close";
      return { status, headers, body: JSON.stringify(problemDocument(answer.problem, path, requestId)) };
    }
  }
}

function refuse(problem: Problem): Answer {
  return { kind: "problem", problem };
}

/** What a client is told of a fault that nobody answered for; on the WebSocket too. */
export function problemOf(cause: unknown): Problem {
  return cause instanceof StoreFault
    ? { code: "storage_failed", detail: "The storage does not answer now; the agent opens it again by itself" }
    : { code: "internal", detail: "The agent could not answer this request" };
}

/** Path and query of an origin-form request target (RFC 9112 section 3.2.1), not decoded. */
function splitTarget(target: string): readonly string[] {
  const question = target.indexOf("?");
  return question < 0 ? [target] : [target.slice(0, question), target.slice(question + 1)];
}

function singleHeader(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" ? value : null;
}

/** For the log: faults of the agent's own parts carry codes, and no message of theirs holds a payload. */
function saying(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 200) : "";
}
