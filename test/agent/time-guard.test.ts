import { describe, expect, test } from "vitest";
import {
  beginBoot,
  type ClockReading,
  foldBootTime,
  judge,
  noTime,
  observeSignedTime,
  resetTime,
  type TimeMemory,
} from "../../agent/time-guard.ts";

const hour = 3600;
const budget = 72 * hour;
const signed = 1_790_000_000;

function reading(wallS: number, uptimeS: number, id = "boot-a"): ClockReading {
  return { wallMs: wallS * 1000, boot: { id, uptimeS } };
}

/** Anchored at boot second 100 of boot-a, wall clock right. */
const anchored: TimeMemory = observeSignedTime(
  beginBoot(noTime, reading(signed, 100)),
  reading(signed, 100),
  signed,
  budget,
  "live",
);

describe("time guard", () => {
  test("before the first signed document nothing is known", () => {
    expect(judge(noTime, reading(signed, 1)).clock).toBe("unknown");
  });

  test("signed time in this boot is trusted, with the wall clock's precision inside the window", () => {
    expect(judge(anchored, reading(signed + 50.5, 150))).toEqual({
      ms: (signed + 50.5) * 1000,
      clock: "trusted",
      wallOffS: null,
    });
  });

  test.each([
    ["ten years back", -10 * 365 * 24 * hour],
    ["ten years ahead", 10 * 365 * 24 * hour],
    ["three minutes back", -180],
  ])("a wall clock set %s in an anchored boot changes nothing but a note", (_name, offS) => {
    const judged = judge(anchored, reading(signed + 60 + offS, 160));
    expect(judged.clock).toBe("trusted");
    expect(judged.ms).toBe((signed + 60) * 1000);
    expect(judged.wallOffS).toBe(offS);
  });

  test("after a reboot a plausible wall clock is held", () => {
    const judged = judge(beginBoot(anchored, reading(signed + hour, 5, "boot-b")), reading(signed + hour, 5, "boot-b"));
    expect(judged).toEqual({ ms: (signed + hour) * 1000, clock: "held", wallOffS: null });
  });

  test.each([
    ["behind the watermark", -121],
    ["beyond the offline budget", budget + 1],
  ])("after a reboot a wall clock %s is suspect and the watermark plus the uptime is the time", (_name, offS) => {
    const floor = signed + 5;
    const now = reading(floor + offS, 5, "boot-b");
    expect(judge(beginBoot(anchored, now), now)).toEqual({ ms: floor * 1000, clock: "suspect", wallOffS: offS });
  });

  test("time goes on under a suspect clock", () => {
    const dead = reading(0, 5, "boot-b");
    const memory = beginBoot(anchored, dead);
    expect(judge(memory, reading(hour, 5 + hour, "boot-b"))).toMatchObject({
      ms: (signed + 5 + hour) * 1000,
      clock: "suspect",
    });
  });

  test("a clock that was wrong at boot is believed once somebody has set it right", () => {
    const memory = beginBoot(anchored, reading(0, 5, "boot-b"));
    expect(judge(memory, reading(signed + hour, 60, "boot-b"))).toMatchObject({
      ms: (signed + hour) * 1000,
      clock: "held",
    });
  });

  test("what is stored holds the boot time that passed: a reboot with the clock set back finds it", () => {
    const stored = foldBootTime(anchored, reading(signed + 10 * hour, 100 + 10 * hour));
    const back = reading(signed + hour, 5, "boot-b");
    expect(judge(beginBoot(stored, back), back)).toMatchObject({
      ms: (signed + 10 * hour + 5) * 1000,
      clock: "suspect",
    });
  });

  test("a document that was carried for hours is a time that has passed, not the time it is", () => {
    const at = reading(signed + 7 * hour, 5, "boot-b");
    const memory = observeSignedTime(beginBoot(anchored, at), at, signed + hour, budget, "carried");
    expect(judge(memory, at)).toEqual({ ms: (signed + 7 * hour) * 1000, clock: "held", wallOffS: null });
  });

  test("a carried document does not take away what a live one told, unless it is much newer than that", () => {
    const at = reading(signed + hour, 100 + hour);
    const older = observeSignedTime(anchored, at, signed + hour - 300, budget, "carried");
    expect(judge(older, at).clock).toBe("trusted");
    const newer = observeSignedTime(anchored, at, signed + 9 * hour, budget, "carried");
    expect(judge(newer, at)).toMatchObject({ ms: (signed + 9 * hour) * 1000, clock: "suspect" });
  });

  test("after a reboot a wall clock that jumps against boot time is suspect", () => {
    const memory = beginBoot(anchored, reading(signed + hour, 5, "boot-b"));
    expect(judge(memory, reading(signed + hour + 10, 15, "boot-b")).clock).toBe("held");
    expect(judge(memory, reading(signed + hour + 10 + 121, 15, "boot-b")).clock).toBe("suspect");
  });

  test("a future wall clock never raises the watermark, and clears when signed time arrives", () => {
    const future = reading(signed + 10 * 365 * 24 * hour, 5, "boot-b");
    const memory = beginBoot(anchored, future);
    expect(judge(memory, future).ms).toBe((signed + 5) * 1000);
    const after = observeSignedTime(memory, future, signed + hour, budget, "live");
    expect(judge(after, future)).toMatchObject({ ms: (signed + hour) * 1000, clock: "trusted" });
  });

  test("an older signed document does not lower the watermark", () => {
    const later = observeSignedTime(anchored, reading(signed + hour, 100 + hour), signed - 5 * hour, budget, "live");
    expect(judge(later, reading(signed + hour, 100 + hour)).ms).toBe((signed + hour) * 1000);
  });

  test("a new time epoch starts over", () => {
    expect(judge(resetTime(anchored), reading(signed, 100)).clock).toBe("unknown");
  });

  test("without a boot clock signed time is never better than held", () => {
    const blind: ClockReading = { wallMs: (signed + 10) * 1000, boot: null };
    expect(judge(observeSignedTime(noTime, blind, signed, budget, "live"), blind).clock).toBe("held");
  });
});
