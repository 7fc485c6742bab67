import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { optionsOf } from "../../agent/cli/command.ts";
import { commandTable } from "../../agent/cli/registry.ts";
import { type Bench, openBench } from "./bench.ts";

let bench: Bench;
beforeAll(() => {
  bench = openBench();
});
afterAll(() => bench.close());

describe("a wrong command line is exit code 2 and one line that says what is wrong", () => {
  test.each([
    ["staus", "There is no command staus; did you mean pass-agent status? See: pass-agent --help"],
    ["frobnicate", "There is no command frobnicate. See: pass-agent --help"],
    [
      "config chek",
      "There is no command config chek; did you mean pass-agent config check? See: pass-agent config --help",
    ],
    ["--config x events", "The command comes before its options, not --config. See: pass-agent --help"],
    ["events --limt 3", "There is no option --limt here; did you mean --limit?"],
    ["events -x", "There is no option -x here."],
    ["events --limit", "--limit needs a value, <n>."],
    ["events --limit --json", "--limit needs a value, <n>."],
    ["events --json=yes", "--json takes no value."],
    ["events --limit 0", '--limit "0" is not a whole number from 1 to 1000.'],
    ["events --limit 1001", '--limit "1001" is not a whole number from 1 to 1000.'],
    ["events --limit ten", '--limit "ten" is not a whole number from 1 to 1000.'],
    ["events --pass pass_1", '--pass "pass_1" is not a pass id: "pass_" and 26 capital letters and digits.'],
    ["events today", "pass-agent events does not know what to do with today. See: pass-agent events --help"],
    ["enroll", "pass-agent enroll needs <code>. See: pass-agent enroll --help"],
    ["present", "Nothing to present. Give a payload, --scene <name>, or --list"],
    ["present --list --scene x", "A payload, --scene and --list exclude each other."],
    [
      "present --lane gate-1",
      '--reader, --lane and --quantity need a payload to present. Give one, or "-" to read it from standard input',
    ],
    [
      "present --scene x --lane gate-1",
      '--reader, --lane and --quantity need a payload to present. Give one, or "-" to read it from standard input',
    ],
    ["run now", "pass-agent run does not know what to do with now. See: pass-agent run --help"],
    ["version --config x", "There is no option --config here."],
  ])("%s", async (line, expected) => {
    const { code, out, err } = await bench.run(line.split(" "));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.trimEnd()).toBe(`pass-agent: ${expected.replace(/[^.?]$/, "$&.")} [bad_usage]`);
  });
});

describe("help", () => {
  test.each([["--help"], ["-h"], ["help"]])("%s lists every command and goes to stdout", async (word) => {
    const { code, out, err } = await bench.run([word]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const { words, summary } of commandTable) {
      expect(out).toMatch(new RegExp(`pass-agent ${words.join(" ")} +${summary.slice(0, 12)}`));
    }
    expect(out.indexOf("Examples")).toBeLessThan(out.indexOf("Commands"));
    for (const code of [0, 1, 2, 69, 77, 78]) expect(out).toMatch(new RegExp(`^ +${code} +\\S`, "m"));
  });

  test("without a command, help goes to stderr and the exit code is 2", async () => {
    const { code, out, err } = await bench.run([]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("pass-agent enroll 7K2M-9QXA-4TRB");
  });

  test.each(commandTable.map((spec) => [spec.words.join(" "), spec] as const))(
    "%s: examples first, then every argument and option",
    async (name, spec) => {
      const pages = [await bench.run([...spec.words, "--help"]), await bench.run(["help", ...spec.words])];
      const [page] = pages;
      expect(pages[1]).toEqual(page);
      expect(page).toMatchObject({ code: 0, err: "" });
      const out = page?.out ?? "";
      expect(out.startsWith(`pass-agent ${name}: ${spec.summary}\n`)).toBe(true);
      expect(spec.examples.length).toBeGreaterThan(0);
      for (const example of spec.examples) {
        expect(example.line.startsWith(`pass-agent ${name}`)).toBe(true);
        expect(out).toContain(example.line);
      }
      expect(out.indexOf("Examples")).toBeLessThan(out.indexOf("Usage"));
      for (const positional of spec.positionals) expect(out).toContain(positional.doc);
      for (const option of optionsOf(spec)) expect(out).toContain(`--${option.name}`);
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
    },
  );

  test("a group has help of its own", async () => {
    const { code, out } = await bench.run(["config", "--help"]);
    expect(code).toBe(0);
    expect(out.match(/pass-agent config (check|show|schema)/g)?.length).toBe(6);
    expect(await bench.run(["config"])).toMatchObject({ code: 2, out: "", err: out });
  });
});

test("every command that only reads speaks JSON", () => {
  const reading = [
    "events",
    "outbox",
    "status",
    "version",
    "config check",
    "config show",
    "present",
    "devices",
    "doctor scanner",
  ];
  for (const name of reading) {
    const spec = commandTable.find(({ words }) => words.join(" ") === name);
    expect(
      spec?.options.map((option) => option.name),
      name,
    ).toContain("json");
  }
});

test.each([["version"], ["--version"]])("%s prints one line", async (word) => {
  const { code, out } = await bench.run([word]);
  expect({ code, out }).toEqual({
    code: 0,
    out: `pass-agent 0.1.0 (node ${process.versions.node}, ${process.platform}-${process.arch})\n`,
  });
  expect(JSON.parse((await bench.run([word, "--json"])).out)).toMatchObject({ version: "0.1.0" });
});
