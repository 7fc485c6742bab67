import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assets, bundle, entries } from "../../scripts/build/bundle.ts";
import { isText, readSource } from "../rooms/source.ts";
import { unitFlags } from "./unit-flags.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const smokeLimitMs = 10_000;

let folder = "";
let outDirs: readonly string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-build-"));
  // Native packages stay outside the bundle and are found from beside it, as on a device.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  outDirs = ["first", "second"].map((name) => join(folder, name));
  for (const outDir of outDirs) {
    mkdirSync(outDir);
    await bundle(root, outDir);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesOf(outDir: string): Readonly<Record<string, Buffer>> {
  const names = readdirSync(outDir, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(outDir, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(outDir, name))]));
}

test("the build writes every entry and every asset of its table", () => {
  const names = Object.keys(filesOf(outDirs[0] ?? ""));
  for (const { to } of entries) expect(names).toContain(to);
  expect(names).toContain("lane/lane.css");
  // The page's scripts are plain already: no device needs a compiler.
  expect(names.filter((name) => name.startsWith("lane/") && name.endsWith(".ts"))).toEqual([]);
  for (const { to } of assets) expect(names.some((name) => name === to || name.startsWith(`${to}/`))).toBe(true);
});

test("whatever the sources start by its built name is in the table", () => {
  const paths = ["agent", "drivers"].flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: root }));
  const started = paths.flatMap((path) =>
    readSource(path, readFileSync(join(root, path), "utf8"))
      .tokens.filter(({ kind, text }) => isText(kind) && /^\.\/[\w-]+\.mjs$/.test(text))
      .map(({ text }) => text.slice("./".length)),
  );
  const table: readonly string[] = entries.map(({ to }) => to);
  expect(started).toContain("store-writer.mjs");
  expect(started.filter((name) => !table.includes(name))).toEqual([]);
});

test("the same sources give the same bytes, and no byte tells where they were built", () => {
  const [first, second] = outDirs.map(filesOf);
  const hashes = (files: Readonly<Record<string, Buffer>> = {}) =>
    Object.entries(files).map(([name, bytes]) => `${name} ${createHash("sha256").update(bytes).digest("hex")}`);
  expect(hashes(first)).toEqual(hashes(second));
  expect(Object.values(first ?? {}).filter((bytes) => bytes.includes(root) || bytes.includes(folder))).toEqual([]);
});

test("the bundle says its version on the flags that the unit starts it with", () => {
  const program = join(outDirs[0] ?? "", "pass-agent.mjs");
  const result = spawnSync(process.execPath, [...unitFlags(), program, "version"], {
    encoding: "utf8",
    timeout: smokeLimitMs,
  });
  const { version }: { readonly version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect({ code: result.status, stderr: result.stderr }).toEqual({ code: 0, stderr: "" });
  expect(result.stdout).toContain(version);
});
