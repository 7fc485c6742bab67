import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { configJsonSchema, describeMistake, type Json, mistakeCodes, readConfig } from "../../agent/config/index.ts";
import { parseToml } from "../../agent/config/toml.ts";
import { smallest, source } from "./samples.ts";

const example = readFileSync(new URL("../../docs/agent.example.toml", import.meta.url), "utf8");

/** The example with all its commented defaults in force, so that mutations reach every key. */
const fullExample = example.replaceAll(/^#(?=[a-z_]+ = )/gm, "");

const values = [
  '"accept"',
  '"nfc"',
  '""',
  "-1",
  "0",
  "70000",
  "1.5",
  "true",
  "[]",
  "[1]",
  "{}",
  "2026-05-19",
  '"gate-1"',
  '"["',
];

/** One change to one line: what people, editors and disks do to a file. */
const change = fc.oneof(
  fc.record({ kind: fc.constant("drop"), at: fc.nat(200), to: fc.constant("") }),
  fc.record({ kind: fc.constant("double"), at: fc.nat(200), to: fc.constant("") }),
  fc.record({ kind: fc.constant("value"), at: fc.nat(200), to: fc.constantFrom(...values) }),
  fc.record({ kind: fc.constant("insert"), at: fc.nat(200), to: fc.string({ unit: "binary", maxLength: 20 }) }),
  fc.record({ kind: fc.constant("splice"), at: fc.nat(6000), to: fc.string({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant("cut"), at: fc.nat(6000), to: fc.constant("") }),
);

function mutate(
  text: string,
  { kind, at, to }: { readonly kind: string; readonly at: number; readonly to: string },
): string {
  if (kind === "splice") return text.slice(0, at) + to + text.slice(at + 1);
  if (kind === "cut") return text.slice(0, at);
  const lines = text.split("\n");
  const index = at % lines.length;
  const line = lines[index] ?? "";
  if (kind === "drop") lines.splice(index, 1);
  if (kind === "double") lines.splice(index, 0, line);
  if (kind === "value") lines[index] = line.replace(/= .*/, `= ${to}`);
  if (kind === "insert") lines.splice(index, 0, to);
  return lines.join("\n");
}

test("any mutation of the example reads or lists its mistakes, and never throws", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const reading = readConfig(changes.reduce(mutate, fullExample), source);
      if ("config" in reading) return;
      expect(reading.mistakes.length).toBeGreaterThan(0);
      for (const mistake of reading.mistakes) {
        expect(mistakeCodes).toContain(mistake.code);
        expect(describeMistake(mistake, "agent.toml")).toContain(`[${mistake.code}]`);
      }
    }),
    { numRuns: 600 },
  );
});

test("any text reads or lists its mistakes, and never throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const reading = readConfig(text, source);
      expect("config" in reading ? 1 : reading.mistakes.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test("the JSON Schema accepts whatever the reader accepts", () => {
  const schema = configJsonSchema();
  let accepted = 0;
  fc.assert(
    fc.property(change, (one) => {
      const text = mutate(fullExample, one);
      if (!("config" in readConfig(text, source))) return;
      accepted++;
      expect(violations(schema, json(text))).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(20);
});

test.each([
  ["an unknown key", smallest.replace("environment", "colour = 1\nenvironment"), "colour"],
  ["a missing key", smallest.replace(/^url.*\n/m, ""), "url"],
  ["a word that is not known", smallest.replace("sandbox", "test"), "enum"],
  ["a serial key on an nfc reader", `${smallest}baud_rate = 9600\n`, "oneOf"],
  ["a number out of range", `${smallest}[api]\nport = 70000\n`, "maximum"],
  ["no reader", smallest.slice(0, smallest.indexOf("[[reader]]")), "reader"],
  ["a policy for an unknown kind", `${smallest}[policy.ticket]\n`, "ticket"],
])("the JSON Schema refuses %s", (_, text, word) => {
  expect(violations(configJsonSchema(), json(text)).join()).toContain(word);
});

function json(text: string): Json {
  return JSON.parse(JSON.stringify(parseToml(text))).table;
}

const known = ["$schema", "title", "description", "default", "type", "enum", "const", "required", "properties"].concat(
  ["additionalProperties", "items", "oneOf", "minItems", "maxItems", "uniqueItems", "minimum", "maximum"],
  ["minLength", "maxLength", "pattern"],
);

/** The part of JSON Schema draft 7 that our schema uses, and nothing else: an unknown word fails the test. */
function violations(schema: Json | undefined, value: Json, at = "$"): readonly string[] {
  const rule = members(schema);
  const found: string[] = [];
  const fail = (word: string) => found.push(`${at}: ${word}`);
  for (const word of Object.keys(rule)) if (!known.includes(word)) fail(`the schema uses ${word}`);
  const type = Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
  if (rule["type"] !== undefined && rule["type"] !== type) fail(`type ${type}`);
  if (rule["const"] !== undefined && rule["const"] !== value) fail("const");
  if (Array.isArray(rule["enum"]) && !rule["enum"].includes(value)) fail("enum");
  if (typeof value === "number") {
    if (value < number(rule["minimum"], Number.NEGATIVE_INFINITY)) fail("minimum");
    if (value > number(rule["maximum"], Number.POSITIVE_INFINITY)) fail("maximum");
  }
  if (typeof value === "string") {
    if (value.length < number(rule["minLength"], 0)) fail("minLength");
    if (value.length > number(rule["maxLength"], Number.POSITIVE_INFINITY)) fail("maxLength");
    if (typeof rule["pattern"] === "string" && !new RegExp(rule["pattern"], "u").test(value)) fail("pattern");
  }
  if (Array.isArray(value)) {
    if (value.length < number(rule["minItems"], 0)) fail("minItems");
    if (value.length > number(rule["maxItems"], Number.POSITIVE_INFINITY)) fail("maxItems");
    if (rule["uniqueItems"] === true && new Set(value).size !== value.length) fail("uniqueItems");
    for (const [index, item] of value.entries()) found.push(...violations(rule["items"], item, `${at}[${index}]`));
  } else if (typeof value === "object" && value !== null) {
    const properties = members(rule["properties"]);
    for (const name of Array.isArray(rule["required"]) ? rule["required"] : []) {
      if (!Object.hasOwn(value, String(name))) fail(`misses ${String(name)}`);
    }
    for (const [name, member] of Object.entries(value)) {
      if (Object.hasOwn(properties, name)) found.push(...violations(properties[name], member, `${at}.${name}`));
      else if (rule["additionalProperties"] === false) fail(`has ${name}`);
    }
  }
  if (Array.isArray(rule["oneOf"])) {
    const fitting = rule["oneOf"].filter((one: Json) => violations(one, value, at).length === 0);
    if (fitting.length !== 1) fail("oneOf");
  }
  return found;
}

function members(value: Json | undefined): Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

function number(value: Json | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
