import { once } from "node:events";
import net from "node:net";
import { expect, test } from "vitest";
import { startCut } from "../../fixtures/network/cut.ts";

/** An echo server; answers until the caller ends. */
async function echo(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function dial(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}
const say = async (socket: net.Socket, text: string): Promise<string> => {
  socket.write(text);
  const [answer] = await once(socket, "data");
  return String(answer);
};
const failure = async (socket: net.Socket): Promise<unknown> => {
  const [cause] = await once(socket, "error");
  return cause instanceof Error && "code" in cause ? cause.code : cause;
};

test("a cut resets what lives and what comes, and heals", async () => {
  const target = await echo();
  const cable = await startCut({ target: { host: "127.0.0.1", port: target.port } });
  const socket = await dial(cable.port);
  expect(await say(socket, "hello")).toBe("hello");
  expect(cable.connections).toBe(1);

  const lost = failure(socket);
  cable.cut();
  expect(await lost).toBe("ECONNRESET");
  const refused = net.connect({ port: cable.port, host: "127.0.0.1" });
  expect(await failure(refused)).toBe("ECONNRESET");
  expect(cable.connections).toBe(0);

  cable.restore();
  const again = await dial(cable.port);
  expect(await say(again, "back")).toBe("back");
  again.destroy();
  await cable.close();
  await target.close();
});

test("a half-closed connection still brings the answer", async () => {
  const target = await echo();
  const cable = await startCut({ target: { host: "127.0.0.1", port: target.port } });
  const socket = await dial(cable.port);
  const parts: string[] = [];
  socket.on("data", (part) => parts.push(String(part)));
  socket.end("last words");
  await once(socket, "close");
  expect(parts.join("")).toBe("last words");
  await cable.close();
  await target.close();
});

test("a target that is not there resets the caller", async () => {
  const target = await echo();
  await target.close();
  const cable = await startCut({ target: { host: "127.0.0.1", port: target.port } });
  expect(await failure(net.connect({ port: cable.port, host: "127.0.0.1" }))).toBe("ECONNRESET");
  await cable.close();
});

test("closing ends what lives", async () => {
  const target = await echo();
  const cable = await startCut({ target: { host: "127.0.0.1", port: target.port } });
  const socket = await dial(cable.port);
  await say(socket, "x");
  const ended = failure(socket);
  await cable.close();
  expect(await ended).toBe("ECONNRESET");
  await target.close();
});
