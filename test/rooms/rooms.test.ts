import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findBreaches } from "./rules.ts";
import { readSource } from "./source.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rooms = ["verifier", "drivers", "agent", "fixtures", "scripts", "test"];

/** `{path: text}` as the rules see it, one line for each breach. */
function breachesOf(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => readSource(path, text));
  return findBreaches(sources).map(({ rule, path, line, what }) => `${rule}: ${path}:${line} ${what}`);
}

test("every file of every room keeps the rules", () => {
  const paths = [...rooms.flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: root })), "vitest.config.ts"];
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
  for (const room of rooms) expect(paths.filter((path) => path.startsWith(`${room}/`))).not.toEqual([]);
  expect(breachesOf(files)).toEqual([]);
});

describe("a breach of a rule is found", () => {
  test.each([
    ["verifier/a.ts", 'import { verify } from "node:crypto";', "packages have homes", "node:crypto"],
    ["verifier/a.ts", 'import type { Blob } from "buffer";', "packages have homes", "buffer"],
    ["verifier/a.ts", 'import ws from "ws";', "packages have homes", "ws"],
    [
      "verifier/a.ts",
      'import type { Log } from "../agent/log.ts";',
      "rooms know their neighbours only",
      "../agent/log.ts",
    ],
    ["verifier/a.ts", "const id = process.pid;", "verifier is pure", "process"],
    ["verifier/a.ts", "const bytes = Buffer.from(text);", "verifier is pure", "Buffer"],
    ["verifier/a.ts", "const now = Date.now();", "verifier is pure", "Date.now"],
    ["verifier/a.ts", "const now = new Date();", "verifier is pure", "new Date()"],
    ["verifier/a.ts", "const now = globalThis.performance.now();", "verifier is pure", "performance"],
    ["verifier/a.ts", "const dice = Math.random();", "verifier is pure", "Math.random"],
    ["verifier/a.ts", "setTimeout(() => {}, 1);", "verifier is pure", "setTimeout"],
    [
      "drivers/a.ts",
      'import { passId } from "../verifier/index.ts";',
      "rooms know their neighbours only",
      "../verifier/index.ts",
    ],
    ["drivers/a.ts", 'export * from "../agent/views.ts";', "rooms know their neighbours only", "../agent/views.ts"],
    [
      "drivers/a.ts",
      'await import("../fixtures/wallet/index.ts");',
      "rooms know their neighbours only",
      "../fixtures/wallet/index.ts",
    ],
    ["drivers/a.ts", "await import(name);", "imports can be read", "import(…)"],
    ["drivers/nfc/a.ts", 'import { SerialPort } from "serialport";', "packages have homes", "serialport"],
    ["drivers/nfc/pcsc/a.ts", 'await import("nfc-pcsc");', "packages have homes", "nfc-pcsc"],
    [
      "fixtures/scanner/a.ts",
      'import type { B } from "@serialport/bindings-cpp";',
      "packages have homes",
      "@serialport/bindings-cpp",
    ],
    [
      "agent/a.ts",
      'import { sandbox } from "../fixtures/cloud/index.ts";',
      "rooms know their neighbours only",
      "../fixtures/cloud/index.ts",
    ],
    ["agent/a.ts", 'import type { x } from "../test/x.ts";', "rooms know their neighbours only", "../test/x.ts"],
    [
      "agent/a.ts",
      'new URL("../fixtures/x.ts", import.meta.url);',
      "rooms know their neighbours only",
      "../fixtures/x.ts",
    ],
    [
      "agent/a.ts",
      'new URL(on ? "../test/x.ts" : "./y.mjs", import.meta.url);',
      "rooms know their neighbours only",
      "../test/x.ts",
    ],
    ["agent/a.ts", 'import { parse } from "../verifier/envelope.ts";', "rooms have doors", "../verifier/envelope.ts"],
    [
      "agent/a.ts",
      'import { frame } from "../drivers/serial/framing.ts";',
      "rooms have doors",
      "../drivers/serial/framing.ts",
    ],
    ["agent/pos/a.ts", 'import Database from "better-sqlite3";', "packages have homes", "better-sqlite3"],
    ["agent/store/a.ts", 'import { WebSocket } from "ws";', "packages have homes", "ws"],
    ["agent/a.ts", 'import { readBarcodes } from "zxing-wasm/reader";', "packages have homes", "zxing-wasm/reader"],
    ["agent/cloud/a.ts", 'import { parse } from "smol-toml";', "packages have homes", "smol-toml"],
    ["agent/a.ts", 'import { env } from "node:process";', "packages have homes", "node:process"],
    ["agent/a.ts", "process.exit(1);", "process at the edge", "process"],
    ["agent/a.ts", "const later = Date.now() + 1;", "time from the clock", "Date.now"],
    ["agent/a.ts", "const clock = () => new Date();", "time from the clock", "new Date()"],
    ["agent/a.ts", "const text = Date();", "time from the clock", "new Date()"],
    ["agent/a.ts", "const t = performance.now();", "time from the clock", "performance.now"],
    ["agent/a.ts", 'import { hrtime } from "node:x";', "time from the clock", "hrtime"],
    ["agent/clock.ts", "const dice = Math.random();", "no hidden chance", "Math.random"],
    ["agent/a.ts", 'console.log("x");', "one voice", "console"],
    ["fixtures/cloud/a.ts", 'console.error("x");', "one voice", "console"],
    [
      "fixtures/cloud/a.ts",
      'import type { ScanRecord } from "../../agent/record.ts";',
      "fixtures stand outside the agent",
      "../../agent/record.ts",
    ],
    [
      "fixtures/demo/a.ts",
      'import { x } from "../../test/x.ts";',
      "rooms know their neighbours only",
      "../../test/x.ts",
    ],
    [
      "fixtures/demo/a.ts",
      'import { open } from "../../agent/store/connection.ts";',
      "rooms have doors",
      "../../agent/store/connection.ts",
    ],
    ["scripts/a.ts", 'import { x } from "../test/x.ts";', "rooms know their neighbours only", "../test/x.ts"],
  ])("%s: %s", (path, text, rule, what) => {
    expect(breachesOf({ [path]: `// first line\n${text}` })).toEqual([`${rule}: ${path}:2 ${what}`]);
  });

  test("a cycle of three files, one of them by type only", () => {
    const files = {
      "agent/a.ts": 'import { b } from "./b.ts";',
      "agent/b.ts": 'import type { C } from "./store/c.ts";',
      "agent/store/c.ts": 'export { a } from "../a.ts";\nexport { d } from "./d.ts";',
      "agent/store/d.ts": "export const d = 1;",
    };
    expect(breachesOf(files)).toEqual([
      "no cycles: agent/a.ts:1 agent/a.ts -> agent/b.ts -> agent/store/c.ts -> agent/a.ts",
    ]);
  });
});

