import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One step of a scripted pcscd: the request it expects (command number), and what it does then. */
export interface Step {
  readonly command: number;
  /** Bytes to answer, whole or in pieces of `pieceBytes`; null hangs up. Nothing: it stays silent. */
  readonly answer?: Uint8Array | null;
  readonly pieceBytes?: number;
}

export interface FakePcscd extends AsyncDisposable {
  readonly socket: string;
  /** Connections open now. */
  open(): number;
  /** What did not go by the script. */
  readonly mistakes: readonly string[];
}

/** 32-bit words as they lie in a message. */
export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** Listens on a real Unix socket and plays `script` to each connection; any other request is a mistake and hangs up. */
export async function playPcscd(script: readonly Step[]): Promise<FakePcscd> {
  const folder = await mkdtemp(join(tmpdir(), "fake-pcscd-"));
  const socket = join(folder, "comm");
  const sockets = new Set<Socket>();
  const mistakes: string[] = [];
  const server = createServer((peer) => {
    sockets.add(peer);
    peer.on("close", () => sockets.delete(peer));
    peer.on("error", () => peer.destroy());
    let pending = Buffer.alloc(0);
    let at = 0;
    peer.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 8 && pending.length >= 8 + pending.readUInt32LE(0)) {
        const command = pending.readUInt32LE(4);
        pending = pending.subarray(8 + pending.readUInt32LE(0));
        const step = script[at];
        at += 1;
        if (step?.command !== command) {
          mistakes.push(`request ${at} was ${command}, not ${step?.command ?? "anything"}`);
          peer.destroy();
          return;
        }
        if (step.answer === null) peer.destroy();
        else if (step.answer !== undefined) void dribble(peer, step.answer, step.pieceBytes ?? step.answer.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    open: () => sockets.size,
    mistakes,
    [Symbol.asyncDispose]: async () => {
      for (const peer of sockets) peer.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

async function dribble(peer: Socket, answer: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < answer.length && !peer.destroyed; at += pieceBytes) {
    peer.write(answer.subarray(at, at + pieceBytes));
    // Lets each piece leave by itself.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
