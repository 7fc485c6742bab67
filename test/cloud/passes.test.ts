import QRCode from "qrcode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Reply, type TestCloud, testCloud } from "./harness.ts";

const day = 86_400_000;
let now = Date.UTC(2026, 10, 21);
let sandbox: TestCloud;
beforeAll(async () => {
  sandbox = await testCloud({ now: () => now });
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

async function template(changes: object = {}): Promise<string> {
  return (await sandbox.merchant.createTemplate({ name: "Concert", kind: "event_ticket", ...changes })).id;
}
const issue = async (pass: object = {}): Promise<Reply> =>
  sandbox.ask("POST", "/v1/passes", { body: { template_id: await template(), ...pass } });
const claimsOf = (e1j: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(e1j.split(".")[1] ?? "", "base64url").toString());

describe("templates", () => {
  const full = {
    name: "Gold",
    kind: "loyalty",
    brand: { background_color: "#000000", foreground_color: "#ffffff", logo_url: "https://a.test/l", icon_url: null },
    fields: [{ key: "points", label: "Points", value: "0", display: "primary", numeric: true }],
    barcode: { format: "qr", payload_template: "loyalty:{pass.id}" },
    nfc: { enabled: true, payload_template: "{pass.id}" },
    relevant_locations: [{ latitude: 28.4, longitude: -81.4, radius_m: 50, message: "Welcome" }],
    sandbox: { alg: "ES256", single_use: false, expires_in_s: 60, reference: true },
  };

  test("a template comes back as it was made", async () => {
    const made = await sandbox.ask("POST", "/v1/pass_templates", { body: full });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ ...full, archived: false, live_mode: false, tenant_id: sandbox.cloud.tenantId });
    expect((await sandbox.ask("GET", `/v1/pass_templates/${made.textAt("id")}`)).json).toEqual(made.json);
  });

  test("a change keeps what it does not name, and the kind cannot change", async () => {
    const made = await sandbox.ask("POST", "/v1/pass_templates", { body: full });
    const path = `/v1/pass_templates/${made.textAt("id")}`;
    const changed = await sandbox.ask("PATCH", path, { body: { name: "Platinum" } });
    expect(changed.json).toMatchObject({ ...full, name: "Platinum" });
    expect((await sandbox.ask("PATCH", path, { body: { kind: "coupon" } })).error).toMatchObject({
      code: "unknown_field",
    });
  });

  test("an archived template issues nothing and is archived once", async () => {
    const id = await template();
    expect((await sandbox.ask("POST", `/v1/pass_templates/${id}/archive`)).at("archived")).toBe(true);
    expect((await sandbox.ask("POST", `/v1/pass_templates/${id}/archive`)).error).toMatchObject({ type: "conflict" });
    const refused = await sandbox.ask("POST", "/v1/passes", { body: { template_id: id } });
    expect([refused.status, refused.error?.code]).toEqual([409, "template_archived"]);
  });
});

