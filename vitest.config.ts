import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/vitest-reporter.ts";

// Two files at a time: the tests run real daemons (pcscd, Chromium, the agent) and the smallest machine has two cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", closingLine()],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
