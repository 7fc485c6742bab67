import { describe, expect, test } from "vitest";
import { batchBody } from "../../agent/batch-body.ts";
import { systemClock } from "../../agent/clock.ts";
import { journalWord } from "../../agent/cloud/journal-word.ts";
import { openConditions } from "../../agent/conditions.ts";
import { openForkWatch } from "../../agent/journal-fork.ts";
import { createLog } from "../../agent/log.ts";
import { openStore } from "../../agent/store/index.ts";
import { presented, temporaryFolder, writerOptions } from "../store/harness.ts";

const own = writerOptions("").incarnation;
const other = "01HZX0000000000000000N0DE2";
const [first, later] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`);
const nothing = { receipt: null, head: null, forks: [] };

describe("what the platform says of a journal", () => {
  const fork = { incarnation: own, sequence: 8, first_hash: first, hash: later };
  const head = { incarnation: own, sequence: 9, hash: first };

  test("is read from beside the items of its answer", () => {
    expect(journalWord({ head, forks: [fork] }, { sequence: 7, hash: "h" })).toEqual({
      receipt: { sequence: 7, hash: "h" },
      head,
      forks: [{ incarnation: own, sequence: 8, firstHash: first, hash: later }],
    });
  });

  test.each<readonly [string, object]>([
    ["nothing at all", {}],
    ["a head without a hash", { head: { ...head, hash: undefined } }],
    ["a head below one", { head: { ...head, sequence: 0 } }],
    ["a head between two numbers", { head: { ...head, sequence: 1.5 } }],
    ["a head beyond what can be counted", { head: { ...head, sequence: 2 ** 48 + 1 } }],
    ["a head in a list", { head: [head] }],
    ["a journal with a strange name", { head: { ...head, incarnation: `${own}x` } }],
    ["forks that are no list", { forks: fork }],
    ["a fork of a record with itself", { forks: [{ ...fork, hash: first }] }],
    ["a fork with a number as text", { forks: [{ ...fork, sequence: "8" }] }],
    ["forks of something else", { forks: [null, 1, "x", [], {}] }],
  ])("and %s says nothing", (_name, body) => {
    expect(journalWord({ ...body }, null)).toEqual(nothing);
  });

  test("and of endless forks a hundred are read", () => {
    expect(journalWord({ forks: new Array(5_000).fill(fork) }, null).forks).toHaveLength(100);
  });
});

describe("an agent that wrote three records", () => {
  const fork = (sequence: number, incarnation = own) => ({
    incarnation,
    sequence,
    firstHash: String(first),
    hash: String(later),
  });
  const head = (sequence: number, incarnation = own) => ({ incarnation, sequence, hash: String(first) });
  const receipt = (sequence: number) => ({ sequence, hash: String(first) });

  test.each<readonly [string, Partial<ReturnType<typeof journalWord>>, string, string | null]>([
    ["hears of a fork", { forks: [fork(3), fork(2)] }, own, "two different records under numbers 2 to 3 of"],
    ["hears of a newer record by the head", { head: head(5) }, own, "records under numbers 4 to 5 of"],
    ["hears of a newer record by the receipt", { receipt: receipt(4) }, own, "records under number 4 of"],
    ["hears of nothing new", { receipt: receipt(2), head: head(3) }, own, null],
    ["hears of a fork of another journal", { forks: [fork(1, other)], head: head(9, other) }, own, null],
    ["uploads for an earlier journal", { receipt: receipt(4_000), head: head(4_000, other) }, other, null],
  ])("%s", async (_name, word, sent, detail) => {
    using folder = temporaryFolder();
    const store = await openStore(writerOptions(folder.path));
    for (let scan = 0; scan < 3; scan++) await store.ask("present", presented(`scan_${scan}`, scan));
    const conditions = openConditions(
      () => "2026-11-21T19:30:00.000Z",
      () => {},
    );
    const watch = openForkWatch({
      scannerId: "scn_01HZX0000000000000000SCANR",
      print: "print",
      store,
      conditions,
      clock: systemClock(),
      log: createLog(() => {}, { journal: false, debug: false }),
    });
    const claims = Buffer.from(JSON.stringify({ incarnation: sent, sequence: 2, hash: "sha256:00" }));
    await watch.note({ body: batchBody([], `e30.${claims.toString("base64url")}.c2ln`) }, { ...nothing, ...word });
    await store.close();
    const [alarm = null] = conditions.list();
    if (detail === null) expect(alarm).toBeNull();
    else expect(alarm).toMatchObject({ code: "journal_forked", detail: expect.stringContaining(detail) });
  });
});
