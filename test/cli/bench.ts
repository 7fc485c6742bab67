import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type CliIo, type Commands, type Keyboard, OutputClosed, runCli } from "../../agent/cli/index.ts";
import type { Json } from "../../agent/config/index.ts";

/** A temp folder with a configuration whose runtime folder is in it, and everything a command touches. */
export interface Bench {
  readonly folder: string;
  readonly config: string;
  readonly socket: string;
  /** Runs one command line with `$PASS_AGENT_CONFIG` set to the bench's configuration. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** A real HTTP server on the socket; `routes` are exact `METHOD /path?query` keys. */
  serve(routes: Routes): Promise<Asked>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly tty?: boolean;
  /** What a person presses, piece by piece; without it nobody is at the keyboard. */
  readonly keys?: readonly Uint8Array[];
  readonly signal?: AbortSignal;
  readonly commands?: Partial<Commands>;
  /** Called with all of stdout so far at each write. */
  readonly onOutput?: (text: string) => void;
  /** Stdout breaks after this many writes. */
  readonly breaksAfter?: number;
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export type Answer = (request: { readonly body: string }, response: ServerResponse) => void;
export type Routes = Readonly<Record<string, Answer | Json>>;

export interface Asked {
  /** `METHOD /path?query` and body of each request. */
  readonly requests: { readonly line: string; readonly body: string; readonly type: string | null }[];
  /** Stops listening and removes the socket, as an agent does that ends in order. */
  stop(): Promise<void>;
}

/** Noon and a bit, two minutes after the first scan of the samples. */
export const nowMs = Date.parse("2026-05-19T10:16:22.184Z");

export function openBench(configLines = ""): Bench {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-cli-"));
  const config = join(folder, "agent.toml");
  writeFileSync(
    config,
    `environment = "sandbox"
state_dir = "state"
runtime_dir = "run"
[cloud]
url = "https://cloud.example"
${configLines}
[[lane]]
id = "gate-1"
[[reader]]
id = "gate-1-qr"
lane = "gate-1"
kind = "serial"
path = "/dev/ttyUSB0"
`,
  );
  const servers: Server[] = [];
  const socket = join(folder, "run", "api.sock");
  return {
    folder,
    config,
    socket,
    run: (argv, options = {}) => run(argv, { ...options, env: { PASS_AGENT_CONFIG: config, ...options.env } }, folder),
    serve: async (routes) => {
      const { mkdir } = await import("node:fs/promises");
      await mkdir(join(folder, "run"), { recursive: true });
      const { server, asked } = await serve(socket, routes);
      servers.push(server);
      return asked;
    },
    close: async () => {
      for (const server of servers) await stop(server);
      rmSync(folder, { recursive: true });
    },
  };
}

async function run(argv: readonly string[], options: RunOptions, folder: string): Promise<Outcome> {
  let out = "";
  let err = "";
  let writes = 0;
  const io: CliIo = {
    stdin: chunks(options.stdin ?? ""),
    keyboard: options.keys === undefined ? null : keyboard(options.keys),
    stdout: {
      isTTY: options.tty === true,
      write: async (text) => {
        if (writes++ >= (options.breaksAfter ?? Number.POSITIVE_INFINITY)) throw new OutputClosed("nobody reads");
        out += text;
        options.onOutput?.(out);
      },
    },
    stderr: {
      isTTY: options.tty === true,
      write: async (text) => {
        err += text;
      },
    },
    env: { USER: "clerk", ...options.env },
    cwd: options.cwd ?? folder,
    signal: options.signal ?? new AbortController().signal,
    now: () => nowMs,
    timeZone: "Europe/Berlin",
  };
  const unexpected = (name: string) => async () => {
    throw new Error(`the command called ${name} without being expected to`);
  };
  const commands: Commands = {
    version: "0.1.0",
    run: unexpected("run"),
    enroll: unexpected("enroll"),
    rotateKey: unexpected("rotateKey"),
    effectiveConfig: unexpected("effectiveConfig"),
    carry: {
      sign: unexpected("carry.sign"),
      lines: () => {
        throw new Error("the command called carry.lines without being expected to");
      },
      receipts: () => {
        throw new Error("the command called carry.receipts without being expected to");
      },
      upload: unexpected("carry.upload"),
    },
    move: { leave: unexpected("move.leave"), arrive: unexpected("move.arrive"), cancel: unexpected("move.cancel") },
    readStore: unexpected("readStore"),
    scanImage: unexpected("scanImage"),
    openTrust: unexpected("openTrust"),
    checkBundle: unexpected("checkBundle"),
    findDevices: unexpected("findDevices"),
    checkScanner: unexpected("checkScanner"),
    ...options.commands,
  };
  const code = await runCli(argv, io, commands);
  return { code, out, err };
}

function keyboard(keys: readonly Uint8Array[]): Keyboard {
  return { silently: (read) => read(Readable.from(keys)) };
}

async function* chunks(input: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(input);
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

async function serve(socket: string, routes: Routes): Promise<{ readonly server: Server; readonly asked: Asked }> {
  const requests: { line: string; body: string; type: string | null }[] = [];
  const server = createServer((request, response) => {
    answer(request, response, routes, requests).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, () => resolve());
  });
  return { server, asked: { requests, stop: () => stop(server) } };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Routes,
  requests: { line: string; body: string; type: string | null }[],
): Promise<void> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const line = `${request.method} ${request.url}`;
  requests.push({ line, body, type: request.headers["content-type"] ?? null });
  const route = routes[line];
  if (typeof route === "function") {
    route({ body }, response);
    return;
  }
  const found = route !== undefined;
  response.writeHead(found ? 200 : 404, { "content-type": found ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(found ? route : { code: "unknown_route", detail: `No route ${line}`, remedy: "Add it" }));
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** An RFC 9457 answer. */
export function problem(status: number, document: Json): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify(document));
  };
}
