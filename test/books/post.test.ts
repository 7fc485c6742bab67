import http, { type RequestListener, type Server } from "node:http";
import https from "node:https";
import { describe, expect, test } from "vitest";
import { post } from "../../agent/books/post.ts";
import { freePort } from "../loop/free-port.ts";
import { authority, certificate } from "../trust/certificate.ts";

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
  post({ ...posting, url, deadlineMs, signal });
const posting = { body: '{"id":"scan_1"}', headers: { "QairoPay-Signature": "t=1,v1=0" }, ca: null } as const;

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

const dayMs = 86_400_000;
const later = (days: number): Date => new Date(Date.now() + days * dayMs);
const own = authority(later(-400), later(400));
const expired = authority(later(-400), later(-200));

describe("an encrypted attempt that believes an authority of its own", () => {
  test.each([
    ["a certificate of that authority is answered", own.cert, certificate(later(-1), later(1), own), "answered"],
    ["its own certificate is answered", null, certificate(later(-1), later(1)), "answered"],
    [
      "one of another authority is not",
      authority(later(-1), later(1)).cert,
      certificate(later(-1), later(1), own),
      "tls",
    ],
    ["one that signed itself is not", own.cert, certificate(later(-1), later(1)), "tls"],
    ["one that has ended is not", own.cert, certificate(later(-20), later(-10), own), "tls_time"],
    ["one that is not valid yet is not", own.cert, certificate(later(10), later(20), own), "tls_time"],
    ["one of an authority that has ended is not", expired.cert, certificate(later(-1), later(1), expired), "tls_time"],
  ])("%s", async (_name, ca, shown, answer) => {
    let calls = 0;
    const secure = https.createServer(shown, (_, response) => {
      calls += 1;
      response.writeHead(204).end();
    });
    await using server = await listening(secure);
    const url = `https://127.0.0.1:${server.port}/`;
    const signal = new AbortController().signal;
    const attempt = await post({ ...posting, url, ca: ca ?? shown.cert, deadlineMs: 2_000, signal });
    expect(attempt.kind === "answered" ? "answered" : attempt.why).toBe(answer);
    // Nobody is shown a scan before he is known.
    expect(calls).toBe(answer === "answered" ? 1 : 0);
  });

  test("one for another name is not, and the system's authorities do not know it either", async () => {
    const shown = certificate(later(-1), later(1), own);
    await using server = await listening(https.createServer(shown, (_, response) => response.end()));
    const signal = new AbortController().signal;
    const attempt = (host: string, ca: string | null) =>
      post({ ...posting, url: `https://${host}:${server.port}/`, ca, deadlineMs: 2_000, signal });
    expect(await attempt("127.0.0.1", own.cert)).toEqual({ kind: "answered", status: 200 });
    expect(await attempt("localhost", own.cert)).toEqual({ kind: "unanswered", why: "tls" });
    expect(await attempt("127.0.0.1", null)).toEqual({ kind: "unanswered", why: "tls" });
  });

  test("one that speaks no TLS at all is TLS trouble, and is sent nothing in the clear", async () => {
    let calls = 0;
    await using server = await serve((_, response) => {
      calls += 1;
      response.end();
    });
    expect(await send(`https://127.0.0.1:${server.port}/`)).toEqual({ kind: "unanswered", why: "tls" });
    expect(calls).toBe(0);
  });
});
