import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { version } from "../../agent/version.ts";

test("the program and its package have one version", () => {
  const { version: packaged }: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  expect(version).toBe(packaged);
});
