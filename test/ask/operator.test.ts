import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../loop/gate.ts";
import { type Site, startSite } from "./till.ts";

const lanes = `
[[lane]]
id = "gate-2"
[[lane]]
id = "till-3"
mode = "ask"
`;
const word = { role: "supervisor", reason: "name on the list" };

let site: Site;
beforeAll(async () => {
  site = await startSite(lanes);
});
afterAll(() => site[Symbol.asyncDispose]());

const text = async (kind = "event_ticket") => (await site.gate.issue(kind)).text;
const reasonAt = async (lane: string, payload: string) => (await site.present(lane, payload)).decision.reason;
const act = (id: string, what: string, body: object = word) => site.http("POST", `/v1/scans/${id}/${what}`, body);
const conditions = () => site.gate.agent.facade.conditions().map(({ code, subject }) => `${code} ${subject}`);

test("an operator lets a refused pass in: a record with role and reason, once, and the lane says so", async () => {
  const pass = await text();
  await site.present("gate-1", pass);
  const refused = await site.present("gate-1", pass);
  const { status, body } = await act(refused.id, "override");
  expect([status, body.supersedes, body.decision, body.external_ref]).toEqual([
    200,
    refused.id,
    { outcome: "accepted", by: "operator", reason: "override" },
    { type: "operator.supervisor", id: "name on the list" },
  ]);
  expect(site.gate.agent.facade.lane("gate-1")?.state).toBe("accepted");
  expect((await act(refused.id, "override")).body).toEqual(body);
  const other = { ...word, new_id: "scan_01HZX0000000000000000N0DE1" };
  expect((await act(refused.id, "override", other)).body).toMatchObject({ status: 409, code: "already_decided" });
});

test("an override is for a pass that was refused a moment ago", async () => {
  const accepted = await site.present("gate-1", await text());
  expect((await act(accepted.id, "override")).body).toMatchObject({
    code: "already_decided",
    scan: { id: accepted.id },
  });
  expect((await act("scan_none", "override")).body).toMatchObject({ status: 404, code: "scan_not_found" });
});

test("a scan that is taken back frees the pass, also the use that an override counted", async () => {
  const pass = await text();
  const first = await site.present("gate-1", pass);
  expect((await act(first.id, "annul")).body).toMatchObject({
    supersedes: first.id,
    decision: { outcome: "rejected", by: "operator", reason: "annulled" },
  });
  expect((await act(first.id, "annul")).body).toMatchObject({ status: 409, code: "not_accepted" });
  expect(await reasonAt("gate-2", pass)).toBe("ok");
  const refused = await site.present("gate-2", "rubbish");
  await act(refused.id, "override");
  expect((await act(refused.id, "annul")).status).toBe(200);
});

test.each([
  [{ role: "supervisor" }, "missing_field", "reason"],
  [{ reason: "x" }, "missing_field", "role"],
  [{ ...word, role: "king" }, "invalid_enum", "role"],
  [{ ...word, reason: "" }, "pattern_mismatch", "reason"],
  [{ ...word, reason: "a\nb" }, "pattern_mismatch", "reason"],
  [{ ...word, new_id: "1" }, "pattern_mismatch", "new_id"],
  [{ ...word, colour: 1 }, "unknown_field", "colour"],
])("an act without its why is refused: %j", async (body, code, param) => {
  expect((await act("scan_01HZX0000000000000000N0DE1", "override", body)).body).toMatchObject({ code, param });
});

test("the till's token is not enough for what only an operator may do", async () => {
  for (const path of [
    "scans/scan_x/override",
    "scans/scan_x/annul",
    "lanes/gate-1/emergency",
    "lanes/gate-1/emergency/end",
    "lanes/gate-1/training",
    "lanes/gate-1/training/end",
  ]) {
    const { status, body } = await site.http("POST", `/v1/${path}`, word, site.token);
    expect([path, status, body.code]).toEqual([path, 403, "insufficient_scope"]);
  }
  expect(site.operatorToken).not.toBe(site.token);
  expect((await site.http("GET", "/v1/status")).status).toBe(200);
});

