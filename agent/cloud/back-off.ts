/** First and longest wait, milliseconds (contract.md 2.3). */
const firstMs = 1_000;
const longestMs = 300_000;
/** A server may ask for longer, but not for more than this. */
const longestAskedMs = 3_600_000;

/**
 * Wait before try number `attempt` (0 = after the first failure): full jitter between 0 and a doubling ceiling; never
 * shorter than the server asked for, within an hour.
 *
 * @param random 0 <= random < 1
 */
export function backOffMs(attempt: number, askedMs: number | null, random: number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20));
  const jittered = Math.round(random * ceiling);
  return askedMs === null ? jittered : Math.min(longestAskedMs, askedMs) + jittered;
}
