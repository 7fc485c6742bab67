import WebSocket from "ws";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { apiVersion, busy, isObject, saysLater } from "./http.ts";
import type { Session } from "./session.ts";

/** One webhook envelope from the stream: a hint to fetch signed data, never an instruction. */
export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface StreamParts {
  readonly baseUrl: string;
  readonly relayUrl: string | null;
  readonly scannerId: string;
  readonly ca: string | null;
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Log;
  /** Where to resume, or null from now on. */
  readonly after: string | null;
  readonly connected: () => void;
  readonly event: (event: StreamEvent) => void;
}

/** Largest text frame of the contract, bytes. */
const maxFrameBytes = 256 * 1024;
/** The server pings every 25 s; this much silence means that nobody is there, milliseconds. */
const silenceMs = 60_000;

/**
 * Holds one stream until it ends (resolves) or `signal` aborts. The owner calls again with back-off.
 * Rejects with what signing in rejects with, and with `busy` when the stream is refused for now.
 */
export async function holdStream(parts: StreamParts, signal: AbortSignal): Promise<void> {
  const url = new URL(`/v1/scanners/${parts.scannerId}/stream`, parts.relayUrl ?? parts.baseUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (parts.after !== null) url.searchParams.set("after", parts.after);
  const bearer = await parts.session.bearer(signal);
  const socket = new WebSocket(url, {
    headers: { Authorization: `Bearer ${bearer}`, "QairoPay-Version": apiVersion, Host: new URL(parts.baseUrl).host },
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    handshakeTimeout: 10_000,
    followRedirects: false,
    ...(parts.ca === null ? {} : { ca: parts.ca }),
  });
  const ended = Promise.withResolvers<void>();
  let cancelSilence = (): void => {};
  const heard = (): void => {
    cancelSilence();
    cancelSilence = parts.clock.after(silenceMs, () => socket.terminate());
  };
  const stop = (): void => socket.terminate();
  signal.addEventListener("abort", stop, { once: true });
  heard();
  socket.on("open", parts.connected);
  socket.on("ping", heard);
  socket.on("message", (frame, isBinary) => {
    heard();
    const event = isBinary ? null : streamEvent(frame.toString());
    if (event === null) parts.log.warn("stream_frame_unreadable");
    else parts.event(event);
  });
  socket.on("unexpected-response", (_request, response) => {
    if (response.statusCode === 401) parts.session.forget();
    const status = response.statusCode ?? 0;
    parts.log.info("stream_refused", { status });
    const headers = { "retry-after": response.headers["retry-after"] };
    if (saysLater(status)) ended.reject(busy(url.pathname, { status, headers, body: new Uint8Array() }));
    socket.terminate();
  });
  socket.on("error", (cause) => parts.log.debug("stream_error", { detail: cause.message }));
  socket.on("close", () => ended.resolve());
  try {
    await ended.promise;
  } finally {
    cancelSilence();
    signal.removeEventListener("abort", stop);
  }
}

/** Reads one frame; null for anything that is no envelope. */
export function streamEvent(text: string): StreamEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: the caller logs an unreadable frame and the stream goes on.
    return null;
  }
  if (!isObject(value)) return null;
  const { id, type, data } = value;
  if (typeof id !== "string" || typeof type !== "string" || !isObject(data)) return null;
  return { id, type, data };
}