describe("passes", () => {
  test("a pass is issued with the published members and an id of its prefix", async () => {
    const made = await issue({ holder: { email: "a@b.test", name: "A" }, fields: { seat: "12" } });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      id: expect.stringMatching(/^pass_[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
      tenant_id: sandbox.cloud.tenantId,
      live_mode: false,
      template_id: expect.stringMatching(/^tpl_/),
      kind: "event_ticket",
      status: "issued",
      holder: { email: "a@b.test", name: "A" },
      fields: { seat: "12" },
      barcode: null,
      download: { apple_url: expect.any(String), google_url: expect.any(String) },
      platform: null,
      revoke_reason: null,
      archived: false,
      expires_at: new Date(now + 90 * day).toISOString(),
      created: new Date(now).toISOString(),
      updated: new Date(now).toISOString(),
    });
  });

  test("ids sort in the order of issue, also within one millisecond", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push((await issue()).textAt("id"));
    expect(ids).toEqual(ids.toSorted());
  });

  test("the payload template is rendered at issue", async () => {
    const template_id = await template({ barcode: { format: "qr", payload_template: "event:{pass.id}" } });
    const made = await sandbox.ask("POST", "/v1/passes", { body: { template_id } });
    expect(made.at("barcode")).toEqual({ format: "qr", payload: `event:${made.textAt("id")}` });
    const payloads = await sandbox.ask("GET", `/v1/passes/${made.textAt("id")}/payloads`);
    expect(payloads.at("plain_text")).toBe(`event:${made.textAt("id")}`);
  });

  test("the lifecycle is issued, installed, revoked; nothing leads out of revoked", async () => {
    const id = (await issue()).textAt("id");
    const act = (action: string): Promise<Reply> =>
      sandbox.ask("POST", `/v1/passes/${id}/simulate`, { body: { action, platform: "google" } });
    expect((await act("install")).json).toMatchObject({ status: "installed", platform: "google" });
    const revoked = await sandbox.ask("POST", `/v1/passes/${id}/revoke`, { body: { reason: "lost_device" } });
    expect(revoked.json).toMatchObject({ status: "revoked", revoke_reason: "lost_device" });
    const again = await sandbox.ask("POST", `/v1/passes/${id}/revoke`, { body: { reason: "lost_device" } });
    expect([again.status, again.error?.type, again.error?.code]).toEqual([409, "conflict", "already_revoked"]);
    for (const action of ["install", "remove"]) expect((await act(action)).status).toBe(409);
    expect((await sandbox.ask("PATCH", `/v1/passes/${id}`, { body: { fields: {} } })).status).toBe(409);
  });

  test("a life longer than the format allows is a business error", async () => {
    const made = await issue({ sandbox: { expires_in_s: 401 * 86_400 } });
    expect([made.status, made.error?.type, made.error?.code]).toEqual([422, "validation_failed", "life_too_long"]);
  });

  test("revoked and removed passes leave the lists after 90 days, and include_archived brings them back", async () => {
    const id = (await issue()).textAt("id");
    await sandbox.merchant.revoke(id);
    const listed = async (query: string): Promise<boolean> =>
      (await sandbox.ask("GET", `/v1/passes?limit=100${query}`)).rows.some((row) => row["id"] === id);
    expect(await listed("&status=revoked")).toBe(true);
    expect(await listed("&status=installed")).toBe(false);
    now += 90 * day;
    expect([await listed(""), await listed("&include_archived=true")]).toEqual([false, true]);
    now -= 90 * day;
  });
});

describe("payloads", () => {
  test("every form carries the same claims", async () => {
    const made = await issue();
    const { e1j, e1b_qr, e1b_text, ndef_base64, r1_text } = await sandbox.merchant.payloads(made.textAt("id"));
    const e1b = Buffer.from(e1b_text.slice(3), "base64url");
    const claims = claimsOf(e1j);
    expect(claims).toMatchObject({
      iss: sandbox.cloud.tenantId,
      env: "sandbox",
      pid: made.textAt("id").slice(5),
      knd: "event_ticket",
      tpl: made.textAt("template_id").slice(4),
      iat: now / 1000,
      exp: (now + 90 * day) / 1000,
      lst: 1,
      use: 1,
    });
    expect([
      e1b[1],
      e1b.readUInt16BE(2) & 0x8000,
      e1b[22],
      e1b.readUInt32BE(23),
      e1b.readUInt32BE(27),
      e1b[31],
    ]).toEqual([1, 0x8000, 1, claims["exp"], claims["idx"], 1]);
    expect([e1b_qr.length, e1b_text.length, e1b.length, r1_text]).toEqual([154, 137, 100, null]);
    expect(Buffer.from(ndef_base64, "base64").subarray(20)).toEqual(e1b);
  });

  test("the wallet holds the same bytes each time, also for ES256 with its random nonces", async () => {
    const template_id = await template({ sandbox: { alg: "ES256" } });
    const pass = await sandbox.merchant.issuePass({ template_id });
    const first = await sandbox.merchant.payloads(pass.id);
    expect(await sandbox.merchant.payloads(pass.id)).toEqual(first);
    expect(Buffer.from(first.e1j.split(".")[0] ?? "", "base64url").toString()).toContain('"alg":"ES256"');
  });

  test("a changed field signs again as the next revision", async () => {
    const id = (await issue({ fields: { seat: "12", row: "A" } })).textAt("id");
    const before = claimsOf((await sandbox.merchant.payloads(id)).e1j);
    const changed = await sandbox.ask("PATCH", `/v1/passes/${id}`, { body: { fields: { seat: "13" } } });
    expect(changed.at("fields")).toEqual({ seat: "13", row: "A" });
    expect(claimsOf((await sandbox.merchant.payloads(id)).e1j)).toEqual({ ...before, rev: 1 });
  });

  test("a changed template signs its passes again, each once, and keeps what a pass was given", async () => {
    const template_id = await template();
    const made = await sandbox.ask("POST", "/v1/passes", { body: { template_id, sandbox: { not_before_in_s: 60 } } });
    const before = claimsOf((await sandbox.merchant.payloads(made.textAt("id"))).e1j);
    now += 1;
    await sandbox.ask("PATCH", `/v1/pass_templates/${template_id}`, { body: { name: "New name" } });
    for (let times = 0; times < 2; times++) {
      const after = claimsOf((await sandbox.merchant.payloads(made.textAt("id"))).e1j);
      expect(after).toEqual({ ...before, rev: 1, nbf: before["nbf"] });
    }
  });

  test("a reference fits Apple's 64 bytes", async () => {
    const template_id = await template({ sandbox: { reference: true } });
    const { id } = await sandbox.merchant.issuePass({ template_id });
    expect((await sandbox.merchant.payloads(id)).r1_text).toMatch(/^D1[A-Za-z0-9_-]{60}$/);
  });

  test("the picture is a PNG of a version 6 code", async () => {
    const { qr_png_base64, e1b_qr } = await sandbox.merchant.payloads((await issue()).textAt("id"));
    const png = Buffer.from(qr_png_base64, "base64");
    expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    expect(QRCode.create([{ data: e1b_qr, mode: "alphanumeric" }], { errorCorrectionLevel: "M" }).version).toBe(6);
    // 41 modules of 4 pixels and a quiet zone of 4 modules on each side.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([196, 196]);
  });
});

