import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { CorePort } from "../../agent/cloud/core-port.ts";
import { type CloudHttp, type HttpLimits, openHttp } from "../../agent/cloud/http.ts";
import type { Session } from "../../agent/cloud/session.ts";
import { type Admission, admit, type Trust } from "../../verifier/index.ts";
import { at, nobody, type Published, primitives } from "../verifier/world.ts";

/** What one request gets instead of the document. Nothing: null. */
export type Trouble =
  /** The connection breaks before any answer. */
  | { readonly kind: "drop" }
  /** The connection breaks after so many bytes of body. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Bytes without end. */
  | { readonly kind: "endless" }
  /** A few bytes at a time, for ever. */
  | { readonly kind: "trickle"; readonly bytes: number; readonly everyMs: number }
  | {
      readonly kind: "instead";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    }
  /** The whole body, whatever range was asked for. */
  | { readonly kind: "no_ranges" };

export interface Asked {
  readonly path: string;
  readonly range: string | null;
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
}

/** A real HTTP server with one publication, and everything that can go wrong on the way. */
export interface Origin extends AsyncDisposable {
  published: Published;
  /** Deltas that the ladder has, by list, `perPage` at a time. */
  readonly ladder: Map<number, readonly string[]>;
  perPage: number;
  trouble: (path: string, count: number) => Trouble | null;
  readonly asked: readonly Asked[];
  forget(): void;
  /** Most requests that were in work at one time. */
  readonly mostAtOnce: number;
  readonly http: CloudHttp;
  readonly session: Session;
}

export async function startOrigin(published: Published, limits?: HttpLimits): Promise<Origin> {
  const asked: Asked[] = [];
  let [count, open, mostAtOnce] = [0, 0, 0];
  const server = createServer((request, response) => {
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    count += 1;
    const path = request.url ?? "";
    const note = (status: number, bytes: number) =>
      asked.push({ path, range: request.headers.range ?? null, status, bytes });
    response.once("close", () => {
      open -= 1;
    });
    // A moment's delay, so that requests of one round meet.
    setTimeout(() => answer(origin, request, response, origin.trouble(path, count), note), 2);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const http = openHttp(`http://127.0.0.1:${port}`, null, limits);
  const origin: Origin = {
    published,
    ladder: new Map(),
    perPage: 50,
    trouble: () => null,
    asked,
    forget: () => {
      asked.length = 0;
      count = 0;
      mostAtOnce = 0;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    http,
    session: { send: http.send, bearer: async () => "", forget: () => {} },
    async [Symbol.asyncDispose]() {
      http.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return origin;
}

function answer(
  origin: Origin,
  request: IncomingMessage,
  response: ServerResponse,
  trouble: Trouble | null,
  note: (status: number, bytes: number) => void,
): void {
  const path = request.url ?? "";
  const body = bodyOf(origin, path);
  if (trouble?.kind === "drop") {
    note(0, 0);
    response.destroy();
    return;
  }
  if (trouble?.kind === "instead" || body === null) {
    const missing = { status: 404, body: Buffer.from('{"error":{"type":"not_found","code":"x","message":"x"}}') };
    const given = trouble?.kind === "instead" ? trouble : { ...missing, headers: {} };
    note(given.status, given.body.length);
    response.writeHead(given.status, given.headers).end(given.body);
    return;
  }
  if (trouble?.kind === "endless" || trouble?.kind === "trickle") {
    const { bytes, everyMs } = trouble.kind === "trickle" ? trouble : { bytes: 65_536, everyMs: 1 };
    response.writeHead(200);
    const drip = setInterval(() => response.write(Buffer.alloc(bytes)), everyMs);
    response.once("close", () => clearInterval(drip));
    note(200, bytes);
    return;
  }
  const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
  if (request.headers["if-none-match"] === etag) {
    note(304, 0);
    response.writeHead(304, { etag }).end();
    return;
  }
  const from = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const isPart = from > 0 && trouble?.kind !== "no_ranges";
  const sent = isPart ? body.subarray(from) : body;
  const range = isPart ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` } : {};
  response.writeHead(isPart ? 206 : 200, { etag, "content-length": sent.length, ...range });
  if (trouble?.kind !== "cut") {
    note(isPart ? 206 : 200, sent.length);
    response.end(sent);
    return;
  }
  const some = sent.subarray(0, trouble.afterBytes);
  note(isPart ? 206 : 200, some.length);
  // The bytes are on their way before the connection is cut, so that the test knows how many arrive.
  response.write(some, () => setTimeout(() => response.destroy(), 20));
}

function bodyOf(origin: Origin, path: string): Buffer | null {
  const { published } = origin;
  const name = path.replace("/v1/nfc/trust/", "");
  const text = (found: string | undefined): Buffer | null => (found === undefined ? null : Buffer.from(found));
  if (name === "head") return text(published.head);
  if (name === "keys") return text(published.keys);
  const [, kind, id = "", rest = ""] = /^(root|lists|directories|blobs)\/([^/]+)\/?(.*)$/.exec(name) ?? [];
  if (kind === "root") return text(published.roots[Number(id) - 1]);
  if (kind === "directories") return text(published.directories.get(Number(id)));
  if (kind === "blobs") return published.blobs.has(id) ? Buffer.from(published.blobs.get(id) ?? []) : null;
  if (rest === "manifest") return text(published.manifests.get(Number(id)));
  const from = Number(/^deltas\?from=([0-9]+)$/.exec(rest)?.[1] ?? Number.NaN);
  const ladder = (origin.ladder.get(Number(id)) ?? []).filter((delta) => payloadOf(delta).from >= from);
  const data = ladder.slice(0, origin.perPage);
  return data.length === 0 ? null : Buffer.from(JSON.stringify({ data, has_more: ladder.length > data.length }));
}

function payloadOf(jws: string): { readonly from: number } {
  return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());
}

/** The deciding side without a disk: it admits, and holds what it admitted. */
export interface Holder {
  trust: Trust;
  readonly core: Pick<CorePort, "offerTrust">;
  readonly admissions: readonly Admission[];
}

export function startHolder(afterS = 0): Holder {
  const admissions: Admission[] = [];
  const holder: Holder = {
    trust: nobody(),
    admissions,
    core: {
      async offerTrust(offered) {
        const admission = await admit(holder.trust, offered, at(afterS), primitives);
        holder.trust = admission.trust;
        admissions.push(admission);
        return admission;
      },
    },
  };
  return holder;
}
