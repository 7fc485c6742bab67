import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scriptKinds, scriptMembers } from "../../fixtures/wallet/script-json.ts";

const readme = readFileSync(new URL("../../fixtures/wallet/README.md", import.meta.url), "utf8");

/** Names in the first column of the table under a heading. */
function rowsUnder(heading: string): ReadonlySet<string> {
  const start = readme.indexOf(`### ${heading}`);
  expect(start).toBeGreaterThan(-1);
  const section = readme.slice(start + 4).split(/^##/m)[0] ?? "";
  const cells = [...section.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].map(([, cell = ""]) => cell);
  return new Set(cells.flatMap((cell) => cell.replaceAll("`", "").split(", ")));
}

test.each(scriptKinds)("every member of a script of kind %s is in the README, and no other", (kind) => {
  const shared = rowsUnder("Every card");
  const own = [...rowsUnder(`\`${kind}\``)].filter((name) => !name.includes("[]"));
  expect([...shared, ...own].toSorted()).toEqual(["kind", ...scriptMembers(kind)].toSorted());
});
