import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../loop/gate.ts";
import { connectTill, type Site, startSite, type Till } from "./till.ts";

const lanes = `
[[lane]]
id = "till-3"
mode = "ask"
decide_within_ms = 1500
[[lane]]
id = "bar"
mode = "ask"
decide_within_ms = 500
on_silence = "accept"
`;

let site: Site;
beforeAll(async () => {
  site = await startSite(lanes);
});
afterAll(() => site[Symbol.asyncDispose]());

async function openTill(params: object = {}): Promise<Till> {
  const till = await connectTill(site.api.port);
  await till.call("session.open", { token: site.token, client: "TillSoft 8.2", ...params });
  return till;
}
const pass = async (kind = "event_ticket") => (await site.gate.issue(kind)).text;
const said = (record: { decision: { outcome: string; by: string; reason: string } }) =>
  `${record.decision.outcome} by ${record.decision.by}: ${record.decision.reason}`;

test("a pass is put to the till, its answer with receipt and amount is in the record, and the cloud has it once", async () => {
  await using till = await openTill({ lanes: ["till-3"], role: "pos" });
  await till.call("lane.claim", { lane: "till-3" });
  expect(await till.call("lane.arm", { lane: "till-3" })).toEqual({ lane: "till-3", armed_until: null });
  const text = await pass();
  const presenting = site.present("till-3", text);
  const { data } = await till.event("decision.requested");
  expect(site.gate.agent.facade.lane("till-3")?.state).toBe("asking");
  const waitMs = Date.parse(data.answer_before) - Date.parse(data.scan.scanned_at);
  expect([waitMs, data.scan.decision.outcome, data.notices]).toEqual([1500, "accepted", []]);
  const answer = await till.call("scan.decide", {
    id: data.scan.id,
    outcome: "accepted",
    external_ref: { type: "pos_check", id: "4711" },
    amount_cents: 1250,
    currency: "EUR",
  });
  const record = await presenting;
  expect(answer).toEqual(record);
  expect(record).toMatchObject({
    id: data.scan.id,
    decision: { outcome: "accepted", by: "pos", reason: "ok" },
    external_ref: { type: "pos_check", id: "4711" },
    amount_cents: 1250,
    supersedes: null,
  });
  const made = await till.event("decision.made");
  expect(made).toMatchObject({
    sequence: record.sequence,
    lane: "till-3",
    data: { scan: { id: record.id, hash: record.hash, display: { state: "accepted", headline: "Accepted" } } },
  });
  expect(till.events.filter(({ type }) => type === "lane.state").map(({ data }) => data.state)).toEqual([
    "checking",
    "asking",
    "accepted",
  ]);
  expect(said(await site.present("till-3", text))).toBe("rejected by agent: already_redeemed");
  await until(async () => (await site.gate.agent.facade.outbox()).pending === 0, "the upload");
});

test("a declined pass is free again; a revoked one is refused without a question", async () => {
  await using till = await openTill();
  await till.call("lane.claim", { lane: "till-3" });
  const text = await pass();
  const presenting = site.present("till-3", text);
  const { data } = await till.event("decision.requested");
  await till.call("scan.decide", { id: data.scan.id, outcome: "rejected" });
  expect(said(await presenting)).toBe("rejected by pos: pos_declined");
  expect(said(await site.gate.present(text))).toBe("accepted by agent: ok");
  expect(said(await site.present("till-3", text))).toBe("rejected by agent: already_redeemed");
  expect(till.events.filter(({ type }) => type === "decision.requested")).toHaveLength(1);
});

test.each([
  ["till-3", "rejected by policy: pos_silent", "accepted by agent: ok"],
  ["bar", "accepted by policy: pos_silent", "rejected by agent: already_redeemed"],
])("silence at %s: %s", async (lane, silence, afterwards) => {
  await using till = await openTill({ lanes: [lane] });
  await till.call("lane.claim", { lane });
  const text = await pass();
  const record = await site.present(lane, text);
  expect(said(record)).toBe(silence);
  expect(said(await site.gate.present(text))).toBe(afterwards);
  const late = till.call("scan.decide", { id: record.id, outcome: "accepted" });
  await expect(late).rejects.toMatchObject({
    code: -32031,
    data: { code: "decision_too_late", status: 409, scan: { id: record.id } },
  });
});

test("the same answer again gets the same record, another one hears what stands", async () => {
  await using till = await openTill();
  await till.call("lane.claim", { lane: "till-3" });
  const presenting = site.present("till-3", await pass());
  const { data } = await till.event("decision.requested");
  const { id } = data.scan;
  const twice = await Promise.all([
    till.call("scan.decide", { id, outcome: "accepted" }),
    till.call("scan.decide", { id, outcome: "accepted" }),
  ]);
  const record = await presenting;
  expect(twice).toEqual([record, record]);
  expect(await till.call("scan.decide", { id, outcome: "accepted" })).toEqual(record);
  await expect(till.call("scan.decide", { id, outcome: "rejected" })).rejects.toMatchObject({
    data: { code: "already_decided", scan: { hash: record.hash } },
  });
  expect(await till.call("scan.get", { id })).toEqual(record);
});

