import { once } from "node:events";
import WebSocket from "ws";
import type { TestCloud } from "./harness.ts";

export interface Heard {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A scanner's end of the stream. */
export interface Listening {
  readonly heard: readonly Heard[];
  readonly pings: number;
  /** Code and reason of the close, once it came. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  close(): void;
}

/** Opens a scanner's stream; resolves when it is open, rejects when it is refused. */
export async function listen(
  sandbox: TestCloud,
  device: { readonly id: string; readonly token: string },
  options: { readonly after?: string; readonly autoPong?: boolean } = {},
): Promise<Listening> {
  const after = options.after === undefined ? "" : `?after=${options.after}`;
  const url = `${sandbox.cloud.url.replace("http", "ws")}/v1/scanners/${device.id}/stream${after}`;
  const socket = new WebSocket(url, {
    headers: { Authorization: `Bearer ${device.token}` },
    autoPong: options.autoPong ?? true,
  });
  const heard: Heard[] = [];
  let pings = 0;
  socket.on("message", (frame) => heard.push(JSON.parse(frame.toString())));
  socket.on("ping", () => {
    pings += 1;
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await once(socket, "open", { signal: AbortSignal.timeout(5_000) });
  return {
    heard,
    closed,
    get pings() {
      return pings;
    },
    close: () => socket.terminate(),
  };
}
