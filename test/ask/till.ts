import { readFileSync } from "node:fs";
import { join } from "node:path";
import WebSocket from "ws";
import { laneAssets, lanePages } from "../../agent/lane/index.ts";
import { createLog } from "../../agent/log.ts";
import { type Api, startApi } from "../../agent/pos/index.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { type Gate, startGate } from "../loop/gate.ts";

/** A real agent with two lanes that ask their tills, its real local API, and the sandbox behind it. */
export interface Site extends AsyncDisposable {
  readonly gate: Gate;
  readonly api: Api;
  readonly token: string;
  readonly operatorToken: string;
  /** Presents a pass at a lane. */
  present(lane: string, payload: string): Promise<ScanRecord>;
  /** One HTTP request, with the operator's token unless another is given. */
  http(method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; body: Body }>;
  /** Stops agent and API and starts both on the same folder. */
  restart(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into member by member, and a wrong one fails the test
type Body = any;

/** @param stateDir absolute, or beside the configuration */
export async function startSite(lanes: string, stateDir = "state"): Promise<Site> {
  const gate = await startGate({}, stateDir, { config: lanes });
  const openApi = async (): Promise<Api> =>
    startApi({
      facade: gate.agent.facade,
      host: "127.0.0.1",
      port: 0,
      socketPath: null,
      tokenFile: join(gate.folder, "api-token"),
      allowedOrigins: ["https://pos.example.com"],
      allowedHosts: [],
      version: "0.0.0-test",
      log: createLog(() => {}, { journal: false, debug: true }),
      pages: lanePages({ locale: "en", assets: await laneAssets(), timeZone: "UTC" }),
    });
  let api = await openApi();
  const read = (name: string) => readFileSync(join(gate.folder, name), "utf8").trim();
  return {
    gate,
    get api() {
      return api;
    },
    token: read("api-token"),
    operatorToken: read("operator-token"),
    present: (lane, payload) => gate.agent.facade.present({ reader: null, lane, payload }),
    async http(method, path, body, token = read("operator-token")) {
      const answer = await fetch(`http://127.0.0.1:${api.port}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
      return { status: answer.status, body: await answer.json() };
    },
    async restart() {
      await api.close();
      await gate.restart();
      api = await openApi();
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await gate[Symbol.asyncDispose]();
    },
  };
}

/** A client of the WebSocket, as the paper has it, with all that it was told. */
export interface Till extends AsyncDisposable {
  readonly socket: WebSocket;
  readonly events: Body[];
  call(method: string, params: object): Promise<Body>;
  /** Resolves with the first event that fits, also one that came before. */
  event(type: string, fits?: (event: Body) => boolean): Promise<Body>;
  /** Resolves with code and reason of the end. */
  readonly closed: Promise<string>;
}

export async function connectTill(
  port: number,
  options: { readonly headers?: Record<string, string>; readonly protocol?: string } = {},
): Promise<Till> {
  const { headers = {}, protocol = "pass-agent.v1" } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, protocol, { headers });
  const waiting = new Map<number, { ok: (value: Body) => void; no: (value: Body) => void }>();
  const events: Body[] = [];
  const listeners = new Set<(event: Body) => void>();
  let n = 0;
  socket.on("message", (data) => {
    const message: Body = JSON.parse(String(data));
    if (message.method === "event") {
      events.push(message.params);
      for (const listener of listeners) listener(message.params);
      return;
    }
    const caller = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) caller?.ok(message.result);
    else caller?.no(message.error);
  });
  const closed = new Promise<string>((resolve) => socket.on("close", (code, why) => resolve(`${code} ${why}`)));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    events,
    closed,
    call: (method, params) =>
      new Promise((ok, no) => {
        n += 1;
        waiting.set(n, { ok, no });
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: n, method, params }));
      }),
    event: (type, fits = () => true) =>
      new Promise((resolve, reject) => {
        const wanted = (event: Body) => event.type === type && fits(event);
        const there = events.find(wanted);
        if (there !== undefined) return resolve(there);
        const timer = setTimeout(() => reject(new Error(`no ${type} within 10 s`)), 10_000);
        const listener = (event: Body) => {
          if (!wanted(event)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(event);
        };
        listeners.add(listener);
      }),
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}
