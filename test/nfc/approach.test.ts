import { expect, test } from "vitest";
import { type ApproachStep, nextStep } from "../../drivers/nfc/approach.ts";
import { differ, type ReaderState } from "../../drivers/nfc/pcsc/port.ts";

const reader = (card: ReaderState["card"], eventCounter: number): ReaderState => ({
  name: "R",
  card,
  eventCounter,
  exclusive: false,
  atr: new Uint8Array(),
});

test.each<readonly [string, number | null, ReaderState, ApproachStep]>([
  ["an empty reader is watched", null, reader("absent", 0), "wait"],
  ["a card is served", null, reader("present", 1), "serve"],
  ["a card that was there before us is served", null, reader("present", 0), "serve"],
  ["a card that does not power up is served too", null, reader("mute", 1), "serve"],
  ["a reader that does not answer is watched", null, reader("unknown", 1), "wait"],
  ["a card that was served is not served again", 1, reader("present", 1), "wait"],
  ["a card that went mute after it was served is the same card", 1, reader("mute", 1), "wait"],
  ["a card that left ends its approach", 1, reader("absent", 2), "end"],
  ["a removal and insertion nobody saw end the old approach", 1, reader("present", 3), "end"],
  ["a counter that started anew ends the old approach", 0xffff, reader("present", 1), "end"],
  ["a reader that fails ends the approach", 1, reader("unknown", 1), "end"],
])("%s", (_, served, state, step) => {
  expect(nextStep(served, state)).toBe(step);
});

test("waiting cares for names, counters and cards, not for who shares the reader", () => {
  const before = [reader("absent", 1)];
  expect(differ(before, [reader("absent", 1)])).toBe(false);
  expect(differ(before, [{ ...reader("absent", 1), exclusive: true }])).toBe(false);
  expect(differ(before, [reader("absent", 3)])).toBe(true);
  expect(differ(before, [reader("mute", 1)])).toBe(true);
  expect(differ(before, [])).toBe(true);
  expect(differ(before, [{ ...reader("absent", 1), name: "S" }])).toBe(true);
  expect(differ([], [])).toBe(false);
});
