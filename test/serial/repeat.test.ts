import { describe, expect, test } from "vitest";
import { look, type Sights, stillPresent } from "../../drivers/serial/repeat.ts";

function repeats(seen: readonly (readonly [frame: string, atMs: number])[], withinMs: number): readonly boolean[] {
  let sights: Sights = [];
  return seen.map(([frame, atMs]) => {
    const looked = look(sights, Buffer.from(frame), atMs, withinMs);
    sights = looked.sights;
    return looked.repeat;
  });
}

describe("repeats", () => {
  test.each([
    {
      rule: "the same code again at once is a repeat",
      seen: [
        ["a", 0],
        ["a", 1],
      ],
      are: [false, true],
    },
    {
      rule: "another code is none",
      seen: [
        ["a", 0],
        ["b", 1],
      ],
      are: [false, false],
    },
    {
      rule: "a code that begins like another is none",
      seen: [
        ["a", 0],
        ["ab", 1],
      ],
      are: [false, false],
    },
    {
      rule: "the time runs from the last sight",
      seen: [
        ["a", 0],
        ["a", 1500],
        ["a", 3000],
        ["a", 4501],
      ],
      are: [false, true, true, false],
    },
    {
      rule: "two codes that alternate are both still there",
      seen: [
        ["a", 0],
        ["b", 1],
        ["a", 2],
        ["b", 3],
      ],
      are: [false, false, true, true],
    },
  ] as const)("$rule", ({ seen, are }) => {
    expect(repeats(seen, 1_500)).toEqual(are);
  });

  test("switched off, nothing is a repeat and nothing is remembered", () => {
    expect(
      repeats(
        [
          ["a", 0],
          ["a", 0],
        ],
        0,
      ),
    ).toEqual([false, false]);
    expect(look([{ frame: Buffer.from("a"), lastMs: 0 }], Buffer.from("b"), 0, 0).sights).toEqual([]);
  });

  test("eight codes are remembered, the longest unseen is forgotten first", () => {
    const nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map((frame, at) => [frame, at] as const);
    expect(repeats([...nine, ["b", 9], ["a", 10]], 1_500).slice(9)).toEqual([true, false]);
  });

  test("a sight counts for as long as it is named, and no longer", () => {
    const sights = [{ frame: Buffer.from("a"), lastMs: 100 }];
    expect(stillPresent(sights, 1_600, 1_500)).toHaveLength(1);
    expect(stillPresent(sights, 1_601, 1_500)).toHaveLength(0);
  });
});
