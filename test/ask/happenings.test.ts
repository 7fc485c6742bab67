import { expect, test } from "vitest";
import type { Clock } from "../../agent/clock.ts";
import { type HappeningParts, openHappenings } from "../../agent/happenings.ts";
import type { SupervisedReader } from "../../agent/supervisor.ts";
import type { Happening, ReaderView } from "../../agent/views.ts";
import type { ReaderFaultCode, ReaderSink } from "../../drivers/reader.ts";
import { until } from "../loop/gate.ts";
import { condition } from "./condition.ts";

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
