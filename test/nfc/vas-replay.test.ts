import { expect, test } from "vitest";
import {
  judgeSight,
  replayGuard,
  type Sights,
  type SightVerdict,
  sightsMax,
} from "../../drivers/nfc/cards/vas/replay.ts";

const none: Sights = new Map();

type Sighting = readonly [mark: string, sealedAt: number, now: number];

/** The verdicts on these, one after the other, with a tolerance of 300 s. */
function verdicts(sights: readonly Sighting[]): readonly SightVerdict[] {
  let known = none;
  return sights.map(([mark, sealedAt, now]) => {
    const judgement = judgeSight(known, { mark, sealedAt, now }, 300);
    known = judgement.sights;
    return judgement.verdict;
  });
}

test.each<readonly [string, readonly Sighting[], readonly SightVerdict[]]>([
  ["is fresh", [["a", 1_000, 1_000]], ["fresh"]],
  [
    "is fresh when another was seen",
    [
      ["a", 1_000, 1_000],
      ["b", 1_000, 1_000],
    ],
    ["fresh", "fresh"],
  ],
  [
    "is fresh at the edge of the tolerance, behind and ahead",
    [
      ["a", 1_000, 1_300],
      ["b", 1_300, 1_000],
    ],
    ["fresh", "fresh"],
  ],
  [
    "is stale beyond it, behind and ahead",
    [
      ["a", 1_000, 1_301],
      ["b", 1_301, 1_000],
    ],
    ["stale", "stale"],
  ],
  [
    "is replayed when seen again",
    [
      ["a", 1_000, 1_000],
      ["a", 1_000, 1_001],
    ],
    ["fresh", "replayed"],
  ],
  [
    "is replayed for as long as its time is taken",
    [
      ["a", 1_300, 1_000],
      ["a", 1_300, 1_600],
    ],
    ["fresh", "replayed"],
  ],
  [
    "is stale when it could be forgotten",
    [
      ["a", 1_000, 1_000],
      ["a", 1_000, 1_301],
    ],
    ["fresh", "stale"],
  ],
  [
    "sealed ahead and stale is replayed once its time has come",
    [
      ["a", 2_000, 1_000],
      ["a", 2_000, 1_900],
    ],
    ["stale", "replayed"],
  ],
  [
    "is replayed though the clock went back",
    [
      ["a", 1_000, 1_000],
      ["a", 1_000, 900],
    ],
    ["fresh", "replayed"],
  ],
])("a sight %s", (_, sights, expected) => {
  expect(verdicts(sights)).toEqual(expected);
});

test("no more sights are kept than agreed; the oldest goes", () => {
  let known = none;
  for (let index = 0; index <= sightsMax; index += 1) {
    known = judgeSight(known, { mark: `${index}`, sealedAt: 1_000, now: 1_000 }, 300).sights;
  }
  expect(known.size).toBe(sightsMax);
  expect([known.has("0"), known.has("1"), known.has(`${sightsMax}`)]).toEqual([false, true, true]);
});

test("what is beyond its time is forgotten with the next sight", () => {
  const { sights } = judgeSight(none, { mark: "a", sealedAt: 1_000, now: 1_000 }, 300);
  expect([...judgeSight(sights, { mark: "b", sealedAt: 1_301, now: 1_301 }, 300).sights.keys()]).toEqual(["b"]);
});

test("a guard remembers by all bytes, and one serves several readers", () => {
  const guard = replayGuard({ now: () => 1_000, toleranceSeconds: 10 });
  const sight = Uint8Array.of(1, 2, 3);
  expect(guard.onBreach).toBe("refuse");
  expect([guard.judge(sight, 1_010), guard.judge(sight, 1_010), guard.judge(Uint8Array.of(1, 2, 4), 1_010)]).toEqual([
    "fresh",
    "replayed",
    "fresh",
  ]);
});
