import { afterAll, beforeAll, expect, test } from "vitest";
import { headOf, payloadOf } from "./documents.ts";
import { type Device, eventually, type TestCloud, testCloud } from "./harness.ts";
import { listen } from "./listening.ts";

let now = Date.UTC(2026, 10, 21);
let sandbox: TestCloud;
let device: Device;
beforeAll(async () => {
  sandbox = await testCloud({ now: () => now, streamTimes: { pingMs: 20, silenceMs: 60_000 } });
  device = await sandbox.device();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const revokeOne = async (): Promise<string> => {
  const { id } = await sandbox.merchant.createTemplate({ name: "A", kind: "coupon" });
  const pass = await sandbox.merchant.issuePass({ template_id: id });
  await sandbox.merchant.revoke(pass.id);
  return pass.id;
};

test("a revocation is pushed with the signed head and delta that prove it", async () => {
  const stream = await listen(sandbox, device);
  const before = (await headOf(sandbox)).lists[0]?.ver ?? 0;
  const id = await revokeOne();
  await eventually(() => stream.heard.map((event) => event.type)).toContain("pass.revoked");
  await eventually(() => stream.heard.at(-1)?.type).toBe("nfc.trust.updated");
  const revoked = stream.heard.find((event) => event.type === "pass.revoked");
  expect(revoked).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    created: new Date(now).toISOString(),
    tenant_id: sandbox.cloud.tenantId,
    live_mode: false,
    api_version: "2026-05-19",
    data: { pass: { id, status: "revoked", revoke_reason: "lost_device" } },
    previous_attributes: null,
  });
  const head = await headOf(sandbox);
  const pushed = stream.heard.at(-1)?.data["trust"];
  expect(pushed).toEqual({ head: head.text, deltas: [expect.any(String)] });
  const [delta] =
    typeof pushed === "object" && pushed !== null && "deltas" in pushed && Array.isArray(pushed.deltas)
      ? pushed.deltas
      : [];
  expect(payloadOf(String(delta))).toMatchObject({ from: before, to: before + 1, root: head.lists[0]?.root });
  stream.close();
});

test("a new template is pushed as a new head, and issuing a pass is not pushed at all", async () => {
  const stream = await listen(sandbox, device);
  const { id } = await sandbox.merchant.createTemplate({ name: "B", kind: "coupon" });
  await sandbox.merchant.issuePass({ template_id: id });
  await sandbox.ask("PATCH", `/v1/scanners/${device.id}`, { body: { site: "End of test" } });
  await eventually(() => stream.heard.at(-1)?.type).toBe("scanner.config.updated");
  expect(stream.heard.map((event) => event.type)).toEqual(["nfc.trust.updated", "scanner.config.updated"]);
  stream.close();
});

test("what was missed is sent first when a stream resumes", async () => {
  const first = await listen(sandbox, device);
  await revokeOne();
  await eventually(() => first.heard.at(-1)?.type).toBe("nfc.trust.updated");
  const after = first.heard.at(-1)?.id ?? "";
  first.close();
  await first.closed;
  const missed = [await revokeOne(), await revokeOne()];
  const second = await listen(sandbox, device, { after });
  await eventually(() =>
    second.heard.filter((event) => event.type === "pass.revoked").map((event) => event.data["pass"]),
  ).toMatchObject(missed.map((id) => ({ id })));
  expect(second.heard.every((event) => event.id > after)).toBe(true);
  second.close();
});

test.each(["evt_01HZX0000000000000000000AB", "x"])("resuming after the unknown %s is a reset", async (after) => {
  const stream = await listen(sandbox, device, { after });
  await eventually(() => stream.heard.map((event) => event.type)).toEqual(["stream.reset"]);
  stream.close();
});