describe("what only looks like a breach is none", () => {
  test.each([
    ["verifier/a.ts", 'import { compactVerify } from "jose";\nimport type { Form } from "./verdict.ts";'],
    ["verifier/a.ts", '// import "node:fs"\n/* process.exit() */ const text = "Date.now() and process";'],
    ["verifier/a.ts", "const pattern = /new Date() process/; const ratio = total / process1 / 2;"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program, not a template
    ["verifier/a.ts", 'const text = `import ${`${{ a: 1 }.a}`} from "node:fs" process`;'],
    ["verifier/a.ts", "const issued = new Date(claims.iat * 1000); const options = { process: 1 }; step.process();"],
    ["drivers/serial/port.ts", 'import { SerialPort } from "serialport";\nimport fs from "node:fs";'],
    ["drivers/nfc/pcsc/nfc-pcsc-host.ts", 'await import("nfc-pcsc"); setTimeout(f, 1); performance.now();'],
    ["agent/a.ts", 'import type { Form } from "../verifier/index.ts";\nimport { nfc } from "../drivers/nfc/index.ts";'],
    ["agent/a.ts", 'import { env } from "./env.ts"; const worker = new URL("./writer.ts", import.meta.url);'],
    ["agent/store/a.ts", 'import Database from "better-sqlite3"; export type { Database };'],
    ["agent/clock.ts", "export const clock = { now: () => Date.now(), since: () => performance.now() };"],
    ["agent/cli/a.ts", "console.log(process.argv);"],
    ["agent/main.ts", "process.exitCode = 1; const parts = { random: Math.random };"],
    ["agent/lane/page/page.ts", "const since = performance.now();"],
    [
      "fixtures/demo/main.ts",
      'import { startAgent } from "../../agent/agent.ts"; console.log(process.pid, Date.now());',
    ],
    ["test/agent/a.test.ts", 'import { open } from "../../agent/store/connection.ts"; import "nfc-pcsc";'],
    ["vitest.config.ts", 'import { closingLine } from "./scripts/vitest-reporter.ts";'],
  ])("%s: %s", (path, text) => {
    expect(breachesOf({ [path]: text })).toEqual([]);
  });

  test("a worker is started by a file that it takes types from", () => {
    const files = {
      "agent/store/index.ts": 'const url = new URL("./writer.ts", import.meta.url); export type A = 1;',
      "agent/store/writer.ts": 'import type { A } from "./index.ts";',
    };
    expect(breachesOf(files)).toEqual([]);
  });
});
