/** Measuring side by side: every round runs each row once, so that a busy machine slows all of them alike. */

export interface BenchRow {
  readonly name: string;
  /** Does the work `count` times. */
  readonly run: (count: number) => void | Promise<void>;
  /** Of the row it is compared with; null for a reference row. */
  readonly against: string | null;
  /** What the ratio (reference time / own time) should at least be; null: only shown. */
  readonly target: number | null;
}

export interface BenchResult {
  readonly name: string;
  /** Median microseconds for one. */
  readonly medianUs: number;
  /** Reference time divided by own time: 1 is as fast as the physical limit. Median of the rounds' ratios. */
  readonly ratio: number | null;
  readonly target: number | null;
}

/**
 * Another row first and last each time, and another one before each: a scheduler gives the first after a pause more time than
 * those behind it.
 */
function inTurn<Row>(rows: readonly Row[], slice: number): readonly Row[] {
  const first = slice % rows.length;
  const turned = [...rows.slice(first), ...rows.slice(0, first)];
  return slice % 2 === 0 ? turned : turned.toReversed();
}

/**
 * Runs `rounds` rounds of `count` each after one warm-up round. In a round the rows take turns `slices` times, so that a
 * neighbour who is busy for a tenth of a second does not fall on one row alone; `slices` divides `count`.
 */
export async function measure(
  rows: readonly BenchRow[],
  options: { readonly rounds: number; readonly count: number; readonly slices?: number },
): Promise<readonly BenchResult[]> {
  const { rounds, count, slices = 1 } = options;
  const times = new Map<string, number[]>(rows.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    const spentMs = new Map<string, number>();
    for (let slice = 0; slice < slices; slice++) {
      for (const row of inTurn(rows, slice)) {
        const startedAt = performance.now();
        await row.run(count / slices);
        spentMs.set(row.name, (spentMs.get(row.name) ?? 0) + performance.now() - startedAt);
      }
    }
    if (round >= 0) for (const [name, ms] of spentMs) times.get(name)?.push((ms * 1000) / count);
  }
  return rows.map(({ name, against, target }) => {
    const own = times.get(name) ?? [];
    const reference = against === null ? null : (times.get(against) ?? []);
    const ratio = reference === null ? null : median(own.map((us, round) => (reference[round] ?? Number.NaN) / us));
    return { name, medianUs: median(own), ratio, target };
  });
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** `share` between 0 and 1; nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Prints one table; answers whether every target was met. */
export function printTable(title: string, results: readonly BenchResult[]): boolean {
  console.log(`\n${title}`);
  console.log(`  ${"".padEnd(44)} ${"median µs".padStart(10)} ${"ratio".padStart(7)} ${"target".padStart(7)}`);
  for (const { name, medianUs, ratio, target } of results) {
    const verdict = ratio === null || target === null ? "" : ratio >= target ? "  met" : "  MISSED";
    const shownRatio = ratio === null ? "" : ratio.toFixed(2);
    const shownTarget = target === null ? "" : target.toFixed(2);
    console.log(
      `  ${name.padEnd(44)} ${medianUs.toFixed(1).padStart(10)} ${shownRatio.padStart(7)} ${shownTarget.padStart(7)}${verdict}`,
    );
  }
  return results.every(({ ratio, target }) => ratio === null || target === null || ratio >= target);
}
