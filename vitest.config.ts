import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/vitest-reporter.ts";

// Two files at a time: the tests run real daemons (pcscd, Chromium, the agent) and the smallest machine has two cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", closingLine()],
    pool: "forks",
    // V8's JIT page table races when worker threads come and go (nodejs/node#64500): a rare abort of the whole process.
    execArgv: ["--no-memory-protection-keys"],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
