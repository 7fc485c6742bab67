import http from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { isGzip } from "../batch-body.ts";

/** Why no usable answer came. An answer with an error status is an answer, not a fault. */
export class CloudFault extends Error {
  override readonly name = "CloudFault";
  readonly code: CloudFaultCode;
  /** What had come of an answer that broke off. */
  readonly partial: CloudAnswer | null;
  /** Nothing more is to be asked for so long, milliseconds; null where nobody said so. */
  readonly retryAfterMs: number | null;
  constructor(
    code: CloudFaultCode,
    message: string,
    cause?: unknown,
    partial: CloudAnswer | null = null,
    retryAfterMs: number | null = null,
  ) {
    super(message, { cause });
    this.code = code;
    this.partial = partial;
    this.retryAfterMs = retryAfterMs;
  }
}
/**
 * `busy`: it answered that it cannot now. `tls_time`: by the system's clock the certificate is not valid yet, or not any more.
 */
export type CloudFaultCode =
  | "unreachable"
  | "timeout"
  | "too_slow"
  | "tls"
  | "tls_time"
  | "too_large"
  | "aborted"
  | "busy"
  | "bad_answer";

export interface CloudRequest {
  readonly method: "GET" | "POST";
  /** Path and query below the base URL, beginning with `/v1/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Most bytes of answer to take; more is `too_large`. */
  readonly maxBytes: number;
  /** Give up with `too_slow` when the body of the answer comes slower than `HttpLimits` says. */
  readonly steady?: boolean;
  readonly signal: AbortSignal;
}

export interface CloudAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface CloudHttp {
  readonly baseUrl: string;
  /** Rejects with a `CloudFault`. Follows no redirect: a redirect is an answer like any other. */
  send(request: CloudRequest): Promise<CloudAnswer>;
  close(): void;
}

export interface HttpLimits {
  /** From the first byte sent to the last byte received, milliseconds. */
  readonly totalMs: number;
  /** A steady answer brings at least so many bytes in each such time. */
  readonly paceMs: number;
  readonly paceBytes: number;
}

/** Who is spoken to: the platform, or a relay in front of it. */
export interface CloudRoute {
  readonly url: string;
  readonly relayUrl: string | null;
}

/** As `openHttp`, by the configuration. */
export function openRoute({ url, relayUrl }: CloudRoute, ca: string | null): CloudHttp {
  return openHttp(url, ca, usualLimits, relayUrl);
}

/** 1 KiB/s over 10 s: whoever is slower holds a connection without meaning to serve it. */
const usualLimits: HttpLimits = { totalMs: 20_000, paceMs: 10_000, paceBytes: 10 * 1024 };
/** Four downloads at once, and always one connection more for uploads. */
const maxSockets = 6;
/** The API version this agent was written against (contract.md 1.4). */
export const apiVersion = "2026-05-19";

/**
 * A thin HTTP client on kept-alive connections.
 *
 * @param relayUrl connect here instead, and name the platform as the host that is meant: for a site behind a relay
 * @param baseUrl `https:`, or `http:` to loopback in sandbox (checked by the configuration)
 * @param ca PEM text of a private CA, added to nothing: it replaces the system's; null for the system's
 */
export function openHttp(
  baseUrl: string,
  ca: string | null,
  limits: HttpLimits = usualLimits,
  relayUrl: string | null = null,
): CloudHttp {
  const meant = new URL(baseUrl);
  const base = relayUrl === null ? meant : new URL(relayUrl);
  const host = relayUrl === null ? {} : { Host: meant.host };
  const secure = base.protocol === "https:";
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets, minVersion: "TLSv1.2", ...(ca === null ? {} : { ca }) })
    : new http.Agent({ keepAlive: true, maxSockets });
  const request = secure ? https.request : http.request;

  const send = (ask: CloudRequest): Promise<CloudAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<CloudAnswer>();
    const signal = AbortSignal.any([ask.signal, AbortSignal.timeout(limits.totalMs)]);
    const body = ask.body === undefined ? undefined : packed(ask.body);
    const outgoing = request(new URL(ask.path, base), {
      agent,
      method: ask.method,
      signal,
      headers: {
        "QairoPay-Version": apiVersion,
        Accept: "application/json",
        ...host,
        ...body?.headers,
        ...ask.headers,
      },
    });
    // Once the answer has begun, its reader finds out as well, and knows how far it got; but not why.
    let why: unknown = null;
    let hasBegun = false;
    outgoing.on("error", (cause) => {
      why ??= cause;
      if (!hasBegun) reject(translate(cause, ask.signal, limits, null));
    });
    outgoing.on("response", (incoming) => {
      hasBegun = true;
      const parts: Uint8Array[] = [];
      const soFar = (): CloudAnswer => {
        const body = Buffer.concat(parts);
        return { status: incoming.statusCode ?? 0, headers: firstValues(incoming.headers), body };
      };
      const pace = ask.steady === true ? watchPace(incoming, parts, limits) : null;
      readAll(incoming, parts, ask.maxBytes)
        .then(
          () => resolve(soFar()),
          (cause: unknown) => {
            outgoing.destroy();
            reject(translate(cause instanceof CloudFault ? cause : (why ?? cause), ask.signal, limits, soFar()));
          },
        )
        .finally(() => clearInterval(pace ?? undefined));
    });
    outgoing.end(body?.bytes);
    return promise;
  };
  return { baseUrl: meant.origin, send, close: () => agent.destroy() };
}

