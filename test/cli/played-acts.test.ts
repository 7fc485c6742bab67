import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Box, openTown, refused, said, type Town } from "./played.ts";

/** What people at the terminal do, typed at the real program while its agent runs. */
let town: Town;
let gate: Box;
beforeAll(async () => {
  town = await openTown();
  gate = town.terminal("gate");
  await gate.enrol();
  await gate.start();
});
afterAll(() => town[Symbol.asyncDispose]());

const nobody = "scan_01HZX0000000000000000N0DE1";
const word = ["--role", "supervisor", "--reason", "name on the list"];
const scanId = /scan_[0-9A-Z]{26}/;

/** Shows a text at the lane; answers id and answer of the record. */
async function show(text: string): Promise<{ readonly id: string; readonly answer: string }> {
  const { exit, out, err } = await gate.type(["present", "--lane", "gate-1", text, "--json"]);
  if (exit !== 0) throw new Error(err);
  const { id, decision }: { id: string; decision: { outcome: string; reason: string } } = JSON.parse(out);
  return { id, answer: `${decision.outcome} ${decision.reason}` };
}

/** A pass that was used, and the refusal of its second showing. */
async function usedPass() {
  const { text } = await town.issue("event_ticket");
  const first = await show(text);
  const second = await show(text);
  expect([first.answer, second.answer]).toEqual(["accepted ok", "rejected already_redeemed"]);
  return { text, first: first.id, second: second.id };
}

describe("override", () => {
  test("lets a refused pass in by a record, says which, and says the same when it is typed twice", async () => {
    const { first, second } = await usedPass();
    const typed = await gate.type(["override", second, ...word]);
    expect(typed).toMatchObject({ exit: 0, err: "" });
    expect(typed.out).toMatch(new RegExp(`^Recorded as ${scanId.source}, which supersedes ${second}\\.\n$`));
    expect(await gate.type(["override", second, ...word])).toEqual(typed);
    const id = nobody.replace("N0DE1", "N0DE2");
    const record = scanId.exec(typed.out)?.[0];
    expect(await gate.type(["override", second, ...word, "--id", id])).toEqual(
      refused(
        1,
        `${second} is not refused: it was accepted by ${record} (override). See the scans of this terminal with: pass-agent events. [already_decided]`,
      ),
    );
    expect(await gate.type(["override", first, ...word])).toEqual(
      refused(
        1,
        `${first} is accepted: there is nothing to override. See the scans of this terminal with: pass-agent events. [already_decided]`,
      ),
    );
  });

  test("in JSON it is the new record", async () => {
    const { second } = await usedPass();
    const { exit, out, err } = await gate.type(["override", second, ...word, "--json"]);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({
      supersedes: second,
      decision: { outcome: "accepted", by: "operator", reason: "override" },
      external_ref: { type: "operator.supervisor", id: "name on the list" },
    });
  });

  test("is too late once the agent has begun again: the guest shows the pass once more", async () => {
    const { text, second } = await usedPass();
    await gate.stop();
    await gate.start();
    expect(await gate.type(["override", second, ...word])).toEqual(
      refused(
        1,
        `${second} was refused more than ten minutes ago, or before the agent last began. Let the guest present the pass again, then override that scan. [override_too_late]`,
      ),
    );
    const again = await show(text);
    expect(await gate.type(["override", again.id, ...word])).toMatchObject({ exit: 0 });
  });
});

describe("annul", () => {
  test("frees the pass, and is refused the second time with the record that stands", async () => {
    const { text, first } = await usedPass();
    const typed = await gate.type(["annul", first, "--role", "staff", "--reason", "wrong pass"]);
    expect(typed).toMatchObject({ exit: 0, err: "" });
    expect(typed.out).toMatch(new RegExp(`^Recorded as ${scanId.source}, which supersedes ${first}\\.\n$`));
    const record = scanId.exec(typed.out)?.[0];
    expect(await gate.type(["annul", first, "--role", "staff", "--reason", "wrong pass"])).toEqual(
      refused(
        1,
        `${first} is not accepted: it was rejected by ${record} (annulled). See the scans of this terminal with: pass-agent events. [not_accepted]`,
      ),
    );
    expect((await show(text)).answer).toBe("accepted ok");
  });

  test("takes the answer of a changing code back: the same code is not answered as before", async () => {
    const { text } = await town.issue("membership", { rotating: true });
    const first = await show(text);
    expect(first.answer).toBe("accepted ok");
    const { out } = await gate.type(["annul", first.id, "--role", "staff", "--reason", "wrong pass", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      supersedes: first.id,
      decision: { outcome: "rejected", reason: "annulled" },
    });
    expect(await show(text)).toMatchObject({ answer: "rejected rotation_replayed" });
  });
});

