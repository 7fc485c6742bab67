import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  configJsonSchema,
  configReference,
  type Json,
  mistakeCodes,
  readConfig,
  shippedLocales,
} from "../../agent/config/index.ts";
import { serialModels } from "../../agent/config/schema.ts";
import { shippedLocales as spokenLocales } from "../../agent/lane/index.ts";
import { scannerModels } from "../../drivers/serial/index.ts";
import { configOf, source } from "./samples.ts";

const page = new URL("../../docs/configuration.md", import.meta.url);
const example = readFileSync(new URL("../../docs/agent.example.toml", import.meta.url), "utf8");
const reference = /(<!-- reference: begin[^>]*-->\n)[\s\S]*?(<!-- reference: end -->)/;

/** `UPDATE_DOCS=1 npx vitest run test/config/papers.test.ts` writes the page anew. */
test("the reference in docs/configuration.md is that of the table of keys", () => {
  const text = readFileSync(page, "utf8");
  const expected = text.replace(reference, (_, begin, end) => `${begin}\n${configReference()}\n\n${end}`);
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, expected);
  expect(readFileSync(page, "utf8")).toBe(expected);
  expect(expected).toContain("| `baud_rate` |");
});

test("docs/configuration.md explains every code of a mistake", () => {
  const text = readFileSync(page, "utf8");
  expect(mistakeCodes.filter((code) => !text.includes(`| \`${code}\` |`))).toEqual([]);
});

test("the TOML in docs/configuration.md is good", () => {
  const block = /```toml\n([\s\S]*?)```/.exec(readFileSync(page, "utf8"))?.[1] ?? "";
  expect(configOf(readConfig(block, source)).lanes).toHaveLength(1);
});

test("the example is good, and its commented lines are the defaults", () => {
  const asWritten = configOf(readConfig(example, source));
  const uncommented = example.replaceAll(/^#(?=[a-z_]+ = )/gm, "");
  expect(uncommented.length).toBeLessThan(example.length - 20);
  expect(configOf(readConfig(uncommented, source))).toEqual(asWritten);
});

test("the example names every key but those of the simulation", () => {
  const named = new Set([...example.matchAll(/^(?:# ?)?([a-z_]+) = /gm)].map((match) => match[1]));
  const { simulation, ...tables } = properties(configJsonSchema());
  expect(simulation).toBeDefined();
  expect(keyNames(tables).filter((name) => !named.has(name))).toEqual([]);
});

test("every key has a meaning, and a default unless it is required or may be absent", () => {
  for (const [name, schema] of keySchemas(properties(configJsonSchema()))) {
    expect(schema, name).toHaveProperty("description");
  }
  const noDefault = keySchemas(properties(configJsonSchema())).filter(([, schema]) => !("default" in schema));
  expect(new Set(noDefault.map(([name]) => name))).toEqual(
    new Set([
      "environment",
      "url",
      "ca_file",
      "relay_url",
      "trust_root",
      "trust_bundle",
      "id",
      "name",
      "lane",
      "kind",
      "socket",
      "path",
      "baud_rate",
      "aim",
      "secret_file",
      ...["key_files", "signup_url", "collector_id", "version", "file", "aid"],
      ...["time_zone", "entry", "capacity", "passback_min"],
      ...["admit", "hours", "except", "uses", "per", "wait_s"],
    ]),
  );
});

test("the configuration offers the scanners of the table of scanners", () => {
  expect(serialModels).toEqual(scannerModels.map(({ id }) => id));
});

test("the configuration offers the languages that the lane page speaks", () => {
  expect([...shippedLocales].toSorted()).toEqual([...spokenLocales].toSorted());
});

type Schema = Readonly<Record<string, Json>>;

function properties(schema: Json | undefined): Schema {
  return members(members(schema)["properties"]);
}

/** Leaves of the schema: every key with its own schema, through tables, lists and alternatives. */
function keySchemas(tables: Schema): readonly (readonly [string, Schema])[] {
  return Object.entries(tables).flatMap(([name, value]) => {
    const schema = members(value);
    const items = members(schema["items"]);
    const inner = [schema, items, ...(Array.isArray(items["oneOf"]) ? items["oneOf"] : [])].map(properties);
    const below = inner.flatMap(keySchemas);
    return below.length > 0 ? below : [[name, schema] as const];
  });
}

function keyNames(tables: Schema): readonly string[] {
  return keySchemas(tables).map(([name]) => name);
}

function members(value: Json | undefined): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}
