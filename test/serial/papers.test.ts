import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { modelFields, scannerModels } from "../../drivers/serial/index.ts";
import { absentFault, busyFault } from "../../drivers/serial/open-fault.ts";
import { scannerTable } from "../../scripts/scanner-table.ts";

const page = new URL("../../docs/scanners.md", import.meta.url);
const models = /(<!-- models: begin[^>]*-->\n)[\s\S]*?(<!-- models: end -->)/;

/** `UPDATE_DOCS=1 npx vitest run test/serial/papers.test.ts` writes the page anew. */
test("the models in docs/scanners.md are those of the table", () => {
  const text = readFileSync(page, "utf8");
  const expected = text.replace(models, (_, begin, end) => `${begin}\n${scannerTable(scannerModels)}\n\n${end}`);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, expected);
  expect(readFileSync(page, "utf8")).toBe(expected);
});

test("the table says of every field of every model how far it may be trusted", () => {
  const sections = scannerTable(scannerModels).split("\n### ").slice(1);
  expect(sections.map((section) => section.split("\n")[0])).toEqual(scannerModels.map(({ id }) => id));
  for (const section of sections) {
    const facts = section
      .split("\n")
      .filter((line) => /^- [A-Z][\w ]*( \((manual|recorded|unverified)\))?: /.test(line));
    expect(facts).toHaveLength(modelFields.length);
  }
});

test("the messages in docs/scanners.md are the agent's", () => {
  const text = readFileSync(page, "utf8");
  const path = "/dev/…";
  const holder = (command: string) => [{ pid: 1, command, unit: null }];
  const faults = [
    absentFault(path, "is not there", {}),
    absentFault(path, "was unplugged", {}),
    busyFault(path, [], {}),
    ...["ModemManager", "brltty", "agetty"].map((command) => busyFault(path, holder(command), {})),
  ];
  for (const { message } of faults) expect(text).toContain(`| \`${message.replace("pid 1", "pid …")}\` |`);
  const quoted = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message = ""]) => message);
  // The rest are looked for in the source, up to where a value stands.
  const source = ["drivers/serial/open-fault.ts", "drivers/serial/port.ts", "drivers/serial/intake.ts"]
    .concat("agent/scanner-check.ts", "agent/cli/commands/doctor.ts")
    .map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))
    .join("\n");
  const known = faults.map(({ message }) => message.replace("pid 1", "pid …"));
  for (const message of quoted.filter((one) => !known.includes(one) && !one.startsWith("["))) {
    const parts = message
      .split(/\/dev\/…|…|\d+/)
      .map((part) => part.trim())
      .filter((part) => part.length > 3);
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) expect(source, message).toContain(part);
  }
});
