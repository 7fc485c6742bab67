import http from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";
import { gzipSync } from "node:zlib";

/** Why no usable answer came. An answer with an error status is an answer, not a fault. */
export class CloudFault extends Error {
  override readonly name = "CloudFault";
  readonly code: CloudFaultCode;
  constructor(code: CloudFaultCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
export type CloudFaultCode = "unreachable" | "timeout" | "tls" | "too_large" | "aborted" | "bad_answer";

export interface CloudRequest {
  readonly method: "GET" | "POST";
  /** Path and query below the base URL, beginning with `/v1/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Most bytes of answer to take; more is `too_large`. */
  readonly maxBytes: number;
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

/** From the first byte sent to the last byte received. */
const totalDeadlineMs = 20_000;
/** The API version this agent was written against (contract.md 1.4). */
export const apiVersion = "2026-05-19";

/**
 * A thin HTTP client on kept-alive connections.
 *
 * @param baseUrl `https:`, or `http:` to loopback in sandbox (checked by the configuration)
 * @param ca PEM text of a private CA, added to nothing: it replaces the system's; null for the system's
 */
export function openHttp(baseUrl: string, ca: string | null): CloudHttp {
  const base = new URL(baseUrl);
  const secure = base.protocol === "https:";
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets: 4, minVersion: "TLSv1.2", ...(ca === null ? {} : { ca }) })
    : new http.Agent({ keepAlive: true, maxSockets: 4 });
  const request = secure ? https.request : http.request;

  const send = (ask: CloudRequest): Promise<CloudAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<CloudAnswer>();
    const signal = AbortSignal.any([ask.signal, AbortSignal.timeout(totalDeadlineMs)]);
    const body = ask.body === undefined ? undefined : packed(ask.body);
    const outgoing = request(new URL(ask.path, base), {
      agent,
      method: ask.method,
      signal,
      headers: {
        "QairoPay-Version": apiVersion,
        Accept: "application/json",
        ...body?.headers,
        ...ask.headers,
      },
    });
    outgoing.on("error", (cause) => reject(translate(cause, ask.signal)));
    outgoing.on("response", (incoming) => {
      readAll(incoming, ask.maxBytes).then(
        (body) => resolve({ status: incoming.statusCode ?? 0, headers: firstValues(incoming.headers), body }),
        (cause: unknown) => {
          outgoing.destroy();
          reject(cause instanceof CloudFault ? cause : translate(cause, ask.signal));
        },
      );
    });
    outgoing.end(body?.bytes);
    return promise;
  };
  return { baseUrl: base.origin, send, close: () => agent.destroy() };
}

/** Below this gzip saves nothing worth its time, bytes. */
const gzipFrom = 1_400;

function packed(body: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string | number>>;
} {
  const bytes = body.length < gzipFrom ? body : gzipSync(body);
  const encoding = bytes === body ? {} : { "Content-Encoding": "gzip" };
  return { bytes, headers: { "Content-Type": "application/json", "Content-Length": bytes.length, ...encoding } };
}

async function readAll(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    if (!(part instanceof Uint8Array)) throw new CloudFault("bad_answer", "the answer is not bytes");
    size += part.length;
    if (size > maxBytes) throw new CloudFault("too_large", `the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function firstValues(headers: http.IncomingHttpHeaders): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function translate(cause: unknown, stopped: AbortSignal): CloudFault {
  if (stopped.aborted) return new CloudFault("aborted", "stopped", cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ABORT_ERR") return new CloudFault("timeout", `no answer within ${totalDeadlineMs} ms`, cause);
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new CloudFault("tls", `the server's certificate is not trusted (${code})`, cause);
  }
  return new CloudFault("unreachable", `no connection (${code === "" ? "unknown" : code})`, cause);
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
