import http from "node:http";
import https from "node:https";
import type { Attempt } from "./delivery.ts";

export interface Posting {
  /** `https:`, or `http:` to this machine in the sandbox (checked by the configuration). */
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM text that takes the place of the system's authorities; null for those. */
  readonly ca: string | null;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends one POST on a connection of its own and takes nothing of the answer but its status. Follows no redirect. Never
 * rejects: an aborted one ends as `unanswered`.
 */
export function post({ url, body, headers, ca, deadlineMs, signal }: Posting): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const secure = url.startsWith("https:");
  const late = AbortSignal.timeout(deadlineMs);
  const options = {
    method: "POST",
    agent: false,
    signal: AbortSignal.any([signal, late]),
    headers: { ...headers, "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)) },
  };
  const request = secure
    ? https.request(url, { ...options, ...(ca === null ? {} : { ca }), minVersion: "TLSv1.2" })
    : http.request(url, options);
  request.on("response", (answer) => {
    resolve({ kind: "answered", status: answer.statusCode ?? 0 });
    // The answer's body says nothing to us, whatever its length.
    answer.destroy();
  });
  request.on("error", (cause) => resolve({ kind: "unanswered", why: late.aborted ? "timeout" : reason(cause) }));
  request.end(body);
  return promise;
}

function reason(cause: Error): "tls" | "tls_time" | "unreachable" {
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return "tls_time";
  return /^EPROTO$|CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code) ? "tls" : "unreachable";
}
