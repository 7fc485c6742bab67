import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKey, sha256, signJws } from "../../fixtures/issuer/index.ts";
import { assertion, enrolmentProof, hardware, type Reply, type TestCloud, testCloud } from "./harness.ts";

let now = Date.UTC(2026, 10, 21);
let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud({ now: () => now, limits: { scans_write: 10_000 } });
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const key = makeKey("Ed25519", "thumbprint", new Uint8Array(32).fill(101));
const otherKey = makeKey("Ed25519", "thumbprint", new Uint8Array(32).fill(102));
const enrol = (body: object): Promise<Reply> => sandbox.ask("POST", "/v1/scanners/enroll", { bearer: null, body });
const enrolWith = (code: string, by = key, changes: object = {}): Promise<Reply> =>
  enrol({ code, jwk: by.publicJwk, proof: enrolmentProof(by, sandbox.cloud.url, code), hardware, ...changes });
const codeOf = async (scanner: object = {}): Promise<string> =>
  (await sandbox.merchant.createScanner({ ...scanner })).enrollment.code;
const payload = (jws: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString());

describe("enrolment", () => {
  test("a scanner is made with a code of three Crockford groups, also as the text of a QR", async () => {
    const { id, enrollment } = await sandbox.merchant.createScanner({ site: "Gate" });
    expect(id).toMatch(/^scn_[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(enrollment.code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4})-([0-9A-HJKMNP-TV-Z]{4})-([0-9A-HJKMNP-TV-Z]{4})$/);
    expect(enrollment.qr).toBe(`QPE1:${sandbox.cloud.url}#${enrollment.code}.${sandbox.cloud.rootSha256}`);
    expect(enrollment.expires_at).toBe(new Date(now + 900_000).toISOString());
  });

  test("a code and a proof make a device, and the merchant sees it", async () => {
    const lanes = [{ id: "gate-1", name: "Gate 1" }];
    const scanner = await sandbox.merchant.createScanner({ site: "Gate", latitude: 28.4, longitude: -81.4, lanes });
    const reply = await enrolWith(scanner.enrollment.code);
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      scanner: { id: scanner.id, lanes, site: "Gate", latitude: 28.4, longitude: -81.4 },
      tenant_id: sandbox.cloud.tenantId,
      live_mode: false,
      audit_key: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      rotation_keys: [
        { kid: "32770", k: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
        { kid: "32771", k: expect.any(String) },
      ],
      now: new Date(now).toISOString(),
    });
    expect(sha256(reply.textAt("root"))).toBe(sandbox.cloud.rootSha256);
    expect(payload(reply.textAt("config"))).toMatchObject({
      iss: sandbox.cloud.tenantId,
      env: "sandbox",
      scn: scanner.id,
      ver: 1,
      enabled: true,
      config: { lane: lanes },
    });
    expect((await sandbox.ask("GET", `/v1/scanners/${scanner.id}`)).json).toMatchObject({
      status: "enrolled",
      hardware,
    });
  });

  test.each([
    ["lower case", (code: string) => code.toLowerCase()],
    ["no dashes", (code: string) => code.replaceAll("-", "")],
    ["spaces", (code: string) => code.replaceAll("-", " ")],
    ["letters for the digits they look like", (code: string) => code.replaceAll("1", "l").replaceAll("0", "o")],
  ])("a code may be typed with %s", async (_name, spelled) => {
    const code = await codeOf();
    const proof = enrolmentProof(key, sandbox.cloud.url, code);
    expect((await enrol({ code: spelled(code), jwk: key.publicJwk, proof, hardware })).status).toBe(200);
  });

  test("the same code with the same key gives the same answer again, with another key none", async () => {
    const code = await codeOf();
    const first = await enrolWith(code);
    now += 60_000;
    expect((await enrolWith(code)).text).toBe(first.text);
    const stolen = await enrolWith(code, otherKey);
    expect([stolen.status, stolen.error?.type, stolen.error?.code]).toEqual([
      422,
      "validation_failed",
      "enrollment_code_used",
    ]);
  });

  test("a code ends after 15 minutes", async () => {
    const code = await codeOf();
    now += 900_000;
    expect((await enrolWith(code)).error).toMatchObject({ code: "enrollment_code_expired" });
  });

  test("five wrong tries lock a code for its rightful owner too", async () => {
    const code = await codeOf();
    const wrong = `${code.slice(0, 4)}-${code.slice(5, 9) === "0000" ? "1111" : "0000"}-0000`;
    for (let tries = 0; tries < 5; tries++) {
      expect((await enrolWith(wrong)).error).toMatchObject({ code: "enrollment_code_wrong" });
    }
    expect((await enrolWith(code)).error).toMatchObject({ code: "enrollment_code_locked" });
  });

  test("an unknown code and text that is no code are refused alike", async () => {
    for (const code of ["ZZZZ-ZZZZ-ZZZZ", "hello", "UUUU-UUUU-UUUU"]) {
      expect((await enrolWith(code)).error).toMatchObject({ code: "enrollment_code_wrong" });
    }
  });

  test.each<[string, (code: string) => object]>([
    ["by another key", (code) => ({ proof: enrolmentProof(otherKey, sandbox.cloud.url, code) })],
    ["for another code", () => ({ proof: enrolmentProof(key, sandbox.cloud.url, "AAAA-AAAA-AAAA") })],
    ["for another address", (code) => ({ proof: enrolmentProof(key, "http://127.0.0.1:1", code) })],
    [
      "of another type",
      (code) => ({
        proof: signJws(
          "scanner-assertion+jwt",
          { aud: `${sandbox.cloud.url}/v1/scanners/enroll`, code_sha256: sha256(code), jti: "1" },
          key,
        ),
      }),
    ],
    ["that is no JWS", () => ({ proof: "a.b.c" })],
    ["with a tail", (code) => ({ proof: `${enrolmentProof(key, sandbox.cloud.url, code)}=` })],
  ])("a proof %s is refused and the code stays good", async (_name, changes) => {
    const code = await codeOf();
    expect((await enrolWith(code, key, changes(code))).error).toMatchObject({ code: "enrollment_proof_invalid" });
    expect((await enrolWith(code)).status).toBe(200);
  });

  test("a private key sent by mistake is refused as an unknown field", async () => {
    const reply = await enrolWith(await codeOf(), key, { jwk: key.privateJwk });
    expect([reply.status, reply.error?.code, reply.error?.param]).toEqual([400, "unknown_field", "jwk.d"]);
  });
});

