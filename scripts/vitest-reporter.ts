import type { Reporter, TestModule } from "vitest/node";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Prints `N passed, N failed, N skipped` alone on a line when a run ends: plain enough for any tool to read.
 *
 * A file that cannot be loaded, a hook that fails and an error outside of any test each count as one failure: none of
 * them may look like success.
 */
export function closingLine(write: (line: string) => void = (line) => process.stdout.write(line)): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const { passed, failed, skipped } = countTests(modules, unhandledErrors.length);
      write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    },
  };
}

function countTests(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // Collected and never finished: the run was cut short.
      if (state === "pending") counts.failed += 1;
      else counts[state] += 1;
    }
  }
  return counts;
}
