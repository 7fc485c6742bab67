import { describe, expect, test } from "vitest";
import { type CodeMemory, type CodeMoment, lockMs, mostWrong, noCodes, ruleOnCode } from "../../agent/code-rule.ts";
import type { Finding } from "../../agent/decide.ts";
import { claims, invalid, valid } from "../agent/samples.ts";
import { oldCode, periodS, rightCode, startMs, stepAt, unverifiableCode, wrongCode } from "./samples.ts";

const step = stepAt(startMs);
const used: CodeMemory = {
  last: { stepS: step * periodS, atMs: startMs, lane: "gate-1", scan: "scan_first" },
  wrong: null,
};
const wrong = (count: number, atMs = startMs): CodeMemory => ({ last: null, wrong: { count, atMs } });

function judged(finding: Finding, known: CodeMemory, afterMs = 0, part: Partial<CodeMoment> = {}) {
  const moment = { ms: startMs + afterMs, trusted: true, lane: "gate-1", periodS, ...part };
  const ruling = ruleOnCode(finding, known, moment);
  return { ...ruling, said: `${ruling.finding.result} ${ruling.finding.reason}` };
}

describe("a right and recent code", () => {
  test.each<[string, Finding, CodeMemory, number, Partial<CodeMoment>, string, string | null]>([
    ["is good the first time", rightCode(step), noCodes, 0, {}, "valid ok", null],
    ["is good when its step is above the last one", rightCode(step + 1), used, 30_000, {}, "valid ok", null],
    ["is replayed a moment too late", rightCode(step), used, 2_001, {}, "invalid rotation_replayed", null],
    [
      "is the same reading within two seconds",
      rightCode(step),
      used,
      2_000,
      {},
      "invalid rotation_replayed",
      "scan_first",
    ],
    [
      "is no same reading at another lane",
      rightCode(step),
      used,
      500,
      { lane: "gate-2" },
      "invalid rotation_replayed",
      null,
    ],
    ["is replayed below the last step", rightCode(step - 1), used, 500, {}, "invalid rotation_replayed", null],
    [
      "is replayed though policy would accept it",
      unverifiableCode(step),
      used,
      5_000,
      {},
      "invalid rotation_replayed",
      null,
    ],
    [
      "cannot be judged without its step",
      unverifiableCode(null),
      used,
      5_000,
      {},
      "undetermined rotation_unverifiable",
      null,
    ],
  ])("%s", (_, finding, known, afterMs, part, said, repeats) => {
    expect(judged(finding, known, afterMs, part)).toMatchObject({ said, repeats });
  });

  test("whose use was taken back is no same reading: its record does not stand", () => {
    const takenBack = { ...used, last: { stepS: step * periodS, atMs: startMs, lane: "gate-1", scan: null } };
    expect(judged(rightCode(step), takenBack, 500)).toMatchObject({ said: "invalid rotation_replayed", repeats: null });
  });

  test("uses up the beginning of its step, so that another period does not make every pass look old", () => {
    expect(judged(rightCode(step), noCodes).stepS).toBe(step * periodS);
    const doubled = { ...used, last: { stepS: (step - 2) * 30, atMs: startMs, lane: "gate-1", scan: "scan_first" } };
    expect(judged(rightCode(Math.floor(step / 2)), doubled, 0, { periodS: 60 }).said).toBe("valid ok");
  });

  test("is not refused because a wrong clock once let a code of next year in", () => {
    const ahead = {
      ...used,
      last: { stepS: (step + 1_000_000) * 30, atMs: startMs, lane: "gate-1", scan: "scan_first" },
    };
    expect(judged(rightCode(step), ahead).said).toBe("valid ok");
    expect(judged(rightCode(step), ahead, 0, { trusted: false }).said).toBe("invalid rotation_replayed");
  });
});

describe("wrong values", () => {
  test("are counted, and the tenth locks the pass", () => {
    let memory = noCodes;
    for (let count = 1; count <= mostWrong; count++) {
      const ruling = judged(wrongCode(), memory, count * 1_000);
      expect(ruling.lockedUntilMs).toBeNull();
      expect(ruling.keeps?.wrong).toEqual({ count, atMs: startMs + count * 1_000 });
      memory = ruling.keeps ?? noCodes;
    }
    expect(judged(rightCode(step), memory, 11_000).lockedUntilMs).toBe(startMs + 10_000 + lockMs);
  });

  test.each<[string, Finding]>([
    ["a right code", rightCode(step)],
    ["a wrong value", wrongCode()],
    ["a code that is old", oldCode()],
    ["a code that nobody can check", unverifiableCode(null)],
  ])("while the pass is locked %s is answered as a wrong value is, and counts nothing", (_, finding) => {
    const ruling = judged(finding, wrong(mostWrong), lockMs - 1);
    expect(ruling).toMatchObject({
      said: "invalid bad_signature",
      lockedUntilMs: startMs + lockMs,
      keeps: null,
      stepS: null,
    });
  });

  test("count from one again when the lock is over", () => {
    expect(judged(rightCode(step + 20), wrong(mostWrong), lockMs)).toMatchObject({
      said: "valid ok",
      lockedUntilMs: null,
    });
    expect(judged(wrongCode(), wrong(mostWrong), lockMs).keeps?.wrong).toEqual({ count: 1, atMs: startMs + lockMs });
  });

  test.each([
    [lockMs - 1, 10],
    [lockMs, 1],
  ])("are forgotten after ten quiet minutes: %i ms after the ninth the next is number %i", (afterMs, count) => {
    expect(judged(wrongCode(), wrong(9), afterMs).keeps?.wrong?.count).toBe(count);
  });

  test("are not forgiven by a right code in between: who guesses is not who holds the pass", () => {
    const ruling = judged(rightCode(step), wrong(9));
    expect(ruling).toMatchObject({ said: "valid ok", keeps: null });
  });

  test("a lock that a wrong clock dated ahead counts from now, with a clock that is right", () => {
    const ahead = wrong(mostWrong, startMs + 86_400_000);
    expect(judged(rightCode(step), ahead)).toMatchObject({
      said: "invalid bad_signature",
      lockedUntilMs: startMs + lockMs,
      keeps: { wrong: { count: mostWrong, atMs: startMs } },
    });
    expect(judged(rightCode(step), ahead, 0, { trusted: false }).keeps).toBeNull();
  });
});

test.each<[string, Finding]>([
  ["a static pass", valid()],
  ["a static pass with a bad signature", invalid("bad_signature")],
  ["a revoked pass with a rotating code", { ...invalid("revoked"), claims: claims({ rotating: true }) }],
  ["what could not be read", { result: "unreadable", reason: "no_pass" }],
])("%s is left as the verifier found it, whatever is remembered", (_, finding) => {
  for (const known of [noCodes, used, wrong(mostWrong)]) {
    expect(ruleOnCode(finding, known, { ms: startMs, trusted: true, lane: "gate-1", periodS })).toEqual({
      finding,
      repeats: null,
      lockedUntilMs: null,
      keeps: null,
      stepS: null,
    });
  }
});
