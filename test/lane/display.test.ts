import { describe, expect, test } from "vitest";
import { displayOf, wordsFor } from "../../agent/lane/index.ts";
import type { LaneView } from "../../agent/views.ts";
import { laneView } from "../pos/facade.ts";

const shown = (change: Partial<LaneView>, locale = "en") =>
  displayOf(laneView(change), {
    words: wordsFor(locale),
    timeZone: "Europe/Berlin",
    laneName: (lane) => (lane === "gate-2" ? "Gate 2" : lane),
  });

describe("what a lane says", () => {
  test.each<[string, Partial<LaneView>, string, string]>([
    ["a lane at rest invites", { state: "idle" }, "Present your pass", "Hold your phone to the reader"],
    ["reading says to hold still", { state: "reading" }, "Hold still", "Reading your pass."],
    [
      "guidance replaces the words of reading",
      { state: "reading", guidance: "unlock_phone" },
      "Unlock your phone",
      "Your phone is locked.",
    ],
    ["a good pass", { state: "accepted", reason: "ok" }, "Accepted", "Your pass is good."],
    [
      "a pass that only policy accepted says so",
      { state: "accepted", reason: "trust_expired" },
      "Accepted",
      "Accepted by house rule.",
    ],
    [
      "a reason without its own headline takes the state's",
      { state: "rejected", reason: "bad_signature" },
      "Not accepted",
      "This pass could not be confirmed.",
    ],
    [
      "the same reason under attention takes that state's",
      { state: "attention", reason: "unknown_key" },
      "Ask staff",
      "We do not know who issued this pass.",
    ],
    [
      "a sandbox pass at a live lane",
      { state: "rejected", reason: "wrong_environment" },
      "Test pass",
      "This pass is only for testing.",
    ],
    [
      "a live pass at a sandbox lane",
      { state: "rejected", reason: "wrong_environment", environment: "sandbox" },
      "Real pass",
      "This terminal is only for testing.",
    ],
    [
      "attention with guidance alone",
      { state: "attention", guidance: "one_at_a_time" },
      "One pass only",
      "There is more than one card or phone.",
    ],
    ["attention with nothing", { state: "attention" }, "Ask staff", "We need a member of staff here."],
    [
      "a closed lane says nothing of its trouble",
      { state: "out_of_order", reason: "reader_busy" },
      "Lane closed",
      "This lane is closed.",
    ],
    [
      "a used pass names first time and lane",
      { state: "rejected", reason: "already_redeemed", firstAt: "2026-11-21T19:30:00Z", firstLane: "gate-2" },
      "Already used",
      "First used Nov 21, 20:30, Gate 2",
    ],
    [
      "a lane that is gone keeps its id",
      { state: "rejected", reason: "passback", firstAt: "2026-11-21T19:30:00Z", firstLane: "gate-9" },
      "Already inside",
      "First used Nov 21, 20:30, gate-9",
    ],
    [
      "a first use without a lane",
      { state: "rejected", reason: "already_redeemed", firstAt: "2026-11-21T19:30:00Z" },
      "Already used",
      "First used Nov 21, 20:30",
    ],
    [
      "a first time that is none",
      { state: "rejected", reason: "already_redeemed", firstAt: "yesterday" },
      "Already used",
      "This pass was used before.",
    ],
    [
      "a good pass does not speak of its first use",
      { state: "accepted", reason: "ok", firstAt: "2026-11-21T19:30:00Z" },
      "Accepted",
      "Your pass is good.",
    ],
  ])("%s", (_, change, headline, line) => {
    const display = shown(change);
    expect([display.headline, display.line.replaceAll("\u00a0", " ")]).toEqual([headline, line]);
    expect(display.next).toMatch(/\S/);
  });

  test("a lane name with a dollar sign is shown as it is", () => {
    const words = wordsFor("en");
    const view = laneView({
      state: "rejected",
      reason: "already_redeemed",
      firstAt: "2026-11-21T19:30:00Z",
      firstLane: "x",
    });
    expect(displayOf(view, { words, timeZone: "UTC", laneName: () => "$& $1" }).line).toMatch(/, \$& \$1$/);
  });

  test.each([
    ["en", "Good again from Nov 22, 00:00."],
    ["de", "Wieder gültig ab 22. Nov., 00:00."],
    ["es", "Vale otra vez desde 22 nov, 00:00."],
  ])("a pass that will be good again says when, in %s", (locale, next) => {
    const view = { state: "rejected", reason: "already_redeemed", nextAt: "2026-11-21T23:00:00Z" } as const;
    expect(shown(view, locale).next.replaceAll("\u00a0", " ")).toBe(next);
  });

  test("an accepted pass does not say when it will be good again", () => {
    const next = shown({ state: "accepted", reason: "ok", nextAt: "2026-11-21T23:00:00Z" }).next;
    expect(next).toBe("Please go ahead.");
  });

  test("date and words are in the language of the site", () => {
    const line = shown(
      { state: "rejected", reason: "already_redeemed", firstAt: "2026-11-21T19:30:00Z", firstLane: "gate-2" },
      "de",
    ).line;
    expect(line.replaceAll("\u00a0", " ")).toBe("Zuerst benutzt 21. Nov., 20:30, Gate 2");
  });
});
