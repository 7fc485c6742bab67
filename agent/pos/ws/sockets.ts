import { randomBytes } from "node:crypto";
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { gateRefusal } from "../gate.ts";
import { type Problem, problemDocument, problemStatus } from "../problem.ts";
import type { SocketParts } from "./parts.ts";
import { openSession, type Session } from "./session.ts";

/** The WebSocket side of the local API. */
export interface Sockets {
  /** Answers upgrades of this server at `/v1/ws`. */
  serve(server: Server, transport: "tcp" | "unix"): void;
  close(): void;
}

/** Sub-protocol (ecosystem.md 3.1). A client that names none gets it too. */
const protocol = "pass-agent.v1";
const mostClients = 32;
const mostFrameBytes = 65_536;
const tickMs = 1_000;
/** Ticks: the server asks whether anybody is there, and hangs up on who stays silent. */
const pingEvery = 15;

export function openSockets(parts: SocketParts): Sockets {
  const { log } = parts;
  const sessions = new Set<Session>();
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: mostFrameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });
  let ticks = 0;
  const beat = setInterval(() => {
    ticks += 1;
    for (const session of sessions) session.tick(ticks % pingEvery === 0);
  }, tickMs);
  beat.unref();

  const refusalOf = (request: IncomingMessage, transport: "tcp" | "unix"): Problem | null => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const site = request.headers["sec-fetch-site"];
    const gate = gateRefusal(
      {
        transport,
        path,
        hosts: request.headersDistinct["host"] ?? [],
        origin: request.headers.origin ?? null,
        fetchSite: typeof site === "string" ? site : null,
      },
      parts.rules,
    );
    if (gate !== null) return gate;
    if (path !== "/v1/ws") return { code: "not_found", detail: "WebSockets are answered at /v1/ws" };
    const offered = request.headers["sec-websocket-protocol"];
    const names = offered?.split(",").map((name) => name.trim()) ?? [protocol];
    if (!names.includes(protocol)) return { code: "bad_request", detail: `The sub-protocol is ${protocol}` };
    return sessions.size < mostClients
      ? null
      : { code: "rate_limited", detail: `${mostClients} clients are connected already` };
  };
  return {
    serve(http, transport) {
      http.on("upgrade", (request, socket, head) => {
        const refusal = refusalOf(request, transport);
        if (refusal !== null) return refuse(socket, refusal);
        server.handleUpgrade(request, socket, head, (client) => {
          const session = openSession(client, transport, parts, () => sessions.delete(session));
          sessions.add(session);
        });
      });
    },
    close() {
      clearInterval(beat);
      for (const session of sessions) session.end(1001, "the agent stops");
      server.close();
      if (sessions.size > 0) log.debug("ws_closed", { clients: sessions.size });
    },
  };
}

/** A refused upgrade gets a plain answer and an end. */
function refuse(socket: Duplex, problem: Problem): void {
  const status = problemStatus(problem.code);
  const body = JSON.stringify(problemDocument(problem, "/v1/ws", `req_${randomBytes(10).toString("hex")}`));
  // A client that is gone already needs no answer.
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
