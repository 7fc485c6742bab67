import { createServer, type Server } from "node:http";
import { dirname, join } from "node:path";
import type { LanePages } from "../lane/index.ts";
import type { Log } from "../log.ts";
import type { AgentFacade } from "../views.ts";
import { actRoutes } from "./act-routes.ts";
import { createAuthenticator } from "./auth.ts";
import { bookRoutes } from "./book-routes.ts";
import { cameraRoutes } from "./camera-routes.ts";
import { answerRequest, type ExchangeParts } from "./exchange.ts";
import { gateRules } from "./gate.ts";
import { laneRoutes } from "./lane-routes.ts";
import { listenTcp, listenUnix } from "./listen.ts";
import { apiRoutes } from "./routes.ts";
import { createStreams } from "./streams.ts";
import { makeToken, readOrMakeToken } from "./token.ts";
import { trustRoutes } from "./trust-routes.ts";
import { verifyRoutes } from "./verify-route.ts";
import { openClaims } from "./ws/claims.ts";
import { openSockets, type Sockets } from "./ws/sockets.ts";

export interface ApiOptions {
  readonly facade: AgentFacade;
  /** Loopback only. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Unix socket with the same routes and no token, mode 0660; null for none. */
  readonly socketPath: string | null;
  /**
   * Holds the access token of the TCP side; made with mode 0600 when missing. `operator-token` beside it holds the one for
   * what only an operator may do, `observer-token` the one that only looks.
   */
  readonly tokenFile: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly version: string;
  readonly log: Log;
  readonly pages: LanePages;
}

export interface Api {
  readonly port: number;
  /** Secret of this start that the demo panel uses for `/v1/sim/*`; null without a simulation. */
  readonly simToken: string | null;
  /** Ends streams, lets running answers finish for at most half a second, and closes. */
  close(): Promise<void>;
}

/** Connections per transport: an attack on TCP leaves the Unix socket, and with it the command line, in service. */
const mostConnections = 64;
const drainMs = 500;
const operatorTokenName = "operator-token";
const observerTokenName = "observer-token";
/** From the first to the last byte of a request. The Unix socket also takes files, from a slow stick perhaps. */
const requestMs = { tcp: 10_000, unix: 60_000 } as const;

/**
 * Starts the local API and the lane pages on TCP and, if asked, on a Unix socket (ecosystem.md 3.1).
 *
 * @throws ApiFault when it cannot listen or the token file is not usable; nothing is left open then
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { facade, log, pages, version } = options;
  const pos = await readOrMakeToken(options.tokenFile);
  const tokenBeside = (name: string) => readOrMakeToken(join(dirname(options.tokenFile), name));
  const operator = await tokenBeside(operatorTokenName);
  const observer = await tokenBeside(observerTokenName);
  const simToken = facade.scenes().length > 0 ? makeToken() : null;
  const cameraTokens = new Map(facade.cameras().map(({ reader }) => [reader, makeToken()]));
  const streams = createStreams();
  const claims = openClaims();
  const stopping = new AbortController();
  const routes = [
    ...apiRoutes({ facade, version, streamClients: streams.size }),
    ...trustRoutes(facade),
    ...verifyRoutes(facade),
    ...bookRoutes(facade),
    ...actRoutes(facade, claims),
    ...cameraRoutes(facade),
    ...laneRoutes({ facade, pages, version, simToken, cameraTokens }),
  ];
  // The Host list needs the port, which is known only once the server listens.
  const tcp = createHttpServer(requestMs.tcp);
  const unix = createHttpServer(requestMs.unix);
  let sockets: Sockets | null = null;
  const close = async (): Promise<void> => {
    stopping.abort();
    streams.close();
    sockets?.close();
    await Promise.all([closeServer(tcp), closeServer(unix)]);
  };
  try {
    const port = await listenTcp(tcp, options.host, options.port);
    const boundHost = options.host.includes(":") ? `[${options.host}]` : options.host;
    const rules = gateRules(port, [...options.allowedHosts, boundHost], options.allowedOrigins);
    const authenticator = createAuthenticator({ pos, operator, observer, sim: simToken, cameras: cameraTokens });
    const parts: ExchangeParts = { routes, rules, authenticator, streams, log, signal: stopping.signal };
    sockets = openSockets({ facade, pages, version, rules, authenticator, claims, log });
    sockets.serve(tcp, "tcp");
    serve(tcp, "tcp", parts);
    watchErrors(tcp, "tcp", log);
    if (options.socketPath !== null) {
      sockets.serve(unix, "unix");
      serve(unix, "unix", parts);
      await listenUnix(unix, options.socketPath);
      watchErrors(unix, "unix", log);
    }
    log.info("api_listening", { host: options.host, port, unix_socket: options.socketPath !== null });
    return { port, simToken, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Bounds against slow and endless senders (reliability.md T39); Node closes whoever breaks them. */
function createHttpServer(requestTimeout: number): Server {
  const server = createServer({
    maxHeaderSize: 8_192,
    headersTimeout: 5_000,
    requestTimeout,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = mostConnections;
  return server;
}

function serve(server: Server, transport: "tcp" | "unix", parts: ExchangeParts): void {
  server.on("request", (request, response) => {
    answerRequest(request, response, transport, parts).catch((cause: unknown) => {
      // Only a stream that failed to open comes here: its headers are out, so all that is left is to cut it.
      parts.log.error("api_stream_failed", { transport, fault: cause instanceof Error ? cause.name : typeof cause });
      response.destroy();
    });
  });
  server.on("drop", () => parts.log.debug("api_connection_refused", { transport, open: mostConnections }));
}

/** For a server that listens: until then its errors are the answer of `listen`. */
function watchErrors(server: Server, transport: "tcp" | "unix", log: Log): void {
  server.on("error", (fault) => log.error("api_server_failed", { transport, fault: fault.message }));
}

/** Resolves once every connection is gone; those still busy after half a second are cut. Safe on a server that never listened. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
