import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/vitest-reporter.ts";

// Two files at a time: the tests run real daemons (pcscd, Chromium, the agent) and the smallest machine has two cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", closingLine()],
    pool: "forks",
    // Two rare races of V8 in Node 24 end the whole program while worker threads come and go:
    execArgv: [
      // its table of compiled pages (nodejs/node#64500),
      "--no-memory-protection-keys",
      // and freeing compiled WebAssembly wrappers; every thread that loads a .ts file runs Node's type stripper, which is WebAssembly.
      "--wasm-wrapper-tiering-budget=1000000000",
      "--liftoff-only",
    ],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