test("resuming is possible for 24 hours, then it is a reset to go on from", async () => {
  const first = await listen(sandbox, device);
  await revokeOne();
  await eventually(() => first.heard.at(-1)?.type).toBe("nfc.trust.updated");
  const after = first.heard.at(-1)?.id ?? "";
  first.close();
  now += 86_400_001;
  const fresh = { ...device, ...(await sandbox.device()) };
  const late = await listen(sandbox, fresh, { after });
  await eventually(() => late.heard.map((event) => event.type)).toEqual(["stream.reset"]);
  const reset = late.heard[0]?.id ?? "";
  late.close();
  const again = await listen(sandbox, fresh, { after: reset });
  const id = await revokeOne();
  await eventually(() => again.heard.find((event) => event.type === "pass.revoked")?.data["pass"]).toMatchObject({
    id,
  });
  expect(again.heard.map((event) => event.type)).not.toContain("stream.reset");
  again.close();
  device = fresh;
});

test("a scanner hears of its own configuration and disabling only", async () => {
  const other = await sandbox.device();
  const [mine, theirs] = [await listen(sandbox, device), await listen(sandbox, other)];
  await sandbox.ask("PATCH", `/v1/scanners/${device.id}`, { body: { enabled: false } });
  await sandbox.ask("PATCH", `/v1/scanners/${other.id}`, { body: { enabled: true } });
  await eventually(() => mine.heard.map((event) => event.type)).toEqual(["scanner.config.updated", "scanner.disabled"]);
  await eventually(() => theirs.heard.map((event) => event.type)).toEqual(["scanner.config.updated"]);
  mine.close();
  theirs.close();
});

test("another tenant's events are not heard", async () => {
  const stream = await listen(sandbox, device);
  const bearer = sandbox.cloud.createTenant().secretKey;
  await sandbox.ask("POST", "/v1/pass_templates", { bearer, body: { name: "A", kind: "coupon" } });
  const id = await revokeOne();
  await eventually(() => stream.heard.find((event) => event.type === "pass.revoked")?.data["pass"]).toMatchObject({
    id,
  });
  expect(stream.heard).toEqual(stream.heard.filter((event) => JSON.stringify(event).includes(sandbox.cloud.tenantId)));
  stream.close();
});

test("a second connection of the same scanner replaces the first", async () => {
  const first = await listen(sandbox, device);
  const second = await listen(sandbox, device);
  expect(await first.closed).toEqual({ code: 4001, reason: "replaced by a newer connection" });
  expect(sandbox.cloud.streams()).toBe(1);
  await revokeOne();
  await eventually(() => second.heard.length).toBeGreaterThan(0);
  second.close();
  await eventually(() => sandbox.cloud.streams()).toBe(0);
});

test("the server pings, and drops who is silent for too long", async () => {
  await using impatient = await testCloud({ streamTimes: { pingMs: 10, silenceMs: 100 } });
  const [lively, dead] = [await impatient.device(), await impatient.device()];
  const [heard, silent] = [await listen(impatient, lively), await listen(impatient, dead, { autoPong: false })];
  expect((await silent.closed).code).toBe(1006);
  expect(heard.pings).toBeGreaterThan(2);
  await eventually(() => impatient.cloud.streams()).toBe(1);
  heard.close();
});

test("a frame beyond what a scanner may say closes its stream", async () => {
  const { default: WebSocket } = await import("ws");
  const url = `${sandbox.cloud.url.replace("http", "ws")}/v1/scanners/${device.id}/stream`;
  const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${device.token}` } });
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("open", () => socket.send("x".repeat(4097)));
  expect(await closed).toBe(1009);
});

test.each<[string, () => { id: string; token: string }, string]>([
  ["without a known bearer", () => ({ id: device.id, token: "qp_dk_sandbox_none" }), "401"],
  ["with a secret key", () => ({ id: device.id, token: sandbox.cloud.secretKey }), "403"],
  ["for another scanner", () => ({ id: "scn_01HZX0000000000000000000AB", token: device.token }), "403"],
])("a stream %s is refused", async (_name, who, status) => {
  await expect(listen(sandbox, who())).rejects.toThrow(status);
});
