import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { passA } from "../verifier/world.ts";

const page = readFileSync(new URL("../../docs/verifier.md", import.meta.url), "utf8");
const example = new URL("example.ts", import.meta.url);

test("the example of docs/verifier.md is a program that runs and prints what the page says", async () => {
  expect(page).toContain(readFileSync(example, "utf8").trim());
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(example)], { timeout: 20_000 });
  expect(stdout).toBe(`0 documents missing, 0 refused\nvalid ok ${passA}\n`);
  expect(page).toContain(stdout.trim());
});
