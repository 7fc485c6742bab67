import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const setupLimitMs = 120_000;

/** Packages that a device needs, of the most that we want to answer for. serialport alone brings 20, the tar format and the decoders another 20. */
const runtimeBudget = 46;
/** All packages of the lock file, tools and other platforms included. */
const totalBudget = 220;
/** What has an install script, and why nothing is lost without it. */
const scriptsNotNeeded = {
  "@pokusew/pcsclite": "the optional second NFC driver: scripts/setup.mjs compiles it where there is a compiler",
  "@serialport/bindings-cpp": "brings its binaries in the package",
  esbuild: "brings its binary in a package of its own",
} as const;

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(lockText);
const locked = Object.entries(lock.packages).filter(([path]) => path !== "");

describe("the lock file", () => {
  test("names a strong hash for every package", () => {
    expect(locked.length).toBeGreaterThan(0);
    expect(locked.filter(([, { integrity }]) => integrity?.startsWith("sha512-") !== true)).toEqual([]);
  });

  test("names no registry, so that any mirror serves it", () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test("keeps the number of packages that we answer for within the budget", () => {
    const runtime = locked.filter(([, { dev, optional }]) => dev !== true && optional !== true);
    console.log(
      `packages: ${runtime.length} at run time (budget ${runtimeBudget}), ${locked.length} in all (${totalBudget})`,
    );
    expect(runtime.length).toBeLessThanOrEqual(runtimeBudget);
    expect(locked.length).toBeLessThanOrEqual(totalBudget);
  });

  test("holds no install script that somebody would miss", () => {
    const names = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => nameOf(path));
    expect(names.sort()).toEqual(Object.keys(scriptsNotNeeded).sort());
  });
});

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

describe("a fresh copy", () => {
  let copy = "";
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), "pass-agent-fresh-"));
    for (const name of ["package.json", "package-lock.json", ".npmrc", "scripts"]) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const environment = { ...process.env, npm_config_prefer_offline: "true", ...env };
    const result = spawnSync(command, args, { cwd: copy, encoding: "utf8", env: environment, timeout: setupLimitMs });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  };
  const setup = (env?: Readonly<Record<string, string>>) => run(process.execPath, ["scripts/setup.mjs", "build"], env);

  /** A port that nobody listens on, and no cache to fall back to. */
  const unreachable = {
    npm_config_registry: "http://127.0.0.1:9/",
    npm_config_cache: "empty-cache",
    npm_config_fetch_retries: "0",
  };

  test("says what to do when the registry cannot be reached", () => {
    const { code, stderr } = setup(unreachable);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "set-up failed: npm ci cannot reach the package registry (ECONNREFUSED)\n" +
        "  to do: connect this machine to the network once, or point npm at a registry it can reach (npm config get registry)\n",
    );
  });

  test("is installed by npm ci without install scripts, and a second set-up does nothing", {
    timeout: setupLimitMs,
  }, () => {
    expect(setup()).toEqual({
      code: 0,
      stdout: "set-up: npm packages of the lock file, with Node among them (npm ci --ignore-scripts)\n",
      stderr: "",
    });
    const stamp = join(copy, "node_modules", ".setup.json");
    const installedAt = statSync(stamp).mtimeMs;
    expect(setup()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(statSync(stamp).mtimeMs).toBe(installedAt);
  });

  test("has the pinned Node, which loads every package that a device needs", () => {
    const node = join(copy, "node_modules", ".bin", "node");
    const pinned = lock.packages[`node_modules/node-${process.platform}-${process.arch}`]?.version;
    expect(run(node, ["--version"]).stdout.trim()).toBe(`v${pinned}`);
    const program = `
      import Database from "better-sqlite3";
      import { SerialPort } from "serialport";
      import { compactVerify } from "jose";
      import { parse } from "smol-toml";
      import { WebSocketServer } from "ws";
      const row = new Database(":memory:").prepare("select 6 * 7 as answer").get();
      console.log(row.answer, typeof SerialPort.binding, typeof compactVerify, typeof parse, typeof WebSocketServer);
    `;
    const loaded = run(node, ["--input-type=module", "--eval", program]);
    expect(loaded).toEqual({ code: 0, stdout: "42 object function function function\n", stderr: "" });
  });

  test("is not taken for whole when the tree is another than that of the lock file", () => {
    rmSync(join(copy, "node_modules", ".setup.json"));
    const written = join(copy, "node_modules", ".package-lock.json");
    writeFileSync(written, readFileSync(written, "utf8").replace(/sha512-./, "sha512-?"));
    expect(setup(unreachable).stderr).toContain("npm ci cannot reach the package registry");
  });

  test("says so when the lock file is damaged", () => {
    const path = join(copy, "package-lock.json");
    writeFileSync(path, "{}");
    expect(setup()).toEqual({
      code: 1,
      stdout: "",
      stderr: `set-up failed: ${path} is missing or damaged\n  to do: restore it from the repository: git restore package-lock.json\n`,
    });
  });
});

test("a script never calls node by the place it had before the set-up", () => {
  // The shell remembers where it found `node`: after the set-up only `env node` finds the pinned one.
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const remembered = Object.entries(scripts).filter(([, line]) => /setup\.mjs.*&& (\w+=\S* )*node /.test(line));
  expect(remembered).toEqual([]);
});