describe("bulk calls", () => {
  test("a batch issues what it can and says what it cannot", async () => {
    const template_id = await template();
    const passes = [{ template_id }, { template_id: "tpl_none" }, { template_id }];
    const reply = await sandbox.ask("POST", "/v1/passes/batch", { body: { passes } });
    expect(reply.rows.map((row) => row["status"])).toEqual(["created", "rejected", "created"]);
    expect(reply.at("data.1.error")).toMatchObject({ type: "not_found" });
  });

  test("a batch revocation is one version of the list and names each pass", async () => {
    const template_id = await template();
    const passes = Array.from({ length: 3 }, () => ({ template_id }));
    const made = await sandbox.ask("POST", "/v1/passes/batch", { body: { passes } });
    const [a, b, c] = made.rows.map((_, position) => made.textAt(`data.${position}.pass.id`));
    const version = async (): Promise<number> => {
      const head = (await sandbox.ask("GET", "/v1/nfc/trust/head")).text;
      return JSON.parse(Buffer.from(head.split(".")[1] ?? "", "base64url").toString()).lists[0].ver;
    };
    const before = await version();
    const body = { pass_ids: [a, b, a, "pass_none", c], reason: "refund" };
    const reply = await sandbox.ask("POST", "/v1/passes/batch_revoke", { body });
    expect(reply.rows.map((row) => [row["id"], row["status"]])).toEqual([
      [a, "revoked"],
      [b, "revoked"],
      [a, "rejected"],
      ["pass_none", "rejected"],
      [c, "revoked"],
    ]);
    expect(await version()).toBe(before + 1);
  });

  test("a batch update changes each pass", async () => {
    const id = (await issue()).textAt("id");
    const body = {
      passes: [
        { id, fields: { seat: "1" } },
        { id: "pass_none", fields: {} },
      ],
    };
    const reply = await sandbox.ask("POST", "/v1/passes/batch_update", { body });
    expect([reply.at("data.0.pass.fields"), reply.at("data.1.status")]).toEqual([{ seat: "1" }, "rejected"]);
  });

  test.each([
    ["/v1/passes/batch", { passes: [] }, "too_short"],
    ["/v1/passes/batch", { passes: Array(101).fill({ template_id: "x" }) }, "too_long"],
    ["/v1/passes/batch_revoke", { pass_ids: Array(1001).fill("x"), reason: "x" }, "too_long"],
  ])("%s has its published bounds", async (path, body, code) => {
    const reply = await sandbox.ask("POST", path, { body });
    expect([reply.status, reply.error?.code]).toEqual([400, code]);
  });
});