describe("a mistake in the command line says what to type instead", () => {
  test.each<readonly [readonly string[], string]>([
    [["override", nobody], "pass-agent override needs --role. Give one of staff, supervisor, security, technician."],
    [["annul", nobody, "--role", "staff"], "pass-agent annul needs --reason. Say why, in a few words."],
    [["annul", "", ...word], "pass-agent annul needs <scan>. See: pass-agent annul --help."],
    [
      ["annul", nobody, "--role", "boss", "--reason", "x"],
      "--role must be one of staff, supervisor, security, technician. Correct --role, and type the command again.",
    ],
    [
      ["annul", nobody, "--role", "staff", "--reason", ""],
      "--reason must be 1 to 128 characters without control characters. Correct --reason, and type the command again.",
    ],
    [
      ["override", nobody, ...word, "--id", "4711"],
      '--id must be "scan_" and a ULID. Correct --id, and type the command again.',
    ],
    [
      ["emergency", "begin", "gate-1", ...word],
      "pass-agent emergency begin needs --minutes. Say for how long, 1 to 480: it ends by itself.",
    ],
    [["training", "begin", "gate-1", "-m", "481", ...word], '--minutes "481" is not a whole number from 1 to 480.'],
    [["emergency", "count", "gate-1", "-q", "0"], '--quantity "0" is not a whole number from 1 to 1000.'],
    [
      ["manual", "gate-1", "é"],
      "<text> must be 1 to 512 printable ASCII characters. Correct <text>, and type the command again.",
    ],
    [["manual", "gate-1"], "pass-agent manual needs <text>. See: pass-agent manual --help."],
    [["correct", nobody], "pass-agent correct needs --reason. Give refunded or amended."],
    [
      ["correct", nobody, "--reason", "because"],
      "--reason must be one of refunded, amended. Correct --reason, and type the command again.",
    ],
    [
      ["correct", nobody, "--reason", "refunded"],
      "a refund needs its --amount. Add --amount, and type the command again.",
    ],
    [
      ["correct", nobody, "--reason", "refunded", "--amount", "-1250"],
      "--amount needs a value, <cents>. Write it as one: --amount=-1250.",
    ],
    [["correct", nobody, "--reason", "amended", "--ref", "4711"], '--ref "4711" is not <type>:<id>.'],
  ])("%j", async (argv, text) => {
    const { exit, out, err } = await gate.type(argv);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err.replace(/ \[[a-z_]+\]\n$/, "")).toBe(`pass-agent: ${text}`);
  });

  test.each<readonly [readonly string[]]>([
    [["annul", nobody, ...word]],
    [["override", nobody, ...word]],
    [["correct", nobody, "--reason", "amended", "--ref", "pos_check:4711"]],
  ])("%j: there is no such scan", async (argv) => {
    const { exit, out, err } = await gate.type(argv);
    expect({ exit, out }).toEqual({ exit: 1, out: "" });
    expect(err).toContain(nobody);
    expect(err).toContain("See the scans of this terminal with: pass-agent events. [scan_not_found]");
  });

  test.each<readonly [readonly string[]]>([
    [["manual", "gate-9", "x"]],
    [["emergency", "begin", "gate-9", "-m", "5", ...word]],
    [["emergency", "end", "gate-9"]],
    [["emergency", "count", "gate-9"]],
    [["training", "begin", "gate-9", "-m", "5", ...word]],
  ])("%j: there is no such lane, and these there are", async (argv) => {
    expect(await gate.type(argv)).toEqual(
      refused(
        1,
        'there is no lane "gate-9"; there are: gate-1. See the lanes with: pass-agent status. [lane_not_found]',
      ),
    );
  });
});

test("manual: the text of a pass is as good as its code, an id is a reference", async () => {
  const { id, text } = await town.issue("event_ticket");
  expect(await gate.type(["manual", "gate-1", id])).toEqual(said("rejected by policy: unverified_reference\n"));
  expect(await gate.type(["manual", "gate-1", text])).toEqual(said("accepted\n"));
  const again = await gate.type(["manual", "gate-1", text, "--json"]);
  expect(JSON.parse(again.out)).toMatchObject({ channel: "manual", decision: { reason: "already_redeemed" } });
});

