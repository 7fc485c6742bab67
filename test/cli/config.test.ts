import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../../agent/config/index.ts";
import { type Bench, openBench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

test("config check says that a good file is good", async () => {
  expect(await bench.run(["config", "check"])).toEqual({
    code: 0,
    out: `${bench.config}: good. sandbox, 1 lane, 1 reader.\n`,
    err: "",
  });
});

test("config check lists every mistake on stdout and exits with 78", async () => {
  writeFileSync(bench.config, 'enviroment = "live"\n[cloud]\nurl = "http://cloud.example"\n');
  const { code, out, err } = await bench.run(["config", "check"]);
  expect(code).toBe(78);
  expect(out.split("\n")).toEqual([
    `${bench.config}:1: enviroment is not a known key. Did you mean environment? [unknown_key]`,
    `${bench.config}:3: cloud.url = "http://cloud.example" is not encrypted and leaves this machine. Allowed: https:. [unsafe]`,
    `${bench.config}: environment is missing. Allowed: "live" or "sandbox". [missing_key]`,
    expect.stringContaining("lane is missing"),
    expect.stringContaining("reader is missing"),
    "",
  ]);
  expect(err).toBe(
    `pass-agent: The configuration ${bench.config} has 5 mistakes. Mend it as said above. [bad_config]\n`,
  );
});

test("config check --json gives the mistakes as one document", async () => {
  writeFileSync(bench.config, "environment = 1\n");
  const { code, out, err } = await bench.run(["config", "check", "--json"]);
  expect({ code, err }).toEqual({ code: 78, err: "" });
  expect(JSON.parse(out)).toMatchObject({
    path: bench.config,
    good: false,
    mistakes: [{ code: "wrong_type", path: "environment", line: 1, value: "1" }, {}, {}, {}],
  });
});

test.each([
  ["run"],
  ["events"],
  ["status"],
  ["outbox"],
  ["present", "x"],
  ["enroll", "7K2M-9QXA-4TRB"],
  ["config", "show"],
])("%s with a bad configuration exits with 78 and lists the mistakes on stderr", async (...argv) => {
  writeFileSync(bench.config, "environment = 1\n");
  const { code, out, err } = await bench.run(argv);
  expect({ code, out }).toEqual({ code: 78, out: "" });
  expect(err).toContain("environment = 1 is not a text in quotes");
  expect(err).toContain("[bad_config]");
});

test("text in a file cannot write to the terminal", async () => {
  writeFileSync(bench.config, 'environment = "\\u001b[2Jlive"\n"\\u001b]0;x" = 1\n');
  const { out } = await bench.run(["config", "check"]);
  expect(out).not.toContain("\u001b");
});

test("config show prints TOML that reads back to the same, or the same as JSON", async () => {
  const { code, out } = await bench.run(["config", "show"]);
  expect(code).toBe(0);
  const shown = readConfig(out, "/elsewhere/agent.toml");
  expect(shown).toHaveProperty("config.stateDir", join(bench.folder, "state"));
  const json = JSON.parse((await bench.run(["config", "show", "--json"])).out);
  expect(json).toMatchObject({ api: { port: 7420 }, reader: [{ id: "gate-1-qr", idle_gap_ms: 50 }] });
});

test("config schema needs no configuration", async () => {
  const { code, out } = await bench.run(["config", "schema"], { env: { PASS_AGENT_CONFIG: "/nowhere" } });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ title: "pass-agent configuration" });
});

test("--config wins over $PASS_AGENT_CONFIG, and is relative to the working folder", async () => {
  const { code, out } = await bench.run(["config", "check", "--config", "agent.toml"], {
    env: { PASS_AGENT_CONFIG: "/nowhere.toml" },
  });
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(bench.config) });
  const nowhere = await bench.run(["config", "check"], { env: { PASS_AGENT_CONFIG: "/nowhere.toml" } });
  expect(nowhere.err).toContain("There is no configuration at /nowhere.toml");
});

test("without --config and $PASS_AGENT_CONFIG the file in /etc is meant", async () => {
  const { out, err } = await bench.run(["config", "check"], { env: { PASS_AGENT_CONFIG: "" } });
  expect(out + err).toContain("/etc/pass-agent/agent.toml");
});

test.each<readonly [string, string, (path: string) => void]>([
  [
    "a missing file",
    "There is no configuration at FILE. Write one after docs/agent.example.toml, or name another with --config. [config_missing]",
    () => undefined,
  ],
  [
    "a file everyone may write",
    "Everyone may change the configuration FILE (mode 0646). Look through it, then run: chmod o-w FILE. [config_world_writable]",
    (path) => {
      writeFileSync(path, "");
      chmodSync(path, 0o646);
    },
  ],
  [
    "a folder",
    "The configuration FILE is not a regular file. Give the path of a TOML file. [config_not_a_file]",
    (path) => mkdirSync(path),
  ],
])("%s exits with 78 and says what to do", async (_, expected, make) => {
  const path = join(bench.folder, "other.toml");
  make(path);
  expect(await bench.run(["config", "check", "-c", path])).toEqual({
    code: 78,
    out: "",
    err: `pass-agent: ${expected.replaceAll("FILE", path)}\n`,
  });
});
