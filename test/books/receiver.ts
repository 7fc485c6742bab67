import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deliverySignature } from "../../agent/books/delivery.ts";
import type { FlatScan } from "../../agent/books/flat-scan.ts";
import type { Certified } from "../trust/certificate.ts";

/** What a receiver does with a delivery: answers a status, breaks the connection, or never answers. */
export type Reaction = number | "drop" | "hang";

export interface Received {
  readonly scan: FlatScan;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** A receiver of scans on loopback, with the file that holds its secret. */
export interface Receiver extends AsyncDisposable {
  /** `[[webhook]]` of it. */
  readonly config: string;
  readonly secretFile: string;
  /** In the order of arrival; of a receiver that is down nothing arrives. */
  readonly received: readonly Received[];
  /** Ids that took effect: a delivery that was answered with 2xx takes effect once for each id. */
  readonly effects: readonly string[];
  react: (delivery: Received, attempt: number) => Reaction | Promise<Reaction>;
  down(): Promise<void>;
  up(): Promise<void>;
}

export const secret = "a-secret-of-this-test-0123456789";

/**
 * @param more of its `[[webhook]]`
 * @param secure asked at each start of the receiver: what it shows over TLS; left out: it is not encrypted
 */
export async function startReceiver(more = "", secure: (() => Certified) | null = null): Promise<Receiver> {
  const folder = mkdtempSync(join(tmpdir(), "pass-agent-hook-"));
  const secretFile = join(folder, "secret");
  writeFileSync(secretFile, `${secret}\n`);
  chmodSync(secretFile, 0o600);
  const received: Received[] = [];
  const effects: string[] = [];
  let server: http.Server | https.Server | null = null;
  let port = 0;

  const take = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const delivery: Received = { scan: JSON.parse(body), body, headers: request.headers };
    received.push(delivery);
    const attempt = received.filter(({ scan }) => scan.id === delivery.scan.id).length;
    const reaction = await receiver.react(delivery, attempt);
    if (reaction === "hang") return;
    if (reaction === "drop") {
      response.destroy();
      return;
    }
    if (reaction >= 200 && reaction < 300 && !effects.includes(delivery.scan.id)) effects.push(delivery.scan.id);
    response.writeHead(reaction).end();
  };
  const up = async (): Promise<void> => {
    const answer: http.RequestListener = (request, response) => {
      take(request, response).catch(() => response.destroy());
    };
    const next = secure === null ? http.createServer(answer) : https.createServer(secure(), answer);
    const listening = Promise.withResolvers<void>();
    next.once("error", listening.reject);
    next.listen(port, "127.0.0.1", listening.resolve);
    await listening.promise;
    const address = next.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
    server = next;
  };
  const down = async (): Promise<void> => {
    const closing = server;
    server = null;
    if (closing === null) return;
    const closed = Promise.withResolvers<void>();
    closing.close(() => closed.resolve());
    closing.closeAllConnections();
    await closed.promise;
  };
  await up();
  const receiver: Receiver = {
    config: `\n[[webhook]]\nurl = "${secure === null ? "http" : "https"}://127.0.0.1:${port}/catch/key"\nsecret_file = ${JSON.stringify(secretFile)}\n${more}`,
    secretFile,
    received,
    effects,
    react: () => 200,
    up,
    down,
    async [Symbol.asyncDispose]() {
      await down();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return receiver;
}

/** True when the signature header is the one of this body and secret, for the time that it names. */
export function isSigned({ body, headers }: Received, key = secret): boolean {
  const header = String(headers["qairopay-signature"]);
  const atS = Number(/^t=(\d+),/.exec(header)?.[1]);
  return header.split(",").includes(deliverySignature([key], body, atS).split(",")[1] ?? "");
}
