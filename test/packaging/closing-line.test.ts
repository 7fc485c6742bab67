import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runLimitMs = 30_000;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-reporter-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  symlinkSync(join(root, "scripts"), join(folder, "scripts"));
  mkdirSync(join(folder, "test"));
  const config = `
    import { closingLine } from "./scripts/vitest-reporter.ts";
    export default { test: { reporters: ["default", closingLine()] } };`;
  writeFileSync(join(folder, "vitest.config.ts"), config);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs vitest itself on these files: its exit code and the lines that look like the closing one. */
function runVitest(files: Readonly<Record<string, string>>): { code: number | null; lines: readonly string[] } {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, "test", name), `import { afterAll, expect, test } from "vitest";\n${text}`);
  }
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const env = { ...process.env, CI: "true", NO_COLOR: "1" };
  for (const name of Object.keys(env)) if (name.startsWith("VITEST")) Reflect.deleteProperty(env, name);
  const { status, stdout } = spawnSync(process.execPath, [vitest, "run"], {
    cwd: folder,
    encoding: "utf8",
    env,
    timeout: runLimitMs,
  });
  return { code: status, lines: stdout.split("\n").filter((line) => /^\d+ passed/.test(line)) };
}

test("a run closes with its counts alone on one line", () => {
  const files = {
    "a.test.ts": "test('1', () => {}); test('2', () => {}); test.skip('3', () => {}); test.todo('4');",
    "b.test.ts": "test('5', () => {});",
  };
  expect(runVitest(files)).toEqual({ code: 0, lines: ["3 passed, 0 failed, 2 skipped"] });
});

test("whatever goes wrong counts as a failure", () => {
  const files = {
    "failing.test.ts": "test('1', () => { expect(1).toBe(2); }); test('2', () => {});",
    "broken.test.ts": "throw new Error('cannot be loaded');",
    "hook.test.ts": "test('3', () => {}); afterAll(() => { throw new Error('hook'); });",
  };
  expect(runVitest(files)).toEqual({ code: 1, lines: ["2 passed, 3 failed, 0 skipped"] });
});
