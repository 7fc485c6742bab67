import net, { type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** `silent`: nobody is told of anything, and nothing arrives (half-open). `resets`: after so many bytes of answers. */
export type LineState =
  | { readonly kind: "whole" }
  | { readonly kind: "silent" }
  | { readonly kind: "slow"; readonly bytesPerS: number }
  | { readonly kind: "resets"; readonly afterBytes: number };

/** A line to a port of this machine on which bytes come late, partly or never: a TCP proxy on 127.0.0.1. */
export interface BadLine {
  readonly port: number;
  /** For the connections that live and for those to come. */
  become(state: LineState): void;
  close(): Promise<void>;
}

const stepMs = 20;
const mostConnections = 128;

export async function startBadLine(target: number): Promise<BadLine> {
  const sockets = new Set<Socket>();
  let state: LineState = { kind: "whole" };
  const server = net.createServer({ allowHalfOpen: true }, (caller) => {
    const cloud = net.connect({ host: "127.0.0.1", port: target, allowHalfOpen: true });
    for (const [socket, other] of [
      [caller, cloud],
      [cloud, caller],
    ] as const) {
      sockets.add(socket);
      // An error is always followed by `close`, and that is where the other side learns of it.
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.setNoDelay(true);
    }
    void pump(caller, cloud, () => state, null);
    void pump(cloud, caller, () => state, caller);
  });
  server.maxConnections = mostConnections;
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    become(next) {
      state = next;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** @param answersTo who is reset after so many bytes; null for the way of the questions */
async function pump(from: Socket, to: Socket, now: () => LineState, answersTo: Socket | null): Promise<void> {
  let bytes = 0;
  from.on("end", () => to.end());
  from.on("data", async (part: Buffer) => {
    from.pause();
    await pass(part);
    from.resume();
  });
  const pass = async (part: Buffer): Promise<void> => {
    for (let at = 0; at < part.length && !to.destroyed; ) {
      const state = now();
      if (state.kind === "silent" || state.kind === "slow") await sleep(stepMs);
      if (state.kind === "silent") continue;
      const size = state.kind === "slow" ? Math.ceil((state.bytesPerS * stepMs) / 1_000) : part.length;
      const slice = part.subarray(at, at + size);
      bytes += slice.length;
      if (state.kind === "resets" && answersTo !== null && bytes > state.afterBytes) {
        answersTo.resetAndDestroy();
        return;
      }
      to.write(slice);
      at += slice.length;
    }
  };
}
