import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Happening } from "../../agent/views.ts";
import { startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { testFacade } from "../pos/facade.ts";
import { runApi } from "../pos/running-api.ts";
import { condition } from "./condition.ts";
import { connectTill, startSite } from "./till.ts";

test("each happening goes to the clients of its lane, in the words of the paper, and only to who asked for it", async () => {
  const listeners = new Set<(happening: Happening) => void>();
  const facade = testFacade({
    watchHappenings: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  await using server = await runApi(facade);
  const token = (await readFile(server.tokenFile, "utf8")).trim();
  const open = async (params: object) => {
    const till = await connectTill(server.api.port);
    await till.call("session.open", { token, client: "T", ...params });
    return till;
  };
  await using all = await open({});
  await using other = await open({ lanes: ["gate-2"], role: "observer" });
  await using few = await open({ events: ["outbox.state"] });
  const from = { lane: "gate-1", reader: "gate-1-nfc", channel: "nfc" } as const;
  const view = { id: "gate-1-nfc", lane: "gate-1", kind: "nfc", driver: "pcscd", state: "ready", model: "M" } as const;
  for (const happening of [
    { kind: "presentation_started", ...from },
    { kind: "presentation_ended", ...from, presentMs: 7 },
    { kind: "condition_raised", lane: "gate-1", condition: condition() },
    { kind: "condition_cleared", lane: null, condition: condition({ code: "cloud_unreachable", subject: null }) },
    { kind: "reader_state", lane: "gate-1", reader: view, fault: null },
    { kind: "trust_updated", lane: null, document: { list: null, version: 3, ageS: 5 } },
    { kind: "trust_updated", lane: null, document: { list: 2, version: 9, ageS: 5 } },
    { kind: "outbox_state", lane: null, outbox: { pending: 3, deadLetters: 1, oldestS: 60 } },
  ] as const) {
    for (const listener of listeners) listener(happening);
  }
  for (const till of [all, other, few]) await till.event("outbox.state");
  expect(
    all.events.map(({ type, lane, sequence, live_mode, data }) => ({ type, lane, sequence, live_mode, data })),
  ).toEqual(
    [
      ["presentation.started", "gate-1", { reader: "gate-1-nfc", channel: "nfc" }],
      ["presentation.ended", "gate-1", { reader: "gate-1-nfc", channel: "nfc", present_ms: 7 }],
      ["condition.raised", "gate-1", condition()],
      [
        "condition.cleared",
        null,
        { code: "cloud_unreachable", subject: null, severity: "error", since: condition().since },
      ],
      [
        "reader.state",
        "gate-1",
        { reader: "gate-1-nfc", kind: "nfc", driver: "pcscd", state: "ready", code: null, model: "M" },
      ],
      ["trust.updated", null, { kind: "keys", list: null, version: 3, age_s: 5 }],
      ["trust.updated", null, { kind: "revocations", list: 2, version: 9, age_s: 5 }],
      ["outbox.state", null, { pending: 3, oldest_s: 60, dead: 1 }],
    ].map(([type, lane, data]) => ({ type, lane, sequence: null, live_mode: false, data })),
  );
  expect(new Set(all.events.map(({ id }) => id)).size).toBe(8);
  expect(other.events.map(({ type }) => type)).toEqual([
    "condition.cleared",
    "trust.updated",
    "trust.updated",
    "outbox.state",
  ]);
  expect(few.events).toHaveLength(1);
  for (const till of [all, other, few]) await till[Symbol.asyncDispose]();
  await expect.poll(() => listeners.size).toBe(0);
});

test("a real terminal says when its cloud is gone and back, when trust data is new, and how the queue stands", {
  timeout: 40_000,
}, async () => {
  await using site = await startSite("");
  await using till = await connectTill(site.api.port);
  await till.call("session.open", { token: site.token, client: "T" });
  const { id } = await site.gate.issue("event_ticket");
  expect((await till.event("outbox.state")).data).toEqual({ pending: 0, oldest_s: null, dead: 0 });
  await site.gate.merchant.revoke(id);
  expect(await till.event("trust.updated", ({ data }) => data.kind === "revocations")).toMatchObject({
    lane: null,
    data: { list: expect.any(Number), version: expect.any(Number), age_s: expect.any(Number) },
  });
  site.gate.network.cut();
  const raised = await till.event("condition.raised", ({ data }) => data.code === "cloud_unreachable");
  expect(raised.data).toEqual({
    code: "cloud_unreachable",
    subject: null,
    severity: "warning",
    detail: expect.any(String),
    remedy: expect.any(String),
    since: expect.any(String),
  });
  const { text } = await site.gate.issue("membership");
  await site.gate.present(text);
  await till.event("outbox.state", ({ data }) => data.pending === 1);
  site.gate.network.restore();
  await till.event("condition.cleared", ({ data }) => data.code === "cloud_unreachable");
});

test("a real scanner: plugged in, a pass before it, pulled out; each is told of, and nothing of the pass beside the record", async () => {
  await using site = await startSite("");
  await using till = await connectTill(site.api.port);
  await till.call("session.open", {
    token: site.token,
    client: "T",
    events: ["presentation.started", "presentation.ended", "reader.state", "decision.made", "condition.raised"],
  });
  const state = (wanted: string) => till.event("reader.state", ({ data }) => data.state === wanted);
  const scanner = await startVirtualScanner({ link: join(site.gate.folder, "not-plugged-in") });
  try {
    expect(await state("ready")).toMatchObject({
      lane: "gate-1",
      sequence: null,
      data: { reader: "gate-1-qr", kind: "serial", driver: "serialport", code: null },
    });
    await scanner.scan((await site.gate.issue("event_ticket")).text);
    await till.event("decision.made");
    const from = { reader: "gate-1-qr", channel: "serial" };
    expect((await till.event("presentation.started")).data).toEqual(from);
    expect((await till.event("presentation.ended")).data).toEqual({ ...from, present_ms: expect.any(Number) });
    await scanner.unplug();
    expect((await state("waiting")).data).toMatchObject({ code: expect.stringMatching(/^reader_/) });
    expect(await till.event("condition.raised")).toMatchObject({ lane: "gate-1", data: { subject: "gate-1-qr" } });
  } finally {
    await scanner.close();
  }
});
