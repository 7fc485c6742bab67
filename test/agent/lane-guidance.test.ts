import { describe, expect, test } from "vitest";
import { idleLane, type LaneInput, type LaneNow, nextLane } from "../../agent/lanes.ts";
import type { Guidance } from "../../drivers/reader.ts";

const started: LaneInput = { kind: "started" };
const ended: LaneInput = { kind: "ended" };
const checking: LaneInput = { kind: "checking" };
const hint = (said: Guidance): LaneInput => ({ kind: "guidance", hint: said });
const decided = (result: "valid" | "unreadable"): LaneInput => ({
  kind: "decided",
  result,
  decision: { outcome: result === "valid" ? "accepted" : "rejected", by: "agent", reason: "ok" },
  firstAt: null,
  firstLane: null,
  nextAt: null,
});
const run = (...inputs: readonly LaneInput[]): LaneNow => inputs.reduce(nextLane, idleLane);

describe("what a guest is told to do", () => {
  test.each<readonly [string, readonly LaneInput[], object]>([
    ["shows while the pass is read", [started, hint("hold_still")], { state: "reading", guidance: "hold_still" }],
    ["shows nowhere but at a reading", [hint("hold_still")], { state: "idle", guidance: null }],
    [
      "stands when the phone is taken away to be unlocked",
      [started, hint("unlock_phone"), ended],
      { state: "attention", reason: null, guidance: "unlock_phone", forMs: 8_000 },
    ],
    ["ends with the phone when there is nothing to do with it", [started, hint("hold_still"), ended], idleLane],
    ["stands when the phone comes back", [started, hint("choose_pass"), ended, started], { guidance: "choose_pass" }],
    ["is not left to the next guest", [started, decided("valid"), started], { state: "reading", guidance: null }],
    [
      "waits for its owner as long as the reader asks again",
      [started, hint("unlock_phone")],
      { state: "reading", forMs: 60_000 },
    ],
    ["is over once the pass is checked", [started, hint("unlock_phone"), checking], { guidance: null }],
    ["is over once the pass is judged", [started, hint("hold_still"), checking, decided("valid")], { guidance: null }],
    [
      "goes with the result of a reading that failed",
      [started, hint("try_again"), checking, decided("unreadable")],
      { state: "attention", reason: "ok", guidance: "try_again" },
    ],
    ["ends with the time it stands", [started, hint("unlock_phone"), ended, { kind: "timeout" }], idleLane],
  ])("%s", (_, inputs, expected) => {
    expect(run(...inputs)).toMatchObject(expected);
  });
});
