import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodePrimitives } from "../../agent/primitives.ts";
import { known, type Vector, type VectorFile, vectorFiles } from "../../fixtures/vectors/index.ts";
import { browserPrimitives } from "../../verifier/browser.ts";
import { invalidReasons, trustFaultCodes, undeterminedReasons } from "../../verifier/index.ts";
import { answering } from "./answer.ts";
import { publishedFile, publishedText, vectorFolder, vectorNames } from "./published.ts";

const largest = 200 * 1024;
const made = vectorFiles();
const all = vectorNames.flatMap((name) => publishedFile(name).vectors);

test("the generator makes exactly the published files", () => {
  expect([...made.keys()].toSorted()).toEqual([...vectorNames].toSorted());
  const folder = readdirSync(vectorFolder).filter((name) => name.endsWith(".json"));
  expect(folder.toSorted()).toEqual([...vectorNames].toSorted());
});

describe.each(vectorNames)("%s", (name) => {
  const file = publishedFile(name);

  test("is byte for byte what the generator writes, and not too large to be read", () => {
    const text = publishedText(name);
    expect(made.get(name) === text).toBe(true);
    expect(text.length).toBeLessThan(largest);
  });

  test("has vectors with names of their own", () => {
    expect(new Set(file.vectors.map(nameOf)).size).toBe(file.vectors.length);
  });

  test.each([
    ["node:crypto", nodePrimitives],
    ["WebCrypto, as in a browser", browserPrimitives],
  ])("is answered as published, on %s", async (_, primitives) => {
    const answerTo = answering(file, primitives());
    for (const vector of file.vectors) {
      expect({ name: vector.name, said: await answerTo(vector) }).toEqual({
        name: vector.name,
        said: vector.expect,
      });
    }
  });
});

function nameOf(vector: Vector): string {
  return `${vector.op} ${vector.row ?? ""} ${vector.name}`;
}

test("a wrong expectation is found: the control of these tests", async () => {
  const file = publishedFile("envelopes-e1b.json");
  const bent: VectorFile = { ...file, trusts: Object.fromEntries(Object.entries(file.trusts).map(withoutDocuments)) };
  const [first] = file.vectors;
  expect(await answering(bent)(known(first))).not.toEqual(first?.expect);
});

function withoutDocuments([name, trust]: [string, VectorFile["trusts"][string]]) {
  return [name, { ...trust, documents: {}, blobs: {} }] as const;
}

test("every reason a verdict may give is published at least once", () => {
  const given = new Set(all.flatMap((vector) => (vector.op === "verify" ? [vector.expect.reason] : [])));
  // A used step is known to the redemption memory alone, so the verifier never says it.
  const reasons = [...invalidReasons, ...undeterminedReasons].filter((reason) => reason !== "rotation_replayed");
  expect(reasons.filter((reason) => !given.has(reason))).toEqual([]);
  expect(given.has("ok")).toBe(true);
});

test("every fault of a trust document is published at least once", () => {
  const given = new Set(
    all.flatMap((vector) => (vector.op === "admit" || vector.op === "open" ? vector.expect.faults : [])),
  );
  expect(trustFaultCodes.filter((code) => !given.has(code))).toEqual([]);
});

test("every attack of docs/threats.md that is an input is published", () => {
  const rows = new Set(publishedFile("attacks.json").vectors.map((vector) => vector.row));
  // 22: every bit of a list, in revocation.json. The others are no inputs: a network (31), disks (39, 40), an answer (47), and
  // signatures that do not exist here (44).
  const elsewhere = new Set([22, 31, 39, 40, 44, 47]);
  const inputs = Array.from({ length: 48 }, (_, i) => i + 1).filter((row) => !elsewhere.has(row));
  expect(inputs.filter((row) => !rows.has(row))).toEqual([]);
});

test("README.md defines every member and every operation", () => {
  const readme = readFileSync(new URL("README.md", vectorFolder), "utf8");
  const words = new Set<string>(all.map((vector) => vector.op));
  for (const name of vectorNames) collectMembers(publishedFile(name), words);
  const defined = (word: string) => new RegExp(`\`([a-z]+\\.)?${word}\``).test(readme);
  expect([...words].filter((word) => !defined(word)).toSorted()).toEqual([]);
});

/** Members whose own members are names of things, payloads or records, and not of this format. */
const open = new Set(["documents", "blobs", "trusts", "manifests", "deltas", "directories", "lists", "jwk", "record"]);

function collectMembers(value: unknown, into: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) for (const one of value) collectMembers(one, into);
  else {
    for (const [name, member] of Object.entries(value)) {
      into.add(name);
      if (name === "trusts") for (const trust of Object.values(Object(member))) collectMembers(trust, into);
      else if (name === "blobs") for (const blob of Object.values(Object(member))) collectMembers(blob, into);
      else if (!open.has(name) && !isDeviceClaims(value, name)) collectMembers(member, into);
    }
  }
}

/** What a device signed says nothing about this format. */
function isDeviceClaims(vector: object, name: string): boolean {
  return name === "expect" && "op" in vector && vector.op === "device";
}
