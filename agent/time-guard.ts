import type { ClockState } from "./record.ts";

/**
 * What the terminal knows about time (formats.md section 5). Only verified signed documents raise the watermark; the wall
 * clock is advice. Pure: the caller brings clock readings and stores the state.
 */
export interface TimeMemory {
  /** Latest time that something signed proves has passed, seconds; null before the first signed document. */
  readonly watermarkS: number | null;
  /** A time that had certainly come when CLOCK_BOOTTIME stood at `uptimeS`. */
  readonly anchor: TimeAnchor | null;
  /** How far trust data reaches: beyond watermark plus this the wall clock is not believed, seconds. */
  readonly offlineBudgetS: number;
  /** Wall minus boot time when the wall clock of this boot was first believable; a change means that somebody moved it. */
  readonly offset: { readonly bootId: string; readonly seconds: number } | null;
}

export interface TimeAnchor {
  readonly signedS: number;
  readonly bootId: string;
  readonly uptimeS: number;
  /** True when a document that was fresh then says so: it is the time itself, not only a time that has passed. */
  readonly live: boolean;
}

/** How a signed document came: `live` straight from the cloud, `carried` in a file that may have been on its way for days. */
export type DocumentWay = "live" | "carried";

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
/** A live head may be this old when it arrives: the longest time to live of formats.md section 2, seconds. */
const longestHeadAgeS = 900;
const defaultOfflineBudgetS = 72 * 3600;

export const noTime: TimeMemory = {
  watermarkS: null,
  anchor: null,
  offlineBudgetS: defaultOfflineBudgetS,
  offset: null,
};

/** Takes up a memory at start, before the first `judge`. In a new boot all its uptime comes after the watermark. */
export function beginBoot(memory: TimeMemory, reading: ClockReading): TimeMemory {
  const { boot } = reading;
  if (boot === null || memory.anchor?.bootId === boot.id) return memory;
  const { watermarkS } = memory;
  const anchor = watermarkS === null ? null : { signedS: watermarkS, bootId: boot.id, uptimeS: 0, live: false };
  return withOffset({ ...memory, anchor }, reading);
}

/**
 * A verified signed document dated `signedS` arrived now. Never lowers the watermark. Only a live one that is as new as it
 * should be tells what time it is; any other tells what time it is not any more.
 */
export function observeSignedTime(
  memory: TimeMemory,
  reading: ClockReading,
  signedS: number,
  offlineBudgetS: number,
  way: DocumentWay,
): TimeMemory {
  const { boot } = reading;
  const floorS = watermarkNow(memory, reading) ?? signedS;
  const provenS = Math.max(signedS, floorS);
  const agrees = Math.abs(signedS - floorS) <= longestHeadAgeS + toleranceS;
  const isNow = way === "live" && (signedS > floorS || agrees);
  // What is much newer than what was thought to be the time proves that it was not.
  const wasNow = isLive(memory, reading) && (signedS < floorS || agrees);
  const live = isNow || wasNow;
  const anchor = boot === null ? null : { signedS: provenS, bootId: boot.id, uptimeS: boot.uptimeS, live };
  // A corrected wall clock is believed again from here on.
  return withOffset({ watermarkS: provenS, offlineBudgetS, anchor, offset: null }, reading);
}

/** A new time epoch in the keys document: the watermark starts again (recovery from a poisoned signed time). */
export function resetTime(memory: TimeMemory): TimeMemory {
  return { ...memory, watermarkS: null, anchor: null };
}

/** The memory to store: the boot time that passed is in the watermark, because after a reboot nothing else tells of it. */
export function foldBootTime(memory: TimeMemory, reading: ClockReading): TimeMemory {
  return withOffset({ ...memory, watermarkS: watermarkNow(memory, reading) }, reading);
}

/** The watermark carried forward by boot time, seconds: what must have passed by now. */
export function watermarkNow(memory: TimeMemory, reading: ClockReading): number | null {
  const { anchor, watermarkS } = memory;
  if (watermarkS === null) return null;
  const { boot } = reading;
  if (anchor === null || boot === null || anchor.bootId !== boot.id) return watermarkS;
  return Math.max(watermarkS, anchor.signedS + Math.max(0, boot.uptimeS - anchor.uptimeS));
}

/** What time it is and how far that can be believed. Never before the watermark. */
export function judge(memory: TimeMemory, reading: ClockReading): JudgedTime {
  const floorS = watermarkNow(memory, reading);
  if (floorS === null) return { ms: reading.wallMs, clock: "unknown", wallOffS: null };
  // Signed time plus boot time is good whatever the wall clock says; the wall only adds precision inside its window.
  const live = isLive(memory, reading);
  if (isPlausible(memory, reading, floorS) && (live || !hasJumped(memory, reading))) {
    return { ms: Math.max(reading.wallMs, floorS * 1000), clock: live ? "trusted" : "held", wallOffS: null };
  }
  const wallOffS = Math.round(reading.wallMs / 1000 - floorS);
  return { ms: floorS * 1000, clock: live ? "trusted" : "suspect", wallOffS };
}

function isLive({ anchor }: TimeMemory, { boot }: ClockReading): boolean {
  return anchor?.live === true && boot !== null && anchor.bootId === boot.id;
}

function isPlausible(memory: TimeMemory, reading: ClockReading, floorS: number): boolean {
  const wallS = reading.wallMs / 1000;
  const aheadS = isLive(memory, reading) ? longestHeadAgeS + toleranceS : memory.offlineBudgetS;
  return wallS >= floorS - toleranceS && wallS <= floorS + aheadS;
}

/** Remembers how the wall clock stands to boot time, once it is believable: so a clock that somebody sets right counts. */
function withOffset(memory: TimeMemory, reading: ClockReading): TimeMemory {
  const { boot } = reading;
  if (boot === null || memory.offset?.bootId === boot.id) return memory;
  const floorS = watermarkNow(memory, reading);
  if (floorS !== null && !isPlausible(memory, reading, floorS)) return memory;
  return { ...memory, offset: { bootId: boot.id, seconds: reading.wallMs / 1000 - boot.uptimeS } };
}

function hasJumped({ offset }: TimeMemory, { boot, wallMs }: ClockReading): boolean {
  if (boot === null || offset?.bootId !== boot.id) return false;
  return Math.abs(wallMs / 1000 - boot.uptimeS - offset.seconds) > toleranceS;
}
