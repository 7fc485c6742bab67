import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { writeBundle } from "../../agent/bundle/index.ts";
import { bytesOf, pieces } from "../bundle/samples.ts";
import { testFacade } from "../pos/facade.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";
import { pin, publish, trustIn } from "../verifier/world.ts";
import { startTerminal, type Terminal } from "./terminal.ts";

interface Reply {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: Buffer;
  readonly json: Readonly<Record<string, unknown>>;
}

interface Sent {
  readonly type?: string;
  readonly length?: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** One request over TCP with the token, or over the Unix socket. */
async function ask(
  api: RunningApi,
  transport: "tcp" | "unix",
  method: string,
  path: string,
  sent: Sent | null = null,
): Promise<Reply> {
  const token = readFileSync(api.tokenFile, "utf8").trim();
  const where: RequestOptions =
    transport === "unix" ? { socketPath: api.socketPath } : { host: "127.0.0.1", port: api.api.port };
  const call = request({
    ...where,
    method,
    path,
    headers: {
      ...(transport === "tcp" ? { authorization: `Bearer ${token}` } : {}),
      ...(sent === null ? {} : { "content-type": sent.type ?? "application/x-tar" }),
      ...(sent?.length === undefined ? {} : { "content-length": sent.length }),
    },
    agent: false,
    signal: AbortSignal.timeout(10_000),
  });
  const answered = once(call, "response");
  if (sent === null) call.end();
  // An early answer may close the connection under what is still being sent.
  else pipeline(Readable.from(sent.chunks), call).catch(() => {});
  const [response]: [IncomingMessage] = (await answered) as [IncomingMessage];
  const body = await bytesOf(response);
  const type = response.headers["content-type"];
  const json = type?.includes("json") === true ? JSON.parse(body.toString()) : {};
  return { status: response.statusCode ?? 0, type, body, json };
}

async function apiOf(terminal: Terminal): Promise<RunningApi> {
  return runApi(testFacade({ trust: terminal.desk }));
}

async function sampleBundle(): Promise<Buffer> {
  return bytesOf(writeBundle((await trustIn()).documents));
}

describe("the trust routes", () => {
  test("show what is trusted, over both transports", async () => {
    await using terminal = await startTerminal();
    await terminal.keeper.offer(publish(), "live");
    await using api = await apiOf(terminal);
    for (const transport of ["tcp", "unix"] as const) {
      const { status, json } = await ask(api, transport, "GET", "/v1/trust");
      expect(status).toBe(200);
      expect(json).toMatchObject({ root: { pin, origin: "qr" }, head: { number: 1 }, clock: { state: "trusted" } });
    }
  });

  test("give and take a bundle; checking takes nothing", async () => {
    await using terminal = await startTerminal();
    await using api = await apiOf(terminal);
    const bundle = await sampleBundle();
    const sent = (): Sent => ({ length: bundle.length, chunks: pieces(bundle) });
    expect((await ask(api, "unix", "POST", "/v1/trust/bundle?check=true", sent())).json).toMatchObject({
      outcome: "taken",
    });
    expect(terminal.keeper.now().trust.head).toBeNull();
    expect((await ask(api, "unix", "POST", "/v1/trust/bundle", sent())).json).toMatchObject({
      outcome: "taken",
      faults: [],
    });
    expect((await ask(api, "unix", "POST", "/v1/trust/bundle", sent())).json).toMatchObject({ outcome: "current" });
    const given = await ask(api, "tcp", "GET", "/v1/trust/bundle");
    expect(given).toMatchObject({ status: 200, type: "application/x-tar" });
    expect(given.body.equals(bundle)).toBe(true);
  });

  test("take a bundle of unknown length, in any pieces", async () => {
    await using terminal = await startTerminal();
    await using api = await apiOf(terminal);
    const answer = await ask(api, "unix", "POST", "/v1/trust/bundle", { chunks: pieces(await sampleBundle(), 777) });
    expect(answer.json).toMatchObject({ outcome: "taken" });
  });

  test("take bundles on the Unix socket only", async () => {
    await using terminal = await startTerminal();
    await using api = await apiOf(terminal);
    const answer = await ask(api, "tcp", "POST", "/v1/trust/bundle", { chunks: pieces(await sampleBundle()) });
    expect(answer).toMatchObject({ status: 403, json: { code: "unix_socket_only" } });
    expect(terminal.keeper.now().trust.head).toBeNull();
  });

  test("refuse what is declared longer than 64 MiB before a byte of it, and stop reading what turns out to be", async () => {
    await using terminal = await startTerminal();
    await using api = await apiOf(terminal);
    const length = 64 * 2 ** 20 + 1;
    const declared = await ask(api, "unix", "POST", "/v1/trust/bundle", { length, chunks: pieces(new Uint8Array(8)) });
    expect(declared).toMatchObject({ status: 413, json: { code: "too_large" } });
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      const zeros = new Uint8Array(2 ** 20);
      for (; given < 2 ** 30; given += zeros.length) yield zeros;
    };
    const answer = await ask(api, "unix", "POST", "/v1/trust/bundle", { chunks: endless() });
    expect(answer.json).toMatchObject({ outcome: "unreadable", faults: [{ code: "too_large" }] });
    expect(given).toBeLessThan(2 ** 30);
  });

  test.each<readonly [string, string, Sent, number, string]>([
    [
      "of another type",
      "/v1/trust/bundle",
      { type: "application/json", chunks: pieces(Buffer.from("{}")) },
      415,
      "unsupported_media_type",
    ],
    [
      "with another word for check",
      "/v1/trust/bundle?check=yes",
      { chunks: pieces(Buffer.from("x")) },
      400,
      "type_mismatch",
    ],
    [
      "with an unknown member",
      "/v1/trust/bundle?chek=true",
      { chunks: pieces(Buffer.from("x")) },
      400,
      "unknown_field",
    ],
  ])("refuse a body %s", async (_name, path, sent, status, code) => {
    await using terminal = await startTerminal();
    await using api = await apiOf(terminal);
    expect(await ask(api, "unix", "POST", path, sent)).toMatchObject({ status, json: { code } });
  });

  test("say why there is nothing to give: not enrolled, no trust yet", async () => {
    await using nobody = await runApi();
    expect(await ask(nobody, "unix", "GET", "/v1/trust")).toMatchObject({
      status: 409,
      json: { code: "not_enrolled" },
    });
    await using terminal = await startTerminal();
    await using api = await apiOf(terminal);
    expect(await ask(api, "unix", "GET", "/v1/trust/bundle")).toMatchObject({
      status: 409,
      json: { code: "trust_unavailable" },
    });
  });

  test("a reader that goes away in the middle of a bundle leaves the agent as it was", async () => {
    await using terminal = await startTerminal();
    await terminal.keeper.offer(publish(), "live");
    await using api = await apiOf(terminal);
    const call = request({ socketPath: api.socketPath, path: "/v1/trust/bundle", agent: false });
    call.on("error", () => {});
    call.end();
    await once(call, "response");
    call.destroy();
    expect((await ask(api, "unix", "GET", "/v1/trust/bundle")).status).toBe(200);
  });
});
