import http, { type IncomingMessage, type ServerResponse } from "node:http";
import net, { type AddressInfo } from "node:net";

/** What a relay does with one request instead of passing it on, or with its answer; null: passes it on as it is. */
export interface Mischief {
  readonly instead?: (path: string, body: string) => string | null;
  readonly after?: (path: string, answer: string) => string;
}

/** A relay on loopback that passes HTTP and WebSockets on to the platform, honestly or not. */
export interface Relay {
  readonly url: string;
  mischief: Mischief;
  /** Requests that went through it. */
  readonly paths: readonly string[];
  close(): Promise<void>;
}

const mostBytes = 4 * 1024 * 1024;

export async function startRelay(target: { readonly port: number }): Promise<Relay> {
  const paths: string[] = [];
  const sockets = new Set<net.Socket>();
  const relay = { mischief: {} as Mischief };
  const server = http.createServer((request, response) => {
    pass(request, response, target.port, relay, paths).catch((cause: unknown) =>
      response.destroy(cause instanceof Error ? cause : undefined),
    );
  });
  server.on("upgrade", (request, socket, head) => {
    paths.push(request.url ?? "");
    const up = net.connect(target.port, "127.0.0.1");
    for (const one of [up, socket]) one.on("error", () => up.destroy());
    sockets.add(up);
    up.on("close", () => {
      sockets.delete(up);
      socket.destroy();
    });
    socket.on("close", () => up.destroy());
    const lines = Array.from({ length: request.rawHeaders.length / 2 }, (_, i) =>
      request.rawHeaders.slice(i * 2, i * 2 + 2).join(": "),
    );
    up.write(`GET ${request.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    up.write(head);
    up.pipe(socket);
    socket.pipe(up);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    get mischief() {
      return relay.mischief;
    },
    set mischief(next) {
      relay.mischief = next;
    },
    paths,
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  relay: { readonly mischief: Mischief },
  paths: string[],
): Promise<void> {
  const path = request.url ?? "";
  paths.push(path);
  const body = await bytesOf(request);
  const said = relay.mischief.instead?.(path, body.toString("latin1")) ?? null;
  if (said !== null) {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(said);
    return;
  }
  const { headers, method } = request;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = http.request({ port, host: "127.0.0.1", path, method: method ?? "GET", headers }, resolve);
    call.on("error", reject);
    call.end(body);
  });
  const whole = await bytesOf(answer);
  const { after } = relay.mischief;
  const sent = after === undefined ? whole : Buffer.from(after(path, whole.toString("latin1")), "latin1");
  const { "content-length": _, "transfer-encoding": __, ...kept } = answer.headers;
  response.writeHead(answer.statusCode ?? 502, { ...kept, "content-length": sent.length });
  response.end(sent);
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > mostBytes) throw new Error("more than a relay in a test passes on");
    parts.push(part);
  }
  return Buffer.concat(parts);
}