test("an emergency and a training are begun, counted and ended; a training does not close an open lane", async () => {
  const notOpen = (what: string) => refused(1, `gate-1 ${what}. See the lanes with: pass-agent status. [not_open]`);
  const { text } = await usedPass();
  expect(await gate.type(["emergency", "count", "gate-1"])).toEqual(notOpen("is not open for an emergency"));
  const begun = await gate.type(["emergency", "begin", "gate-1", "-m", "30", ...word]);
  expect(begun).toMatchObject({ exit: 0, err: "" });
  expect(begun.out).toMatch(
    /^gate-1 is open for everybody until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00\. Before: pass-agent emergency end gate-1\n$/,
  );
  expect((await gate.type(["status"])).out).toContain("[emergency_open]");
  expect((await show(text)).answer).toBe("accepted emergency_open");
  expect((await gate.type(["emergency", "count", "gate-1", "-q", "12"])).out).toMatch(
    new RegExp(`^12 persons recorded as ${scanId.source}\\.\n$`),
  );
  expect(await gate.type(["training", "begin", "gate-1", "-m", "30", ...word])).toEqual(
    refused(1, "gate-1 is open for an emergency: end that first. See the lanes with: pass-agent status. [lane_busy]"),
  );
  const ends = said("gate-1 decides by its rules again.\n");
  expect(await gate.type(["emergency", "end", "gate-1"])).toEqual(ends);
  expect(await gate.type(["emergency", "end", "gate-1"])).toEqual(notOpen("is not open for an emergency"));
  expect(await gate.type(["training", "end", "gate-1"])).toEqual(notOpen("is not in training"));
  const training = await gate.type(["training", "begin", "gate-1", "-m", "30", ...word, "--json"]);
  expect(JSON.parse(training.out)).toMatchObject({ lane: "gate-1", kind: "training", role: "supervisor" });
  const practice = await town.issue("event_ticket");
  for (const _ of [1, 2]) expect((await show(practice.text)).answer).toBe("accepted ok");
  expect(await gate.type(["training", "end", "gate-1"])).toEqual(ends);
  expect((await show(practice.text)).answer).toBe("accepted ok");
  expect((await show(practice.text)).answer).toBe("rejected already_redeemed");
});

test("correct: money back and a receipt are records of their own, in the currency of the scan", async () => {
  const { text } = await town.issue("event_ticket");
  const sold = await gate.type([
    "present",
    "--lane",
    "gate-1",
    text,
    "--amount",
    "1250",
    "--currency",
    "EUR",
    "--json",
  ]);
  const { id }: { id: string } = JSON.parse(sold.out);
  const { exit, out } = await gate.type(["correct", id, "--reason", "refunded", "--amount=-1250", "--json"]);
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ supersedes: id, amount_cents: -1250, currency: "EUR" });
  const amended = await gate.type(["correct", id, "--reason", "amended", "--ref", "pos_check:4711"]);
  expect(amended.out).toMatch(new RegExp(`^Recorded as ${scanId.source}, which supersedes ${id}\\.\n$`));
  expect((await gate.type(["correct", id, "--reason", "refunded", "--amount=-1", "--currency", "USD"])).err).toMatch(
    /EUR.* Give the amount in the currency of the scan\. \[currency_mismatch\]\n$/,
  );
});

describe("without an agent", () => {
  beforeAll(async () => {
    await gate.stop();
  });

  test("a set-up file with a mistake is named where the values in force are shown", async () => {
    const setup = join(gate.stateDir, "setup.toml");
    writeFileSync(setup, 'locale = "xx"\n');
    const { exit, out, err } = await gate.type(["config", "show", "--effective"]);
    rmSync(setup);
    expect(exit).toBe(0);
    expect(out).toMatch(/^ +default +locale = "en"$/m);
    expect(err.split("\n")[0]).toBe(`pass-agent: ${setup} has a mistake and counts for nothing:`);
    expect(err.split("\n")[1]).toContain('locale = "xx"');
  });

  test.each<readonly [readonly string[]]>([
    [["annul", nobody, ...word]],
    [["override", nobody, ...word]],
    [["manual", "gate-1", "x"]],
    [["emergency", "begin", "gate-1", "-m", "5", ...word]],
    [["emergency", "end", "gate-1"]],
    [["emergency", "count", "gate-1"]],
    [["training", "begin", "gate-1", "-m", "5", ...word]],
    [["correct", nobody, "--reason", "amended", "--ref", "pos_check:4711"]],
  ])("%j says that none runs and how to start one", async (argv) => {
    const { exit, out, err } = await gate.type(argv);
    expect({ exit, out }).toEqual({ exit: 69, out: "" });
    expect(err).toMatch(
      /^pass-agent: No agent is running: .*gate-run\/api\.sock\. Start it with: .*pass-agent run\. \[agent_not_running\]\n$/,
    );
  });
});
