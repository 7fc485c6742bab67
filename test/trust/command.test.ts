import { chownSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleFaultCodes } from "../../agent/bundle/index.ts";
import { faultWords, wordsOf } from "../../agent/cli/trust-words.ts";
import { trustFaultCodes } from "../../verifier/index.ts";
import { type Gate, startGate, until } from "../loop/gate.ts";
import { openApi, trustCommand } from "./command-bench.ts";

/** One terminal for all: first its agent runs, then it does not. */
let gate: Gate;
beforeAll(async () => {
  gate = await startGate();
});
afterAll(() => gate[Symbol.asyncDispose]());

const isRoot = process.getuid?.() === 0;

describe("while the agent runs", () => {
  test("show tells what is trusted, in words and as JSON", async () => {
    const api = await openApi(gate);
    try {
      const { code, out, err } = await trustCommand(gate, "show");
      expect({ code, err }).toEqual({ code: 0, err: "" });
      for (const line of [
        /^ {2}Root +version 1, until 20/m,
        /^ {2}Pin +[A-Za-z0-9_-]{43}, pinned by the enrolment code$/m,
        /^ {2}Head +number \d+, signed 20.* \(.*\), good until 20.*: fresh$/m,
        /^ {2}Clock +trusted; passes are judged at /m,
        /^ {2}KEY +ALG +MAY SIGN/m,
        /^ {2}\d{5} +Ed25519 +head +active/m,
        /^ {2}LIST +BITS +ENTRIES +REVOKED/m,
        /^ {2}1 +1 +1048576 +0 +0 +1 /m,
      ]) {
        expect(out).toMatch(line);
      }
      const view = JSON.parse((await trustCommand(gate, "show", "--json")).out);
      expect(view).toMatchObject({ root: { pin: gate.cloud.rootSha256, origin: "qr" }, clock: { state: "trusted" } });
    } finally {
      await api.close();
    }
  });

  test("export writes a bundle that check finds good here, with a pin alone, and import finds known", async () => {
    const api = await openApi(gate);
    try {
      const exported = await trustCommand(gate, "export", "trust.tar");
      expect(exported).toMatchObject({ code: 0, err: "" });
      expect(exported.out).toMatch(/^Wrote .*trust\.tar, \d+ bytes\. It holds nothing secret\.\n$/);
      expect(await trustCommand(gate, "check", "trust.tar")).toMatchObject({
        code: 0,
        out: expect.stringContaining("brings nothing new"),
      });
      expect(await trustCommand(gate, "import", "trust.tar", "--json")).toMatchObject({
        code: 0,
        out: expect.stringContaining('"outcome":"current"'),
      });
      const hex = Buffer.from(gate.cloud.rootSha256, "base64url").toString("hex");
      for (const pin of [gate.cloud.rootSha256, hex, `sha256:${hex}`]) {
        expect(await trustCommand(gate, "check", "trust.tar", "--root", pin)).toMatchObject({
          code: 0,
          out: expect.stringContaining("is good and would be taken"),
        });
      }
      const wrong = await trustCommand(gate, "check", "trust.tar", "--root", "A".repeat(43));
      expect(wrong.code).toBe(1);
      expect(wrong.out).toMatch(/root\/1\.json: It is not the pinned root.*Compare the pin.*\[bad_root\]/i);
    } finally {
      await api.close();
    }
  });

  test("an older bundle is refused in words, and nothing changes", async () => {
    const api = await openApi(gate);
    try {
      await trustCommand(gate, "export", "older.tar");
      const status = async () => (await gate.agent.facade.status()).trust.lists[0]?.version ?? 0;
      const before = await status();
      const pass = await gate.issue("membership");
      await gate.merchant.revoke(pass.id);
      await until(async () => (await status()) > before, "the revocation");
      const { code, out } = await trustCommand(gate, "import", "older.tar");
      expect(code).toBe(1);
      expect(out).toMatch(
        /is refused, and nothing was taken\.\n {2}(?:head|keys)\.jws: it is older than what is in force \(.*\[rollback\]/,
      );
      expect(await status()).toBeGreaterThan(before);
    } finally {
      await api.close();
    }
  });

  test.each<readonly [string, string, RegExp]>([
    ["no file", "missing.tar", /missing\.tar cannot be read \(ENOENT\)\. .*\[unreadable\]/],
    ["a folder", ".", /is no regular file\. .*\[unreadable\]/],
  ])("%s is a fault of its own", async (_name, file, message) => {
    const { code, err } = await trustCommand(gate, "import", file);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  test("a file that is no bundle is said to be none", async () => {
    writeFileSync(join(gate.folder, "notes.txt"), "buy milk\n".repeat(100));
    const api = await openApi(gate);
    try {
      const { code, out } = await trustCommand(gate, "check", "notes.txt");
      expect(code).toBe(1);
      expect(out).toMatch(/cannot be used\.\n {2}the bundle: it is no bundle.*\[not_a_bundle\]/);
    } finally {
      await api.close();
    }
  });

  test("without its socket the disk is asked for, which the agent holds", async () => {
    expect(await trustCommand(gate, "show")).toMatchObject({
      code: 69,
      err: expect.stringContaining("[store_locked]"),
    });
  });

  test("a pin that is none is a mistake in the command line", async () => {
    expect(await trustCommand(gate, "check", "trust.tar", "--root", "AAAA")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--root is no SHA-256"),
    });
  });
});

describe("while no agent runs", () => {
  beforeAll(() => gate.agent.stop());

  test("all four work on what is on disk, and say so", async () => {
    const note = "the agent is not running; this is what is on disk";
    expect(await trustCommand(gate, "show")).toMatchObject({ code: 0, err: expect.stringContaining(note) });
    expect(await trustCommand(gate, "export", "again.tar")).toMatchObject({
      code: 0,
      err: expect.stringContaining(note),
    });
    const older = await trustCommand(gate, "check", "older.tar");
    expect(older).toMatchObject({ code: 1, out: expect.stringContaining("[rollback]") });
    expect(await trustCommand(gate, "import", "again.tar")).toMatchObject({
      code: 0,
      err: expect.stringContaining(note),
    });
    expect(readFileSync(join(gate.folder, "again.tar")).length).toBeGreaterThan(1024);
  });

  test.skipIf(!isRoot)(
    "importing is for the user whose folder it is, so that the agent can open what was written",
    async () => {
      chownSync(gate.config.stateDir, 61_001, 61_001);
      const { code, err } = await trustCommand(gate, "import", "again.tar");
      chownSync(gate.config.stateDir, 0, 0);
      expect(code).toBe(1);
      expect(err).toMatch(/belongs to user 61001.*sudo -u pass-agent.*\[wrong_user\]/);
    },
  );

  test("a terminal that is not enrolled is told what it can do", async () => {
    const folder = mkdtempSync(join(gate.folder, "new-"));
    const { code, err } = await trustCommand({ folder, config: gate.config }, "show");
    expect(code).toBe(1);
    expect(err).toMatch(/belongs to no tenant yet\. Enrol it once.*\[not_enrolled\]/);
  });
});

describe("the words for faults", () => {
  test("every code has words of its own, and an unknown one has some", () => {
    const codes = [...new Set([...trustFaultCodes, ...bundleFaultCodes])];
    expect(Object.keys(faultWords).toSorted()).toEqual(codes.toSorted());
    for (const code of codes) {
      const { says, toDo } = wordsOf(code);
      expect(
        [says, toDo].every((words) => /^[a-z].*[^.]$/.test(words)),
        code,
      ).toBe(true);
    }
    expect(wordsOf("from_the_future").toDo).toContain("look at the detail");
  });

  test("docs/trust.md explains every code", () => {
    const page = readFileSync(new URL("../../docs/trust.md", import.meta.url), "utf8");
    const codes = [...new Set([...trustFaultCodes, ...bundleFaultCodes])];
    expect(codes.filter((code) => !page.includes(`| \`${code}\` |`))).toEqual([]);
  });
});
