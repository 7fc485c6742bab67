/** The queue of one lane. */
export interface Turns<T> {
  readonly waiting: { readonly payload: Uint8Array | null; readonly done: Promise<T> }[];
}

/** Beyond this many a lane is blocked, and somebody should look. */
const mostWaiting = 4;

/**
 * One presentation after the other at a lane that asks: nobody can answer for two at once. Runs `work` when those before it
 * are done. The same payload again while it is being decided is the same presentation and gets the same answer.
 *
 * @returns null when too many wait already
 */
export function takeTurn<T>(lane: Turns<T>, payload: Uint8Array | null, work: () => Promise<T>): Promise<T> | null {
  const same = payload === null ? undefined : lane.waiting.find((turn) => isSame(turn.payload, payload));
  if (same !== undefined) return same.done;
  if (lane.waiting.length >= mostWaiting) return null;
  const before = lane.waiting.at(-1)?.done;
  const done = (async () => {
    // Why the one before failed is told to whoever presented it.
    await before?.catch(() => null);
    try {
      return await work();
    } finally {
      lane.waiting.shift();
    }
  })();
  lane.waiting.push({ payload, done });
  return done;
}

function isSame(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && a.length === b.length && a.every((byte, at) => byte === b[at]);
}
