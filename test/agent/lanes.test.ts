import { describe, expect, test } from "vitest";
import { systemClock } from "../../agent/clock.ts";
import { idleLane, type LaneInput, nextLane, openLanes } from "../../agent/lanes.ts";

const decided = (
  outcome: "accepted" | "rejected",
  result: "valid" | "invalid" | "undetermined" | "unreadable",
): LaneInput => ({
  kind: "decided",
  result,
  decision: { outcome, by: "agent", reason: "ok" },
  firstAt: null,
  firstLane: null,
  nextAt: null,
});
const run = (...inputs: readonly LaneInput[]) => inputs.reduce(nextLane, idleLane);
const started: LaneInput = { kind: "started" };

describe("a lane", () => {
  const rows: readonly (readonly [string, readonly LaneInput[], string])[] = [
    ["shows that it reads at once", [started], "reading"],
    ["checks, then accepts", [started, { kind: "checking" }, decided("accepted", "valid")], "accepted"],
    ["rejects what is invalid", [decided("rejected", "invalid")], "rejected"],
    ["asks for attention when nobody can say", [decided("rejected", "undetermined")], "attention"],
    ["asks for attention when nothing could be read", [decided("rejected", "unreadable")], "attention"],
    [
      "keeps a result after the pass is taken away",
      [started, decided("accepted", "valid"), { kind: "ended" }],
      "accepted",
    ],
    ["goes back to idle after a reading that brought nothing", [started, { kind: "ended" }], "idle"],
    ["goes back to idle when a result has been shown", [decided("accepted", "valid"), { kind: "timeout" }], "idle"],
    ["lets the next guest interrupt a result", [decided("rejected", "invalid"), started], "reading"],
    ["asks the till after checking", [{ kind: "checking" }, { kind: "asking" }], "asking"],
    ["goes on asking when the next pass comes near", [{ kind: "asking" }, started, { kind: "ended" }], "asking"],
    ["shows what the till decided", [{ kind: "asking" }, decided("accepted", "valid")], "accepted"],
    ["is out of order without a reader", [{ kind: "blocked", reason: "reader_absent" }], "out_of_order"],
    [
      "finishes showing a result before it is out of order",
      [decided("accepted", "valid"), { kind: "blocked", reason: "reader_absent" }],
      "accepted",
    ],
    [
      "never shows a stale green after it went out of order",
      [decided("accepted", "valid"), { kind: "blocked", reason: "reader_absent" }, { kind: "timeout" }],
      "out_of_order",
    ],
    [
      "opens again when the reader is back",
      [{ kind: "blocked", reason: "reader_absent" }, { kind: "unblocked" }],
      "idle",
    ],
  ];
  test.each(rows)("%s", (_name, inputs, state) => {
    expect(run(...inputs).state).toBe(state);
  });

  test("a result ends by itself, and every change is told once with a growing revision", async () => {
    const clock = systemClock();
    const lanes = openLanes(
      [{ id: "a", name: "A", mode: "auto", decideWithinMs: 3_000, onSilence: "reject" }],
      { environment: "sandbox", simulated: false },
      clock,
    );
    const seen: string[] = [];
    const revisions: number[] = [];
    lanes.watch("a", (view) => {
      seen.push(view.state);
      revisions.push(view.revision);
    });
    lanes.tell("a", started);
    lanes.tell("a", { kind: "guidance", hint: "hold_still" });
    lanes.tell("a", decided("accepted", "valid"));
    await clock.sleep(3_200, new AbortController().signal);
    expect(seen).toEqual(["reading", "reading", "accepted", "idle"]);
    expect(revisions).toEqual([1, 2, 3, 4]);
  });

  test("what blocks a lane neither prolongs a result nor is told twice", async () => {
    const clock = systemClock();
    const lanes = openLanes(
      [{ id: "a", name: "A", mode: "auto", decideWithinMs: 3_000, onSilence: "reject" }],
      { environment: "sandbox", simulated: false },
      clock,
    );
    const seen: string[] = [];
    lanes.watch("a", (view) => seen.push(view.state));
    lanes.tell("a", decided("accepted", "valid"));
    for (let i = 0; i < 8; i++) {
      lanes.tell("a", { kind: "blocked", reason: "reader_absent" });
      await clock.sleep(400, new AbortController().signal);
    }
    expect(seen).toEqual(["accepted", "accepted", "out_of_order"]);
  });
});