test("while one lane asks, the other is told so; of two lanes that race for one pass exactly one is asked", async () => {
  await using till = await openTill();
  for (const lane of ["till-3", "bar"]) await till.call("lane.claim", { lane });
  const text = await pass();
  const both = [site.present("till-3", text), site.present("bar", text)];
  const { data } = await till.event("decision.requested");
  await till.call("scan.decide", { id: data.scan.id, outcome: "accepted" });
  const outcomes = (await Promise.all(both)).map(said).toSorted();
  expect(outcomes).toEqual(["accepted by pos: ok", "rejected by agent: reserved"]);
  expect(till.events.filter(({ type }) => type === "decision.requested")).toHaveLength(1);
});

test("the same code read again while the till is asked is the same presentation", async () => {
  await using till = await openTill();
  await till.call("lane.claim", { lane: "till-3" });
  const text = await pass();
  const both = [site.present("till-3", text), site.present("till-3", text)];
  const { data } = await till.event("decision.requested");
  await till.call("scan.decide", { id: data.scan.id, outcome: "accepted" });
  const [one, two] = await Promise.all(both);
  expect(two).toEqual(one);
});

test("another pass waits for its turn at the lane", async () => {
  await using till = await openTill();
  await till.call("lane.claim", { lane: "till-3" });
  const [one, two] = [site.present("till-3", await pass()), site.present("till-3", await pass())];
  const first = await till.event("decision.requested");
  expect(site.gate.agent.facade.till().questions()).toHaveLength(1);
  await till.call("scan.decide", { id: first.data.scan.id, outcome: "rejected" });
  await one;
  const second = await till.event("decision.requested", ({ id }) => id !== first.id);
  await till.call("scan.decide", { id: second.data.scan.id, outcome: "accepted" });
  expect(said(await two)).toBe("accepted by pos: ok");
});

test("a pass that is revoked while the till thinks is refused, whatever the till says", async () => {
  await using till = await openTill();
  await till.call("lane.claim", { lane: "till-3" });
  const { id, text } = await site.gate.issue("event_ticket");
  const presenting = site.present("till-3", text);
  const { data } = await till.event("decision.requested");
  const before = (await site.gate.agent.facade.status()).trust.lists[0]?.version ?? 0;
  await site.gate.merchant.revoke(id);
  await until(
    async () => ((await site.gate.agent.facade.status()).trust.lists[0]?.version ?? 0) > before,
    "the revocation",
  );
  const answer = till.call("scan.decide", {
    id: data.scan.id,
    outcome: "accepted",
    amount_cents: 100,
    currency: "EUR",
  });
  await expect(answer).rejects.toMatchObject({ data: { code: "already_decided" } });
  const record = await presenting;
  expect([said(record), record.amount_cents]).toEqual(["rejected by agent: revoked", null]);
});

test("a gift card is verified only, and the question says so", async () => {
  await using till = await openTill();
  await till.call("lane.claim", { lane: "bar" });
  const presenting = site.present("bar", await pass("gift_card"));
  const { data } = await till.event("decision.requested");
  expect(data.notices).toMatchObject([{ code: "value_online_only" }]);
  await till.call("scan.decide", { id: data.scan.id, outcome: "accepted", amount_cents: 500, currency: "EUR" });
  expect(await presenting).toMatchObject({ use: { kind: "none" }, amount_cents: 500 });
});

test("a till that asks and answers over HTTP needs no socket", async () => {
  const presenting = site.present("till-3", await pass());
  await until(() => site.gate.agent.facade.till().questions().length === 1, "the question");
  const asked = await site.http("GET", "/v1/questions", undefined, site.token);
  const [question] = asked.body.data;
  expect(question.scan.lane).toBe("till-3");
  const path = `/v1/scans/${question.scan.id}/decision`;
  expect((await site.http("POST", path, { outcome: "maybe" }, site.token)).body).toMatchObject({
    status: 400,
    code: "invalid_enum",
    param: "outcome",
  });
  const answer = await site.http("POST", path, { outcome: "accepted" }, site.token);
  expect(answer).toEqual({ status: 200, body: await presenting });
  expect((await site.http("GET", `/v1/scans/${question.scan.id}`, undefined, site.token)).body).toEqual(answer.body);
});

describe("a client that comes back", () => {
  test("gets from the journal what it missed, once and in order, and open questions again", async () => {
    const first = await openTill();
    const { sequence } = await first.call("scan.list", { limit: 1000 }).then((page) => page.data.at(-1));
    await first[Symbol.asyncDispose]();
    const missed = [await site.gate.present(await pass()), await site.gate.present("rubbish")];
    const presenting = site.present("till-3", await pass());
    await until(() => site.gate.agent.facade.till().questions().length === 1, "the question");
    await using again = await openTill({ resume_after: sequence });
    const { data } = await again.event("decision.requested");
    await again.call("lane.claim", { lane: "till-3" });
    await again.call("scan.decide", { id: data.scan.id, outcome: "accepted" });
    const last = await presenting;
    await again.event("decision.made", ({ data }) => data.scan.id === last.id);
    const made = again.events.filter(({ type }) => type === "decision.made").map(({ sequence }) => sequence);
    expect(made).toEqual([...missed, last].map((record) => record.sequence));
  });

  test("a restart in the middle of a question refuses it, and the pass is free", async () => {
    const text = await pass();
    const presenting = site.present("till-3", text);
    await until(() => site.gate.agent.facade.till().questions().length === 1, "the question");
    await site.restart();
    expect(said(await presenting)).toBe("rejected by policy: pos_silent");
    await site.gate.trusted();
    expect(said(await site.gate.present(text))).toBe("accepted by agent: ok");
  });
});