describe("signing in", () => {
  const signIn = (id: string, jws: string): Promise<Reply> =>
    sandbox.ask("POST", `/v1/scanners/${id}/token`, { bearer: null, body: { assertion: jws } });
  const made = async (): Promise<{ id: string; nonce: string }> => {
    const id = (await enrolWith(await codeOf())).textAt("scanner.id");
    const asked = await signIn(id, assertion(key, sandbox.cloud.url, id, ""));
    return { id, nonce: asked.textAt("nonce") };
  };

  test("the first answer is a nonce, and its signature buys an hour", async () => {
    const id = (await enrolWith(await codeOf())).textAt("scanner.id");
    const asked = await signIn(id, assertion(key, sandbox.cloud.url, id, ""));
    expect([asked.status, asked.error?.type, asked.error?.code]).toEqual([401, "unauthenticated", "expired_token"]);
    const reply = await signIn(id, assertion(key, sandbox.cloud.url, id, asked.textAt("nonce")));
    expect(reply.json).toEqual({
      token: expect.stringMatching(/^qp_dk_sandbox_/),
      expires_in: 3600,
      now: new Date(now).toISOString(),
      nonce: expect.any(String),
    });
    const bearer = reply.textAt("token");
    expect((await sandbox.ask("GET", "/v1/nfc/trust/head", { bearer })).status).toBe(200);
    now += 3_600_000;
    expect((await sandbox.ask("GET", "/v1/nfc/trust/head", { bearer })).error).toMatchObject({ code: "expired_token" });
  });

  test("the nonce of the last answer saves the first step next time, once", async () => {
    const { id, nonce } = await made();
    const first = await signIn(id, assertion(key, sandbox.cloud.url, id, nonce));
    const next = first.textAt("nonce");
    expect((await signIn(id, assertion(key, sandbox.cloud.url, id, next))).status).toBe(200);
    expect((await signIn(id, assertion(key, sandbox.cloud.url, id, next))).status).toBe(401);
  });

  test("a nonce is good for 120 seconds and for one scanner", async () => {
    const [a, b] = [await made(), await made()];
    expect((await signIn(a.id, assertion(key, sandbox.cloud.url, a.id, b.nonce))).error).toMatchObject({
      code: "expired_token",
    });
    now += 120_000;
    expect((await signIn(a.id, assertion(key, sandbox.cloud.url, a.id, a.nonce))).status).toBe(401);
  });

  test.each<[string, (id: string, nonce: string) => string]>([
    ["another key", (id, nonce) => assertion(otherKey, sandbox.cloud.url, id, nonce)],
    ["another address", (id, nonce) => assertion(key, "http://127.0.0.1:1", id, nonce)],
    ["another subject", (id, nonce) => assertion(key, sandbox.cloud.url, id, nonce, { sub: "scn_other" })],
    ["no jti", (id, nonce) => assertion(key, sandbox.cloud.url, id, nonce, { jti: null })],
  ])("an assertion with %s is refused without a nonce", async (_name, make) => {
    const { id, nonce } = await made();
    const reply = await signIn(id, make(id, nonce));
    expect([reply.status, reply.error?.code, reply.at("nonce")]).toEqual([401, "invalid_key", undefined]);
  });

  test("a withdrawn device is refused with its bearer and at the door", async () => {
    const device = await sandbox.device();
    expect(sandbox.cloud.revokeScanner(device.id)).toBe(true);
    expect((await sandbox.ask("GET", "/v1/nfc/trust/head", { bearer: device.token })).error).toMatchObject({
      code: "revoked_key",
    });
    const reply = await signIn(device.id, assertion(device.key, sandbox.cloud.url, device.id, ""));
    expect(reply.error).toMatchObject({ code: "revoked_key" });
    expect(sandbox.cloud.revokeScanner("scn_none")).toBe(false);
  });
});

