import { defineConfig } from "vitest/config";

// Two files at a time: the tests run real daemons (pcscd, Chromium, the agent) and the smallest machine has two cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
