import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import {
  type Cloud,
  type CloudOptions,
  type MerchantClient,
  merchantClient,
  startCloud,
} from "../../fixtures/cloud/index.ts";
import { makeKey, type SigningKey, sha256, signJws } from "../../fixtures/issuer/index.ts";

/** Asks again until the answer is as expected: at once on a quiet machine, and within ten seconds on a busy one. */
export function eventually<T>(ask: () => T | Promise<T>) {
  return expect.poll(ask, { timeout: 10_000, interval: 10 });
}

/** One answer over real HTTP. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null when it is none. */
  readonly json: unknown;
  /** A member of the JSON by its dotted path; undefined where there is none. */
  at(path: string): unknown;
  /** The same as text; throws when it is none, because the test cannot go on. */
  textAt(path: string): string;
  /** The rows of a list answer. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error: { readonly type: string; readonly code: string; readonly param?: string } | null;
}

export interface Ask {
  /** Bearer; null sends none. The merchant's secret key when absent. */
  readonly bearer?: string | null;
  /** Idempotency-Key; null sends none. A fresh one on every write when absent. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as they are. */
  readonly body?: object | string | Uint8Array<ArrayBuffer>;
}

export interface Device {
  readonly id: string;
  readonly key: SigningKey;
  readonly token: string;
  /** The enrolment answer. */
  readonly enrolment: Reply;
}

export interface TestCloud extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly merchant: MerchantClient;
  readonly databaseFile: string;
  ask(method: string, path: string, ask?: Ask): Promise<Reply>;
  /** Makes a scanner, enrols a device for it and signs it in. */
  device(): Promise<Device>;
  /** Stops the cloud and starts it again on the same file, on another port. */
  restart(options?: Partial<CloudOptions>): Promise<void>;
}

export async function request(url: string, method: string, path: string, ask: Ask): Promise<Reply> {
  const writes = method !== "GET";
  const plain = ask.body === undefined || typeof ask.body === "string" || ask.body instanceof Uint8Array;
  const key = ask.key === undefined ? randomUUID() : ask.key;
  const answer = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(ask.bearer === null || ask.bearer === undefined ? {} : { Authorization: `Bearer ${ask.bearer}` }),
      ...(writes && key !== null ? { "Idempotency-Key": key } : {}),
      ...(ask.body === undefined ? {} : { "Content-Type": "application/json" }),
      ...ask.headers,
    },
    ...(ask.body === undefined ? {} : { body: plain ? ask.body : JSON.stringify(ask.body) }),
    signal: AbortSignal.timeout(10_000),
  });
  return replyOf(answer.status, answer.headers, await answer.text());
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function replyOf(status: number, headers: Headers, text: string): Reply {
  const json: unknown = headers.get("content-type") === "application/json" && text !== "" ? JSON.parse(text) : null;
  const at = (path: string): unknown =>
    path.split(".").reduce((value: unknown, name) => (isObject(value) ? value[name] : undefined), json);
  const textAt = (path: string): string => {
    const value = at(path);
    if (typeof value !== "string") throw new TypeError(`no text at ${path} in ${text.slice(0, 300)}`);
    return value;
  };
  const data = at("data");
  const rows = Array.isArray(data) ? data.filter(isObject) : [];
  const error = isObject(at("error")) ? { type: textAt("error.type"), code: textAt("error.code") } : null;
  const param = at("error.param");
  return {
    status,
    headers,
    text,
    json,
    at,
    textAt,
    rows,
    error: error === null ? null : { ...error, ...(typeof param === "string" ? { param } : {}) },
  };
}

/** The proof of an enrolment, as contract.md 2.4 has it. */
export function enrolmentProof(key: SigningKey, url: string, code: string): string {
  return signJws(
    "scanner-enroll+jwt",
    { aud: `${url}/v1/scanners/enroll`, code_sha256: sha256(code), jti: randomUUID() },
    key,
  );
}

export function assertion(key: SigningKey, url: string, id: string, nonce: string, changes: object = {}): string {
  const aud = `${url}/v1/scanners/${id}/token`;
  return signJws("scanner-assertion+jwt", { iss: id, sub: id, aud, jti: randomUUID(), nonce, ...changes }, key);
}

export const hardware = { model: "test", os: "linux", agent_version: "0.1.0" } as const;

/** A sandbox on a free port with a database of its own, removed with it. */
export async function testCloud(options: Partial<CloudOptions> = {}): Promise<TestCloud> {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-"));
  const databaseFile = join(folder, "sandbox.db");
  let cloud = await startCloud({ port: 0, databaseFile, ...options });
  let devices = 0;
  const ask: TestCloud["ask"] = (method, path, asked = {}) =>
    request(cloud.url, method, path, { bearer: cloud.secretKey, ...asked });
  return {
    get cloud() {
      return cloud;
    },
    get merchant() {
      return merchantClient(cloud);
    },
    databaseFile,
    ask,
    async device() {
      devices += 1;
      const key = makeKey("Ed25519", "thumbprint", new Uint8Array(32).fill(devices));
      const made = await ask("POST", "/v1/scanners", {
        body: { site: "Gate", lanes: [{ id: "gate-1", name: "Gate 1" }] },
      });
      const code = made.textAt("enrollment.code");
      const proof = enrolmentProof(key, cloud.url, code);
      const enrolled = await ask("POST", "/v1/scanners/enroll", {
        bearer: null,
        body: { code, jwk: key.publicJwk, proof, hardware },
      });
      const id = enrolled.textAt("scanner.id");
      const signIn = (nonce: string): Promise<Reply> =>
        ask("POST", `/v1/scanners/${id}/token`, {
          bearer: null,
          body: { assertion: assertion(key, cloud.url, id, nonce) },
        });
      const signedIn = await signIn((await signIn("")).textAt("nonce"));
      return { id, key, token: signedIn.textAt("token"), enrolment: enrolled };
    },
    async restart(changes = {}) {
      await cloud.close();
      cloud = await startCloud({ port: 0, databaseFile, ...options, ...changes });
    },
    async [Symbol.asyncDispose]() {
      await cloud.close();
      await rm(folder, { recursive: true });
    },
  };
}
