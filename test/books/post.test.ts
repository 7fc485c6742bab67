import http, { type RequestListener, type Server } from "node:http";
import https from "node:https";
import { describe, expect, test } from "vitest";
import { post } from "../../agent/books/post.ts";
import { freePort } from "../loop/free-port.ts";
import { certificate } from "../trust/certificate.ts";

async function listening(server: Server): Promise<{ readonly port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const started = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", started.resolve);
  await started.promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const serve = (answer: RequestListener) => listening(http.createServer(answer));
const send = (url: string, deadlineMs = 2_000, signal = new AbortController().signal) =>
  post({ url, body: '{"id":"scan_1"}', headers: { "QairoPay-Signature": "t=1,v1=0" }, deadlineMs, signal });

describe("one attempt", () => {
  test("brings body, length, type and signature, and takes the status alone", async () => {
    const got: unknown[] = [];
    await using server = await serve(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const { "content-type": type, "content-length": length, "qairopay-signature": signature } = request.headers;
      got.push([request.method, request.url, Buffer.concat(parts).toString(), type, length, signature]);
      response.writeHead(202).end("thank you");
    });
    expect(await send(`http://127.0.0.1:${server.port}/catch?key=1`)).toEqual({ kind: "answered", status: 202 });
    expect(got).toEqual([["POST", "/catch?key=1", '{"id":"scan_1"}', "application/json", "15", "t=1,v1=0"]]);
  });

  test("does not follow a redirect", async () => {
    let calls = 0;
    await using server = await serve((_, response) => {
      calls += 1;
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    expect(await send(`http://127.0.0.1:${server.port}/`)).toEqual({ kind: "answered", status: 307 });
    expect(calls).toBe(1);
  });

  test("does not wait for the end of an endless answer", async () => {
    await using server = await serve((_, response) => {
      response.writeHead(200);
      const flood = setInterval(() => response.write("x".repeat(65_536)), 1);
      response.once("close", () => clearInterval(flood));
    });
    expect(await send(`http://127.0.0.1:${server.port}/`)).toEqual({ kind: "answered", status: 200 });
  });

  test("ends at its deadline, at a closed door, at a certificate nobody trusts, and when it is stopped", async () => {
    await using silent = await serve(() => {});
    expect(await send(`http://127.0.0.1:${silent.port}/`, 60)).toEqual({ kind: "unanswered", why: "timeout" });
    expect(await send(`http://127.0.0.1:${await freePort()}/`)).toEqual({ kind: "unanswered", why: "unreachable" });
    const now = Date.now();
    const forged = https.createServer(certificate(new Date(now - 60_000), new Date(now + 3_600_000)));
    await using server = await listening(forged);
    expect(await send(`https://127.0.0.1:${server.port}/`)).toEqual({ kind: "unanswered", why: "tls" });
    const stop = new AbortController();
    const stopped = send(`http://127.0.0.1:${silent.port}/`, 60_000, stop.signal);
    stop.abort();
    expect(await stopped).toMatchObject({ kind: "unanswered" });
  });
});
