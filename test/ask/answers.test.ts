import { afterAll, beforeAll, expect, test } from "vitest";
import { noSale } from "../../agent/books/sale.ts";
import { displayOf, wordsFor } from "../../agent/lane/index.ts";
import { openQuestions } from "../../agent/questions.ts";
import { draft } from "../agent/samples.ts";
import { until } from "../loop/gate.ts";
import { laneView } from "../pos/facade.ts";
import { connectTill, type Site, startSite, type Till } from "./till.ts";

/** What a till says beside yes and no: how many come, and a word to the guest. */

const lanes = `
[[lane]]
id = "till-3"
mode = "ask"
decide_within_ms = 8000
[[rule]]
kinds = ["event_ticket"]
uses = 1
party_size = 4
`;

let site: Site;
beforeAll(async () => {
  site = await startSite(lanes);
});
afterAll(() => site[Symbol.asyncDispose]());

async function openTill(): Promise<Till> {
  const till = await connectTill(site.api.port);
  await till.call("session.open", { token: site.token, client: "TillSoft 8.2" });
  await till.call("lane.claim", { lane: "till-3" });
  return till;
}
const view = () => site.gate.agent.facade.lane("till-3");

test("of a party as many come as the till says; the guest reads its word, and nobody else ever does", async () => {
  await using till = await openTill();
  const { text } = await site.gate.issue("event_ticket");
  const presenting = site.present("till-3", text);
  const { data } = await till.event("decision.requested");
  expect(data.scan.use).toMatchObject({ number: 1, of: 4, quantity: 1 });
  const message = "Table 4, by the window";
  const record = await till.call("scan.decide", { id: data.scan.id, outcome: "accepted", quantity: 3, message });
  expect(await presenting).toEqual(record);
  expect(record.use).toMatchObject({ number: 3, of: 4, quantity: 3 });
  expect([view()?.state, view()?.message]).toEqual(["accepted", message]);
  await till.event("decision.made");
  expect(JSON.stringify([record, till.events, site.gate.log])).not.toContain("Table 4");
  await until(() => view()?.state === "idle", "the lane to be idle");
  expect(view()?.message).toBeNull();
  expect((await site.gate.present(text)).use).toMatchObject({ number: 4, of: 4 });
});

test("more than the pass admits is refused and the question stays open; the same answer again gets the same record", async () => {
  await using till = await openTill();
  const presenting = site.present("till-3", (await site.gate.issue("event_ticket")).text);
  const { data } = await till.event("decision.requested");
  const { id } = data.scan;
  const say = (quantity: number) => till.call("scan.decide", { id, outcome: "accepted", quantity });
  await expect(say(5)).rejects.toMatchObject({
    code: -32000,
    data: {
      code: "quantity_refused",
      status: 409,
      retryable: false,
      detail: expect.stringContaining("uses_exhausted"),
    },
  });
  expect((await site.http("GET", "/v1/questions")).body.data).toMatchObject([{ scan: { id } }]);
  expect(view()?.state).toBe("asking");
  const record = await say(2);
  expect([await presenting, await say(2)]).toEqual([record, record]);
  await expect(say(3)).rejects.toMatchObject({ data: { code: "already_decided", scan: { id } } });
});

test("a declined guest reads the till's word too; over a pass that went bad the till has none", async () => {
  await using till = await openTill();
  const presenting = site.present("till-3", (await site.gate.issue("event_ticket")).text);
  const { data } = await till.event("decision.requested");
  await till.call("scan.decide", { id: data.scan.id, outcome: "rejected", message: "Please see the box office" });
  await presenting;
  expect([view()?.state, view()?.message]).toEqual(["rejected", "Please see the box office"]);

  const { id, text } = await site.gate.issue("event_ticket");
  const again = site.present("till-3", text);
  const second = await till.event("decision.requested", (event) => event.data.scan.id !== data.scan.id);
  const version = async () => (await site.gate.agent.facade.status()).trust.lists[0]?.version ?? 0;
  const before = await version();
  await site.gate.merchant.revoke(id);
  await until(async () => (await version()) > before, "the revocation");
  const answer = { id: second.data.scan.id, outcome: "accepted", quantity: 2, message: "Welcome" };
  await expect(till.call("scan.decide", answer)).rejects.toMatchObject({ data: { code: "already_decided" } });
  expect((await again).decision.reason).toBe("revoked");
  expect([view()?.state, view()?.message]).toEqual(["rejected", null]);
});

test.each([
  [{ outcome: "accepted", quantity: 0 }, "out_of_range", "quantity"],
  [{ outcome: "accepted", quantity: 1_001 }, "out_of_range", "quantity"],
  [{ outcome: "accepted", quantity: 1.5 }, "type_mismatch", "quantity"],
  [{ outcome: "accepted", quantity: "2" }, "type_mismatch", "quantity"],
  [{ outcome: "rejected", quantity: 1 }, "unknown_field", "quantity"],
  [{ outcome: "accepted", message: "" }, "pattern_mismatch", "message"],
  [{ outcome: "accepted", message: "x".repeat(81) }, "pattern_mismatch", "message"],
  [{ outcome: "accepted", message: "a\nb" }, "pattern_mismatch", "message"],
  [{ outcome: "accepted", message: "a\u202eb" }, "pattern_mismatch", "message"],
  [{ outcome: "accepted", message: 7 }, "type_mismatch", "message"],
])("%j is refused", async (body, code, param) => {
  const path = "/v1/scans/scan_01HZX0000000000000000N0DE1/decision";
  expect((await site.http("POST", path, body, site.token)).body).toMatchObject({ status: 400, code, param });
});

test("the till's word stands in the place of the reason, in every language, and is text", () => {
  const change = { state: "accepted", reason: "ok", message: "Hola <b>" } as const;
  for (const locale of ["en", "de", "es"]) {
    const options = { words: wordsFor(locale), timeZone: "UTC", laneName: (lane: string) => lane };
    expect(displayOf(laneView(change), options)).toMatchObject({ line: "Hola <b>" });
    expect(displayOf(laneView({ ...change, message: null }), options).line).not.toContain("Hola");
  }
});

test("a question that was answered wrongly ends when its time is over, also while the answer was being looked at", async () => {
  let timeIsUp = (): void => {};
  const questions = openQuestions({
    after: (_, act) => {
      timeIsUp = act;
      return () => {};
    },
  });
  const noUse = { kind: "none", number: null, of: null, quantity: 1, scope: "lane", certainty: "assumed" } as const;
  const scan = {
    ...draft("scan_1"),
    decision: { outcome: "accepted", by: "agent", reason: "ok" },
    use: { ...noUse, first_at: null, first_lane: null, next_at: null },
  } as const;
  const asking = questions.ask({ scan, answerBefore: "", valueOnlineOnly: false }, 1_000);
  const answer = { outcome: "accepted", sale: noSale, quantity: 9, message: null } as const;
  const first = questions.answer("scan_1", answer);
  expect((await asking.next()).kind).toBe("answered");
  expect(questions.open()).toEqual([]);
  asking.refuse("uses_exhausted");
  expect(await first).toEqual({ kind: "refused", reason: "uses_exhausted" });
  expect(questions.open()).toHaveLength(1);
  const second = questions.answer("scan_1", answer);
  expect((await asking.next()).kind).toBe("answered");
  timeIsUp();
  asking.refuse("uses_exhausted");
  expect(await asking.next()).toEqual({ kind: "silent" });
  asking.settled(null);
  expect([await second, questions.answer("scan_1", answer)]).toEqual([
    { kind: "refused", reason: "uses_exhausted" },
    null,
  ]);
});