test("a typed text is as good as the code; a typed id never more than a reference", async () => {
  const { id, text: pass } = await site.gate.issue("event_ticket");
  const enter = (typed: string) => site.http("POST", "/v1/lanes/gate-1/manual", { text: typed }, site.token);
  expect((await enter(id)).body).toMatchObject({
    channel: "manual",
    reader: "manual",
    verification: { result: "undetermined", reason: "unverified_reference" },
    decision: { outcome: "rejected", by: "policy" },
  });
  expect((await enter(pass)).body).toMatchObject({
    channel: "manual",
    decision: { outcome: "accepted", by: "agent", reason: "ok" },
  });
  expect((await enter("\u0000")).body).toMatchObject({ code: "pattern_mismatch" });
  const nowhere = await site.http("POST", "/v1/lanes/nowhere/manual", { text: pass }, site.token);
  expect(nowhere.body).toMatchObject({ status: 404, code: "lane_not_found" });
});

test("an emergency lets everybody through, records each, uses up nothing, stands as a condition, and outlives a restart", async () => {
  const [used, revoked] = [await text(), await site.gate.issue("event_ticket")];
  await site.present("gate-2", used);
  await site.gate.merchant.revoke(revoked.id);
  await until(async () => (await reasonAt("gate-2", revoked.text)) === "revoked", "the revocation");
  const begun = await site.http("POST", "/v1/lanes/gate-2/emergency", { for_s: 600, ...word, reason: "fire alarm" });
  expect(begun.body).toMatchObject({ lane: "gate-2", kind: "emergency", reason: "fire alarm" });
  const fresh = await text();
  for (const payload of [used, revoked.text, fresh, "rubbish"]) {
    expect((await site.present("gate-2", payload)).decision).toEqual({
      outcome: "accepted",
      by: "operator",
      reason: "emergency_open",
    });
  }
  const counted = await site.http("POST", "/v1/lanes/gate-2/passages", { persons: 12 }, site.token);
  expect(counted.body).toMatchObject({
    channel: "manual",
    decision: { reason: "emergency_open" },
    use: { kind: "none", quantity: 12 },
  });
  expect(await reasonAt("gate-1", fresh)).toBe("ok");
  expect([conditions(), site.gate.agent.facade.lane("gate-2")?.special]).toEqual([
    expect.arrayContaining(["emergency_open gate-2"]),
    "emergency",
  ]);
  await site.restart();
  await site.gate.trusted();
  expect(await reasonAt("gate-2", used)).toBe("emergency_open");
  expect((await site.http("GET", "/v1/lane-times")).body.data).toMatchObject([begun.body]);
  expect((await site.http("POST", "/v1/lanes/gate-2/emergency/end", {})).status).toBe(200);
  expect(await reasonAt("gate-2", used)).toBe("already_redeemed");
  expect(conditions()).not.toContain("emergency_open gate-2");
  for (const [path, body] of [
    ["emergency/end", {}],
    ["passages", { persons: 1 }],
  ] as const) {
    expect((await site.http("POST", `/v1/lanes/gate-2/${path}`, body)).body).toMatchObject({ code: "not_open" });
  }
});

test("training answers as always and leaves no trace in memory and books; at a lane that asks nobody is asked", async () => {
  const pass = await text();
  const report = async () => (await site.http("GET", "/v1/reports/day")).body.presentations;
  await site.http("POST", "/v1/lanes/till-3/training", { for_s: 60, ...word });
  const before = await report();
  for (let round = 0; round < 2; round++) {
    const record = await site.present("till-3", pass);
    expect([record.decision.reason, record.simulated, record.use.kind]).toEqual(["ok", true, "none"]);
  }
  expect(await report()).toEqual(before);
  expect(conditions()).toContain("training till-3");
  await site.http("POST", "/v1/lanes/till-3/training/end", {});
  expect(await reasonAt("gate-1", pass)).toBe("ok");
  expect(await report()).toEqual({ ...before, accepted: before.accepted + 1 });
});

test.each([59, 28_801, 1.5, "60"])("a time of %s s is refused", async (forS) => {
  const { status } = await site.http("POST", "/v1/lanes/gate-1/training", { for_s: forS, ...word });
  expect(status).toBe(400);
});
