/** Numbers that look random and are the same for the same seed (mulberry32, a 32-bit generator). */
export interface Dice {
  /** 0 <= x < 1. */
  next(): number;
  /** An integer from 0 to below `count`. */
  below(count: number): number;
}

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (count) => Math.floor(next() * count) };
}
