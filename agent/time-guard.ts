import type { ClockState } from "./record.ts";

/**
 * What the terminal knows about time (formats.md section 5). Only verified signed documents raise the watermark; the wall
 * clock is advice. Pure: the caller brings clock readings and stores the state.
 */
export interface TimeMemory {
  /** Latest time that something signed proves has passed, seconds; null before the first signed document. */
  readonly watermarkS: number | null;
  /** The signed time, and where CLOCK_BOOTTIME stood when it was received. */
  readonly anchor: { readonly signedS: number; readonly bootId: string; readonly uptimeS: number } | null;
  /** How far trust data reaches: beyond watermark plus this the wall clock is not believed, seconds. */
  readonly offlineBudgetS: number;
  /** Wall minus boot time when this boot was first seen; a change means that somebody moved the clock. */
  readonly offset: { readonly bootId: string; readonly seconds: number } | null;
}

export interface ClockReading {
  readonly wallMs: number;
  readonly boot: { readonly id: string; readonly uptimeS: number } | null;
}

/** The time to judge by. `wallOff` says that the wall clock disagrees and by how many seconds (positive: ahead). */
export interface JudgedTime {
  readonly ms: number;
  readonly clock: ClockState;
  readonly wallOffS: number | null;
}

/** Tolerance between wall clock and signed time, seconds. */
const toleranceS = 120;
/** A signed head may be this old when it arrives: the longest time to live of formats.md section 2, seconds. */
const longestHeadAgeS = 900;
const defaultOfflineBudgetS = 72 * 3600;

export const noTime: TimeMemory = {
  watermarkS: null,
  anchor: null,
  offlineBudgetS: defaultOfflineBudgetS,
  offset: null,
};

/** Remembers the wall offset of this boot. Call once at start, before the first `judge`. */
export function beginBoot(memory: TimeMemory, reading: ClockReading): TimeMemory {
  const { boot } = reading;
  if (boot === null || memory.offset?.bootId === boot.id) return memory;
  return { ...memory, offset: { bootId: boot.id, seconds: reading.wallMs / 1000 - boot.uptimeS } };
}

/** A verified signed document dated `signedS` arrived now. Never lowers the watermark. */
export function observeSignedTime(
  memory: TimeMemory,
  reading: ClockReading,
  signedS: number,
  offlineBudgetS: number,
): TimeMemory {
  const floor = watermarkNow(memory, reading);
  if (floor !== null && signedS < floor) return { ...memory, watermarkS: floor, offlineBudgetS };
  const { boot } = reading;
  return {
    ...memory,
    watermarkS: signedS,
    offlineBudgetS,
    anchor: boot === null ? null : { signedS, bootId: boot.id, uptimeS: boot.uptimeS },
    // A corrected wall clock is believed again from here on.
    offset: boot === null ? null : { bootId: boot.id, seconds: reading.wallMs / 1000 - boot.uptimeS },
  };
}

/** A new time epoch in the keys document: the watermark starts again (recovery from a poisoned signed time). */
export function resetTime(memory: TimeMemory): TimeMemory {
  return { ...memory, watermarkS: null, anchor: null };
}

/** The watermark carried forward by boot time, seconds: what must have passed by now. */
export function watermarkNow(memory: TimeMemory, reading: ClockReading): number | null {
  const { anchor, watermarkS } = memory;
  if (watermarkS === null) return null;
  const { boot } = reading;
  if (anchor === null || boot === null || anchor.bootId !== boot.id) return watermarkS;
  return Math.max(watermarkS, anchor.signedS + Math.max(0, boot.uptimeS - anchor.uptimeS));
}

/** What time it is and how far that can be believed. */
export function judge(memory: TimeMemory, reading: ClockReading): JudgedTime {
  const wallS = reading.wallMs / 1000;
  const floorS = watermarkNow(memory, reading);
  if (floorS === null) return { ms: reading.wallMs, clock: "unknown", wallOffS: null };
  const { boot } = reading;
  const anchored = boot !== null && memory.anchor?.bootId === boot.id;
  if (anchored) {
    // Signed time plus boot time is good whatever the wall clock says; the wall only adds precision inside its window.
    if (wallS >= floorS - toleranceS && wallS <= floorS + longestHeadAgeS + toleranceS) {
      return { ms: Math.max(reading.wallMs, floorS * 1000), clock: "trusted", wallOffS: null };
    }
    return { ms: floorS * 1000, clock: "trusted", wallOffS: Math.round(wallS - floorS) };
  }
  const jumped =
    boot !== null &&
    memory.offset?.bootId === boot.id &&
    Math.abs(wallS - boot.uptimeS - memory.offset.seconds) > toleranceS;
  if (wallS < floorS - toleranceS || wallS > floorS + memory.offlineBudgetS || jumped) {
    return { ms: floorS * 1000, clock: "suspect", wallOffS: Math.round(wallS - floorS) };
  }
  return { ms: Math.max(reading.wallMs, floorS * 1000), clock: "held", wallOffS: null };
}