describe("a device", () => {
  test("reaches trust data, its own scanner and nothing else", async () => {
    const [device, other] = [await sandbox.device(), await sandbox.device()];
    const bearer = device.token;
    const status = async (method: string, path: string): Promise<number> =>
      (await sandbox.ask(method, path, { bearer, ...(method === "POST" ? { body: {} } : {}) })).status;
    expect(await status("GET", "/v1/nfc/trust/keys")).toBe(200);
    expect(await status("POST", `/v1/scanners/${device.id}/heartbeat`)).toBe(200);
    expect(await status("POST", `/v1/scanners/${other.id}/heartbeat`)).toBe(403);
    expect(await status("GET", `/v1/scanners/${other.id}/config`)).toBe(403);
    expect(await status("GET", "/v1/passes")).toBe(403);
    expect(await status("GET", "/v1/passes/scans")).toBe(403);
    expect(await status("POST", "/v1/pass_templates")).toBe(403);
  });

  test("gets a signed configuration of the next version when the merchant changes it", async () => {
    const device = await sandbox.device();
    await sandbox.ask("PATCH", `/v1/scanners/${device.id}`, {
      body: { enabled: false, policy: { loyalty: { use: "single" } } },
    });
    const reply = await sandbox.ask("GET", `/v1/scanners/${device.id}/config`, { bearer: device.token });
    expect(payload(reply.textAt("config"))).toMatchObject({
      ver: 2,
      enabled: false,
      config: { lane: [{ id: "gate-1", name: "Gate 1" }], policy: { loyalty: { use: "single" } } },
    });
    expect(reply.at("audit_key")).toBe(device.enrolment.at("audit_key"));
  });

  test("sends one heartbeat in five minutes", async () => {
    const device = await sandbox.device();
    const beat = (body: object): Promise<Reply> =>
      sandbox.ask("POST", `/v1/scanners/${device.id}/heartbeat`, { bearer: device.token, body });
    expect((await beat({ queue_depth: 3, clock_state: "held" })).status).toBe(200);
    const early = await beat({});
    expect([early.status, early.headers.get("retry-after")]).toEqual([429, "300"]);
    now += 300_000;
    expect((await beat({ queue_depth: 0 })).status).toBe(200);
    expect((await beat({ mood: "good" })).error).toMatchObject({ code: "unknown_field" });
    const seen = await sandbox.ask("GET", `/v1/scanners/${device.id}`);
    expect(seen.at("heartbeat")).toMatchObject({ queue_depth: 0 });
  });

  test("a policy beyond 16 KiB is refused", async () => {
    const policy = { text: "x".repeat(16 * 1024) };
    const reply = await sandbox.ask("POST", "/v1/scanners", { body: { policy } });
    expect([reply.status, reply.error?.code]).toEqual([400, "too_long"]);
  });
});
