import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodePrimitives } from "../../agent/primitives.ts";
import {
  admit,
  type EpochSeconds,
  emptyTrust,
  epochSeconds,
  type Offered,
  openTrust,
  readScannerConfig,
  type Trust,
  tenantId,
  type Verdict,
  type VerificationTime,
  verify,
  type Wanted,
} from "../../verifier/index.ts";
import { assertion, type Device, eventually, type TestCloud, testCloud } from "./harness.ts";
import { type Listening, listen } from "./listening.ts";

const primitives = nodePrimitives();
const day = 86_400_000;
let now = Date.UTC(2026, 10, 21);
let sandbox: TestCloud;
let device: Device;
let trust: Trust;

beforeAll(async () => {
  sandbox = await testCloud({ now: () => now, shardFullAt: 6 });
  device = await sandbox.device();
  const tenant = tenantId(device.enrolment.textAt("tenant_id"));
  if (tenant === null) throw new TypeError("the tenant id is malformed");
  trust = await update(emptyTrust(tenant, "sandbox", sandbox.cloud.rootSha256));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

function at(ms = now): VerificationTime {
  const seconds: EpochSeconds | null = epochSeconds(Math.floor(ms / 1000));
  if (seconds === null) throw new RangeError("no time that signed documents can hold");
  return { now: seconds, clock: "trusted" };
}

const text = async (path: string): Promise<string> =>
  (await sandbox.ask("GET", `/v1/nfc/trust/${path}`, { bearer: device.token })).text;

/** Adds what the verifier wants to what it was offered, over HTTP with the device's bearer. */
async function fetched(offered: Offered, wanted: Wanted): Promise<Offered> {
  switch (wanted.kind) {
    case "root":
      return { ...offered, roots: [...(offered.roots ?? []), await text(`root/${wanted.version}`)] };
    case "keys":
      return { ...offered, keys: await text("keys") };
    case "head":
      return { ...offered, head: await text("head") };
    case "manifest":
      return { ...offered, manifests: new Map([[wanted.list, await text(`lists/${wanted.list}/manifest`)]]) };
    case "directory":
      return { ...offered, directories: new Map([[wanted.list, await text(`directories/${wanted.list}/manifest`)]]) };
    case "deltas": {
      const path = `/v1/nfc/trust/lists/${wanted.list}/deltas?from=${wanted.from}`;
      const { rows: _, json } = await sandbox.ask("GET", path, { bearer: device.token });
      const data =
        typeof json === "object" && json !== null && "data" in json && Array.isArray(json.data) ? json.data : [];
      return { ...offered, deltas: new Map([[wanted.list, data.map(String)]]) };
    }
    case "blob": {
      const answer = await fetch(`${sandbox.cloud.url}/v1/nfc/trust/blobs/${wanted.sha256}`, {
        headers: { Authorization: `Bearer ${device.token}` },
      });
      return { ...offered, blobs: new Map([...(offered.blobs ?? []), [wanted.sha256, await answer.bytes()]]) };
    }
  }
}

/** One update run: offers, fetches what is wanted, and offers again. */
async function update(current: Trust, first: Offered = {}): Promise<Trust> {
  let offered = first;
  for (let round = 0; round < 10; round++) {
    const admission = await admit(current, offered, at(), primitives);
    expect(admission.faults).toEqual([]);
    if (admission.wanted.length === 0) return admission.trust;
    for (const wanted of admission.wanted) offered = await fetched(offered, wanted);
  }
  throw new Error("ten rounds were not enough");
}

/** Verdicts on every signed form of a pass. */
async function verdicts(passId: string, moment = at()): Promise<Readonly<Record<string, Verdict>>> {
  const payloads = await sandbox.merchant.payloads(passId);
  const ndef = Buffer.from(payloads.ndef_base64, "base64");
  const forms: [string, string | Uint8Array | null][] = [
    ["e1j", payloads.e1j],
    ["qr", payloads.e1b_qr],
    ["text", payloads.e1b_text],
    // A short record: flags, type length, payload length, 17 characters of type, the 100 bytes of the pass.
    ["ndef", ndef.subarray(20)],
    ["r1", payloads.r1_text],
  ];
  const found: Record<string, Verdict> = {};
  for (const [form, payload] of forms) {
    if (payload === null) continue;
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    found[form] = await verify(new Uint8Array(bytes), trust, moment, primitives);
  }
  return found;
}
const reasons = (found: Readonly<Record<string, Verdict>>): Record<string, string> =>
  Object.fromEntries(Object.entries(found).map(([form, verdict]) => [form, verdict.reason]));
const all = (reason: string): Record<string, string> => ({ e1j: reason, qr: reason, text: reason, ndef: reason });
const template = async (changes: object = {}): Promise<string> =>
  (await sandbox.merchant.createTemplate({ name: "Concert", kind: "event_ticket", ...changes })).id;

describe("what the sandbox signs, the verifier reads", () => {
  test("first trust comes from the pinned root, and can be opened again from its documents", async () => {
    expect(trust.root).toMatchObject({ version: 1, sha256: sandbox.cloud.rootSha256 });
    expect([trust.keys?.keys.size, trust.head?.ttlS, trust.lists.get(1)?.size]).toEqual([5, 600, 2 ** 20]);
    const { tenant, environment, pin, documents } = trust;
    const opened = await openTrust({ tenant, environment, pin, documents }, primitives);
    expect([opened.faults, opened.trust.head?.n]).toEqual([[], trust.head?.n]);
  });

  test.each(["Ed25519", "ES256"])("a pass signed with %s is valid in every form with the same claims", async (alg) => {
    const template_id = await template({ sandbox: { alg } });
    const pass = await sandbox.merchant.issuePass({ template_id });
    trust = await update(trust);
    const found = await verdicts(pass.id);
    expect(reasons(found)).toEqual(all("ok"));
    for (const verdict of Object.values(found)) {
      expect(verdict.claims).toMatchObject({
        passId: pass.id,
        templateId: template_id,
        kind: "event_ticket",
        singleUse: true,
        list: 1,
        expiresAt: Date.parse(pass.expires_at) / 1000,
      });
    }
    expect(new Set(Object.values(found).map((verdict) => verdict.claims?.index)).size).toBe(1);
  });

  test("a revoked pass is refused as soon as the pushed head and delta are admitted, without another request", async () => {
    const pass = await sandbox.merchant.issuePass({ template_id: await template() });
    trust = await update(trust);
    expect(reasons(await verdicts(pass.id))).toEqual(all("ok"));
    const stream: Listening = await listen(sandbox, device);
    await sandbox.merchant.revoke(pass.id);
    await eventually(() => stream.heard.at(-1)?.type).toBe("nfc.trust.updated");
    const pushed = stream.heard.at(-1)?.data["trust"];
    stream.close();
    if (typeof pushed !== "object" || pushed === null || !("head" in pushed) || !("deltas" in pushed)) {
      throw new TypeError("the push carries no head and deltas");
    }
    const deltas = Array.isArray(pushed.deltas) ? pushed.deltas.map(String) : [];
    const admission = await admit(
      trust,
      { head: String(pushed.head), deltas: new Map([[1, deltas]]) },
      at(),
      primitives,
    );
    expect([admission.faults, admission.wanted, admission.changed]).toEqual([[], [], true]);
    trust = admission.trust;
    expect(reasons(await verdicts(pass.id))).toEqual(all("revoked"));
  });

  test("a terminal that starts after the revocation learns of it from manifest and ladder", async () => {
    const pass = await sandbox.merchant.issuePass({ template_id: await template() });
    await sandbox.merchant.revoke(pass.id);
    trust = await update(emptyTrust(trust.tenant, "sandbox", sandbox.cloud.rootSha256));
    expect(reasons(await verdicts(pass.id))).toEqual(all("revoked"));
  });

  test("a list that grew by a shard verifies passes in it", async () => {
    const template_id = await template();
    const size = trust.lists.get(1)?.size ?? 0;
    const passes: string[] = [];
    for (let count = 0; count < 12; count++) passes.push((await sandbox.merchant.issuePass({ template_id })).id);
    trust = await update(trust);
    expect(trust.lists.get(1)?.size).toBeGreaterThan(size);
    for (const id of passes) expect(reasons(await verdicts(id))).toEqual(all("ok"));
  });

  test("a changed pass verifies in its old and in its new form", async () => {
    const pass = await sandbox.merchant.issuePass({ template_id: await template() });
    trust = await update(trust);
    const old = (await sandbox.merchant.payloads(pass.id)).e1j;
    await sandbox.ask("PATCH", `/v1/passes/${pass.id}`, { body: { fields: { seat: "13" } } });
    const verdict = await verify(new TextEncoder().encode(old), trust, at(), primitives);
    expect([verdict.reason, reasons(await verdicts(pass.id))]).toEqual(["ok", all("ok")]);
  });

  test.each([
    ["has expired", { expires_in_s: -1 }, all("expired")],
    ["expires this second", { expires_in_s: 0 }, all("expired")],
    ["expires in the next second", { expires_in_s: 1 }, all("ok")],
  ])("a pass that %s", async (_name, changes, expected) => {
    const pass = await sandbox.merchant.issuePass({ template_id: await template(), sandbox: changes });
    trust = await update(trust);
    expect(reasons(await verdicts(pass.id))).toEqual(expected);
  });

  test("a pass that is good later only is refused in the form that can say so", async () => {
    const pass = await sandbox.merchant.issuePass({
      template_id: await template(),
      sandbox: { not_before_in_s: 3600 },
    });
    trust = await update(trust);
    expect((await verdicts(pass.id))["e1j"]?.reason).toBe("not_yet_valid");
  });

  test("a compromised key refuses its passes, and only its", async () => {
    const [plain, curve] = [await template(), await template({ sandbox: { alg: "ES256" } })];
    const mine = await sandbox.merchant.issuePass({ template_id: plain });
    const theirs = await sandbox.merchant.issuePass({ template_id: curve });
    sandbox.cloud.setKeyState("32771", "compromised");
    trust = await update(trust);
    expect(reasons(await verdicts(mine.id))).toEqual(all("ok"));
    expect(reasons(await verdicts(theirs.id))).toEqual(all("key_compromised"));
    sandbox.cloud.setKeyState("32771", "active");
  });

  test("a reference is valid with its directory, and refused when it is altered or revoked", async () => {
    const pass = await sandbox.merchant.issuePass({ template_id: await template({ sandbox: { reference: true } }) });
    trust = await update(trust);
    expect(reasons(await verdicts(pass.id))).toEqual({ ...all("ok"), r1: "ok" });
    const { r1_text } = await sandbox.merchant.payloads(pass.id);
    const altered = `${r1_text?.slice(0, -1)}${r1_text?.endsWith("A") ? "B" : "A"}`;
    const verdict = await verify(new TextEncoder().encode(altered), trust, at(), primitives);
    expect(verdict.reason).toBe("bad_signature");
    await sandbox.merchant.revoke(pass.id);
    trust = await update(trust);
    expect(reasons(await verdicts(pass.id))).toEqual({ ...all("revoked"), r1: "revoked" });
  });

  test("another tenant's pass is refused", async () => {
    const { secretKey: bearer } = sandbox.cloud.createTenant();
    const made = await sandbox.ask("POST", "/v1/pass_templates", { bearer, body: { name: "A", kind: "coupon" } });
    const body = { template_id: made.textAt("id") };
    const pass = await sandbox.ask("POST", "/v1/passes", { bearer, body });
    const payloads = await sandbox.ask("GET", `/v1/passes/${pass.textAt("id")}/payloads`, { bearer });
    const e1j = await verify(new TextEncoder().encode(payloads.textAt("e1j")), trust, at(), primitives);
    const e1b = await verify(new TextEncoder().encode(payloads.textAt("e1b_qr")), trust, at(), primitives);
    expect([e1j.reason, e1b.reason]).toEqual(["wrong_tenant", "bad_signature"]);
  });

  test("the signed configuration of a scanner is read with the accepted keys", async () => {
    const config = device.enrolment.textAt("config");
    const read = await readScannerConfig(config, device.id, trust, at(), primitives);
    expect(read).toMatchObject({ ok: true, value: { scannerId: device.id, version: 1, enabled: true } });
  });

  test("a month of updates, each with what is due, never meets a fault", async () => {
    const template_id = await template();
    const { id } = await sandbox.merchant.issuePass({ template_id });
    for (let days = 0; days < 40; days++) {
      now += day;
      if (days % 3 === 0) await sandbox.merchant.revoke((await sandbox.merchant.issuePass({ template_id })).id);
      const { key, id: scanner } = device;
      device = { ...device, token: await signIn(scanner, key) };
      trust = await update(trust);
    }
    expect(reasons(await verdicts(id))).toEqual(all("ok"));
  });
});

async function signIn(id: string, key: Device["key"]): Promise<string> {
  const ask = (nonce: string) =>
    sandbox.ask("POST", `/v1/scanners/${id}/token`, {
      bearer: null,
      body: { assertion: assertion(key, sandbox.cloud.url, id, nonce) },
    });
  return (await ask((await ask("")).textAt("nonce"))).textAt("token");
}
