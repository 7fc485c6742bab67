import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** docs/threats.md against the tests that it names. */

const docs = new URL("../../docs/", import.meta.url);
const page = readFileSync(new URL("threats.md", docs), "utf8");
/** Rows of the list that the table answers. */
const attacks = 48;

interface Row {
  readonly number: string;
  readonly does: string;
  readonly tests: readonly { readonly name: string; readonly file: string }[];
}

/** The rows of all tables of a page: four cells, the last with links `[name](file)`. */
function rowsOf(text: string): readonly Row[] {
  return text.split("\n").flatMap((line) => {
    const cells = /^\| (B?[0-9]+) \| (.*) \| (.*) \| (.*) \|$/.exec(line);
    if (cells === null) return [];
    const [, number = "", , does = "", links = ""] = cells;
    const tests = [...links.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, name = "", file = ""]) => ({ name, file }));
    return [{ number, does, tests }];
  });
}

/** What is wrong with a row; null when it names tests that are there, or says why this version has none. */
function flaw({ number, does, tests }: Row): string | null {
  if (tests.length === 0) return does.includes("Outside this version: ") ? null : `row ${number} names no test`;
  for (const { name, file } of tests) {
    const path = fileURLToPath(new URL(file, docs));
    if (!existsSync(path)) return `row ${number}: ${file} does not exist`;
    if (!readFileSync(path, "utf8").includes(`"${name}"`)) return `row ${number}: ${file} has no test "${name}"`;
  }
  return null;
}

test("every row of docs/threats.md names a test that exists, or says why this version has none", () => {
  expect(
    rowsOf(page)
      .map(flaw)
      .filter((one) => one !== null),
  ).toEqual([]);
});

test("every attack of the list has one row", () => {
  const numbers = rowsOf(page).map(({ number }) => number);
  const listed = numbers.filter((number) => !number.startsWith("B")).map(Number);
  expect(listed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: attacks }, (_, i) => i + 1));
  expect(new Set(numbers).size).toBe(numbers.length);
});

describe("a row is found wanting", () => {
  test.each([
    ["| 1 | a | b | – |", "row 1 names no test"],
    ["| 2 | a | b | [x](../test/none.test.ts) |", "row 2: ../test/none.test.ts does not exist"],
    [
      "| B3 | a | b | [no test has this name](../test/verifier/attacks.test.ts) |",
      'row B3: ../test/verifier/attacks.test.ts has no test "no test has this name"',
    ],
    ["| 4 | a | Outside this version: because | – |", null],
  ])("%s", (line, expected) => {
    expect(rowsOf(line).map(flaw)).toEqual([expected]);
  });
});