/** Below this gzip saves nothing worth its time, bytes. */
const gzipFrom = 1_400;

/** @param body JSON, or JSON in gzip already */
function packed(body: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string | number>>;
} {
  const bytes = isGzip(body) || body.length < gzipFrom ? body : gzipSync(body);
  const encoding = isGzip(bytes) ? { "Content-Encoding": "gzip" } : {};
  return { bytes, headers: { "Content-Type": "application/json", "Content-Length": bytes.length, ...encoding } };
}

/** Ends a stream that comes too slowly. */
function watchPace(stream: Readable, parts: readonly Uint8Array[], limits: HttpLimits): NodeJS.Timeout {
  const { paceMs, paceBytes } = limits;
  let before = 0;
  return setInterval(() => {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    if (size - before < paceBytes) {
      stream.destroy(new CloudFault("too_slow", `less than ${paceBytes} bytes came in ${paceMs} ms`));
    }
    before = size;
  }, paceMs);
}

async function readAll(stream: Readable, parts: Uint8Array[], maxBytes: number): Promise<void> {
  let size = 0;
  for await (const part of stream) {
    if (!(part instanceof Uint8Array)) throw new CloudFault("bad_answer", "the answer is not bytes");
    size += part.length;
    if (size > maxBytes) throw new CloudFault("too_large", `the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
}

function firstValues(headers: http.IncomingHttpHeaders): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function translate(cause: unknown, stopped: AbortSignal, limits: HttpLimits, partial: CloudAnswer | null): CloudFault {
  if (stopped.aborted) return new CloudFault("aborted", "stopped", cause, partial);
  if (cause instanceof CloudFault) return new CloudFault(cause.code, cause.message, cause, partial);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  // An abort is a DOMException, whose own code is a number.
  const isLate = code === "ABORT_ERR" || (cause instanceof Error && cause.name === "TimeoutError");
  if (isLate) return new CloudFault("timeout", `no answer within ${limits.totalMs} ms`, cause, partial);
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return new CloudFault(
      "tls_time",
      `by this machine's clock the server's certificate does not count (${code})`,
      cause,
    );
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new CloudFault("tls", `the server's certificate is not trusted (${code})`, cause);
  }
  return new CloudFault("unreachable", `no connection (${code === "" ? "unknown" : code})`, cause, partial);
}

/** Parses a JSON object; anything else (HTML of a captive portal, an empty body) is `bad_answer`. */
export function jsonObject(answer: CloudAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(answer.body));
    if (isObject(value)) return value;
  } catch (cause) {
    throw new CloudFault("bad_answer", `status ${answer.status} with a body that is not JSON`, cause);
  }
  throw new CloudFault("bad_answer", `status ${answer.status} with JSON that is no object`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The platform's error envelope (contract.md 1.6); only `type`, `code` and `message` may be relied on. */
export interface CloudError {
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** Statuses that say "later", whatever the body (contract.md 2.3). */
const laterStatuses: readonly number[] = [408, 425, 429];

export function saysLater(status: number): boolean {
  return laterStatuses.includes(status) || status >= 500;
}

/** What an answer that says "later" means for whoever asked, with the wait that it asks for. */
export function busy(path: string, answer: CloudAnswer): CloudFault {
  const { code, retryAfterMs } = cloudError(answer);
  return new CloudFault("busy", `${path} answered ${answer.status} ${code}`, undefined, null, retryAfterMs);
}

/** Reads the error envelope; an answer without one gives type `unknown` and the status as code. Never throws. */
export function cloudError(answer: CloudAnswer): CloudError {
  const header = Number(answer.headers["retry-after"]);
  const fromHeader = Number.isFinite(header) && header >= 0 ? header * 1000 : null;
  const none = {
    type: "unknown",
    code: `http_${answer.status}`,
    message: "no error envelope",
    retryAfterMs: fromHeader,
  };
  let body: Readonly<Record<string, unknown>>;
  try {
    body = jsonObject(answer);
  } catch (cause) {
    if (!(cause instanceof CloudFault)) throw cause;
    return none;
  }
  const error = body["error"];
  if (!isObject(error)) return none;
  const text = (name: string, fallback: string): string => {
    const value = error[name];
    return typeof value === "string" ? value.slice(0, 500) : fallback;
  };
  const wait = error["retry_after_ms"];
  return {
    type: text("type", none.type),
    code: text("code", none.code),
    message: text("message", none.message),
    retryAfterMs: typeof wait === "number" && wait >= 0 ? wait : fromHeader,
  };
}
