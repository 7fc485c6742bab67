/**
 * Remembers what lies before the scanner, so that a scanner in presentation mode, which reports the same code over and
 * over, gives one presentation. Pure: the time is an argument.
 */

interface Sight {
  readonly frame: Uint8Array;
  /** Monotonic milliseconds. */
  readonly lastMs: number;
}

/** Frames seen lately, the latest first; at most `maxSights`, each at most one frame long. */
export type Sights = readonly Sight[];

/** Two codes on one phone alternate; more than this many before one scanner is not one person's presentation. */
const maxSights = 8;

/**
 * Looks whether a frame was seen within the time that counts as "still there", and remembers this sight of it.
 *
 * @param nowMs monotonic milliseconds.
 * @param withinMs a frame last seen at most this long ago is a repeat; 0 switches the memory off.
 */
export function look(
  sights: Sights,
  frame: Uint8Array,
  nowMs: number,
  withinMs: number,
): { readonly repeat: boolean; readonly sights: Sights } {
  if (withinMs === 0) return { repeat: false, sights: [] };
  const others: Sight[] = [];
  let repeat = false;
  for (const sight of stillPresent(sights, nowMs, withinMs)) {
    if (Buffer.compare(sight.frame, frame) === 0) repeat = true;
    else others.push(sight);
  }
  return { repeat, sights: [{ frame, lastMs: nowMs }, ...others.slice(0, maxSights - 1)] };
}

/** The sights that still count at `nowMs`. */
export function stillPresent(sights: Sights, nowMs: number, withinMs: number): Sights {
  return sights.filter((sight) => nowMs - sight.lastMs <= withinMs);
}
