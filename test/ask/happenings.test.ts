import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Clock } from "../../agent/clock.ts";
import { type HappeningParts, openHappenings } from "../../agent/happenings.ts";
import type { SupervisedReader } from "../../agent/supervisor.ts";
import type { Condition, Happening, ReaderView } from "../../agent/views.ts";
import type { ReaderFaultCode, ReaderSink } from "../../drivers/reader.ts";
import { startVirtualScanner } from "../../fixtures/scanner/index.ts";
import { until } from "../loop/gate.ts";
import { testFacade } from "../pos/facade.ts";
import { runApi } from "../pos/running-api.ts";
import { connectTill, startSite } from "./till.ts";

/** What clients hear beside decisions, and how often at most. */

/** A clock that stands until it is told to go on. */
function handClock() {
  let nowMs = 0;
  const due = new Set<{ readonly atMs: number; readonly act: () => void }>();
  const clock: Pick<Clock, "after" | "monotonicMs"> = {
    monotonicMs: () => nowMs,
    after(ms, act) {
      const entry = { atMs: nowMs + ms, act };
      due.add(entry);
      return () => due.delete(entry);
    },
  };
  return {
    clock,
    waiting: () => due.size,
    pass(ms: number): void {
      for (const end = nowMs + ms; nowMs < end; ) {
        nowMs += 50;
        for (const entry of [...due].filter(({ atMs }) => atMs <= nowMs)) {
          due.delete(entry);
          entry.act();
        }
      }
    },
  };
}

function house(parts: Partial<HappeningParts> = {}) {
  const { clock, pass, waiting } = handClock();
  const reader = { id: "gate-1-nfc", lane: "gate-1" };
  const config = { lanes: [{ id: "gate-1" }], readers: [reader] };
  const happenings = openHappenings({ clock, config, documents: () => [], outbox: async () => null, ...parts });
  const told: Happening[] = [];
  const leave = happenings.watch((happening) => told.push(happening));
  const sink: ReaderSink = {
    ready: () => {},
    started: () => {},
    guidance: () => {},
    presented: async () => "accepted",
    ended: () => {},
  };
  const source = { reader: reader.id, lane: reader.lane, channel: "nfc" } as const;
  return { happenings, told, pass, waiting, leave, sink: happenings.heard(source, sink) };
}

const condition = (part: Partial<Condition> = {}): Condition => ({
  code: "reader_absent",
  subject: "gate-1-nfc",
  severity: "error",
  detail: "it is not there",
  remedy: "plug it in",
  since: "2026-05-19T10:00:00.000Z",
  ...part,
});
const kinds = (told: readonly Happening[]) => told.map(({ kind }) => kind);

test("a pass at a reader is told of when it comes and when it goes, with how long it lay there and nothing else", () => {
  const { told, pass, sink } = house();
  sink.started();
  pass(250);
  sink.ended();
  sink.ended();
  const from = { reader: "gate-1-nfc", lane: "gate-1", channel: "nfc" };
  expect(told).toEqual([
    { kind: "presentation_started", ...from },
    { kind: "presentation_ended", ...from, presentMs: 250 },
  ]);
});

test("of a card that comes and goes at the edge of the field four presentations a second are told of, each whole", () => {
  const { told, pass, sink } = house();
  for (let round = 0; round < 40; round++) {
    sink.started();
    pass(50);
    sink.ended();
    pass(50);
  }
  const pair = ["presentation_started", "presentation_ended"];
  expect(kinds(told)).toEqual(Array.from({ length: 16 }, () => pair).flat());
});

test("a reader that is lost with a pass on it ends the presentation", () => {
  const { told, happenings, sink } = house();
  sink.started();
  happenings.readers([reader("waiting", "reader_absent")]);
  sink.ended();
  expect(kinds(told)).toEqual(["presentation_started", "presentation_ended", "reader_state"]);
});

function reader(state: ReaderView["state"], fault: ReaderFaultCode | null): SupervisedReader {
  const view: ReaderView = { id: "gate-1-nfc", lane: "gate-1", kind: "nfc", driver: "pcscd", state, model: null };
  return { view: () => view, fault: () => fault, arm: () => {} };
}

test("a condition that flaps is told of once a second, and the last word is how it stands", () => {
  const { told, pass, happenings } = house();
  for (let round = 0; round < 30; round++) {
    happenings.condition(condition(), round % 2 === 0);
    pass(100);
  }
  pass(2_000);
  expect(kinds(told).length).toBeLessThanOrEqual(4);
  expect(kinds(told).at(0)).toBe("condition_raised");
  expect(kinds(told).at(-1)).toBe("condition_cleared");
  // One that came back to what was told last is not told again.
  const before = told.length;
  happenings.condition(condition(), true);
  happenings.condition(condition(), false);
  happenings.condition(condition(), true);
  pass(3_000);
  expect(kinds(told).slice(before)).toEqual(["condition_raised"]);
});

test.each([
  ["gate-1-nfc", "gate-1"],
  ["gate-1", "gate-1"],
  ["keys/2.jws", null],
  [null, null],
])("a condition of %s belongs to lane %s", (subject, lane) => {
  const { told, happenings } = house();
  happenings.condition(condition({ subject }), true);
  expect(told).toMatchObject([{ lane }]);
});

test("a reader is told of when its state changes, once a second at most", () => {
  const { told, pass, happenings } = house();
  const states = [reader("opening", null), reader("ready", null), reader("waiting", "reader_absent")];
  for (let round = 0; round < 60; round++) {
    happenings.readers(states.slice(round % 3, (round % 3) + 1));
    pass(50);
  }
  expect(told.length).toBeLessThanOrEqual(4);
  pass(2_000);
  const before = told.length;
  happenings.readers(states.slice(2));
  happenings.readers(states.slice(2));
  pass(2_000);
  expect(told.slice(before)).toEqual([]);
  expect(told.at(-1)).toMatchObject({ fault: "reader_absent", reader: { state: "waiting" } });
});

test("trust data is told of by document when its version changes; the queue every five seconds, when it changed", async () => {
  let version = 1;
  let pending = 0;
  let looks = 0;
  const { told, pass, leave, waiting } = house({
    documents: () => [
      { list: null, version: 4, ageS: 9 },
      { list: 1, version, ageS: 9 },
    ],
    outbox: async () => {
      looks += 1;
      return { pending, deadLetters: 0, oldestS: null };
    },
  });
  await until(() => told.length > 0, "the first look at the queue");
  pass(1_000);
  version = 2;
  pass(1_000);
  expect(told).toEqual([
    { kind: "outbox_state", lane: null, outbox: { pending: 0, deadLetters: 0, oldestS: null } },
    { kind: "trust_updated", lane: null, document: { list: 1, version: 2, ageS: 9 } },
  ]);
  for (let round = 0; round < 6; round++) {
    pending = round < 3 ? 7 : 8;
    pass(5_000);
    // The answer of the queue comes from another thread.
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(told.slice(2).map((event) => event.kind === "outbox_state" && event.outbox.pending)).toEqual([7, 8]);
  expect(looks).toBe(7);
  leave();
  expect(waiting()).toBe(0);
});

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
