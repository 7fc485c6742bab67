import { describe, expect, test } from "vitest";
import {
  beginBoot,
  type ClockReading,
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
  ])("after a reboot a wall clock %s is suspect and the watermark is the time", (_name, offS) => {
    const now = reading(signed + offS, 5, "boot-b");
    expect(judge(beginBoot(anchored, now), now)).toEqual({ ms: signed * 1000, clock: "suspect", wallOffS: offS });
  });

  test("after a reboot a wall clock that jumps against boot time is suspect", () => {
    const memory = beginBoot(anchored, reading(signed + hour, 5, "boot-b"));
    expect(judge(memory, reading(signed + hour + 10, 15, "boot-b")).clock).toBe("held");
    expect(judge(memory, reading(signed + hour + 10 + 121, 15, "boot-b")).clock).toBe("suspect");
  });

  test("a future wall clock never raises the watermark, and clears when signed time arrives", () => {
    const future = reading(signed + 10 * 365 * 24 * hour, 5, "boot-b");
    const memory = beginBoot(anchored, future);
    expect(judge(memory, future).ms).toBe(signed * 1000);
    const after = observeSignedTime(memory, future, signed + hour, budget);
    expect(judge(after, future)).toMatchObject({ ms: (signed + hour) * 1000, clock: "trusted" });
  });

  test("an older signed document does not lower the watermark", () => {
    const later = observeSignedTime(anchored, reading(signed + hour, 100 + hour), signed - 5 * hour, budget);
    expect(judge(later, reading(signed + hour, 100 + hour)).ms).toBe((signed + hour) * 1000);
  });

  test("a new time epoch starts over", () => {
    expect(judge(resetTime(anchored), reading(signed, 100)).clock).toBe("unknown");
  });

  test("without a boot clock signed time is never better than held", () => {
    const blind: ClockReading = { wallMs: (signed + 10) * 1000, boot: null };
    expect(judge(observeSignedTime(noTime, blind, signed, budget), blind).clock).toBe("held");
  });
});
