import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { nfcReaderModels, readerFields } from "../../drivers/nfc/index.ts";
import { readerFaultCodes, readerNoticeCodes } from "../../drivers/reader.ts";
import { readerTable } from "../../scripts/reader-table.ts";

const page = new URL("../../docs/readers.md", import.meta.url);
const models = /(<!-- models: begin[^>]*-->\n)[\s\S]*?(<!-- models: end -->)/;

/** `UPDATE_DOCS=1 npx vitest run test/nfc/papers.test.ts` writes the page anew. */
test("the readers in docs/readers.md are those of the table", () => {
  const text = readFileSync(page, "utf8");
  const expected = text.replace(models, (_, begin, end) => `${begin}\n${readerTable()}\n\n${end}`);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, expected);
  expect(readFileSync(page, "utf8")).toBe(expected);
});

test("every row has a section that says of each of its fields how far it may be trusted", () => {
  const sections = readerTable().split("\n### ").slice(1);
  expect(sections.map((section) => section.split("\n")[0])).toEqual(nfcReaderModels.map(({ id }) => id));
  for (const section of sections) {
    const facts = section
      .split("\n")
      .filter((line) => /^- [A-Z][\w ]*( \((tested|documented|unverified)\))?: |^- libccid/.test(line));
    expect(facts).toHaveLength(readerFields.length);
  }
});

test("the page explains every condition that a reader can be in", () => {
  const text = readFileSync(page, "utf8");
  for (const code of [...readerFaultCodes, ...readerNoticeCodes]) expect(text).toContain(`| \`${code}\` |`);
});
