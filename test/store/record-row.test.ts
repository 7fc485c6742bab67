import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../agent/canonical-json.ts";
import type { ScanRecord } from "../../agent/record.ts";
import { recordHash } from "../../agent/record-hash.ts";
import { noUse } from "../../agent/rules/index.ts";
import { type RecordRow, recordText, sealRecord, soundRecord, soundText } from "../../agent/store/record-row.ts";
import { draft } from "../agent/samples.ts";

const sample: Omit<ScanRecord, "hash"> = {
  ...draft("scan_1"),
  use: noUse,
  decision: { outcome: "accepted", by: "agent", reason: "ok" },
  supersedes: null,
  incarnation: "01HZX0000000000000000N0DE1",
  sequence: 7,
  prev_hash: `sha256:${"a1".repeat(32)}`,
};

function rowOf(unhashed: Omit<ScanRecord, "hash">): RecordRow {
  const { record, packed } = sealRecord(unhashed);
  return {
    sequence: record.sequence,
    id: record.id,
    passId: record.pass_id,
    record: packed,
    hash: record.hash,
  };
}

/** Any value wherever the type allows some text, number or null, and hashes of every spelling where hashes stand. */
const hashes = fc.oneof(
  fc.constant(null),
  fc.string(),
  fc.stringMatching(/^(hmac-)?sha256:[0-9a-fA-F]{64}$/),
  fc.stringMatching(/^[sh]\.[A-Za-z0-9_-]{0,43}$/).filter((text) => text.length !== 45),
);
const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", '","', "\\", "\u2028", "[1,0]", "null"));
const leaf = fc.oneof(text, fc.constant(null), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }));

function anyRecord(): fc.Arbitrary<Omit<ScanRecord, "hash">> {
  const { decision, use, verification, ...top } = sample;
  const like = (part: object) => fc.record(Object.fromEntries(Object.keys(part).map((name) => [name, leaf])));
  return fc
    .tuple(
      like(top),
      like(decision),
      like(use),
      like(verification),
      hashes,
      hashes,
      fc.option(like({ id: 1, type: 1 })),
    )
    .map(([outer, ofDecision, ofUse, ofVerification, payloadHash, prevHash, external_ref]) => ({
      ...sample,
      ...outer,
      id: `scan_${String(outer["id"])}`,
      pass_id: null,
      sequence: 12,
      decision: { ...decision, ...ofDecision },
      use: { ...use, ...ofUse },
      verification: { ...verification, ...ofVerification },
      external_ref: Object(external_ref).id === undefined ? null : Object(external_ref),
      payload_hash: payloadHash,
      prev_hash: prevHash ?? "",
    }));
}

describe("a record in its row", () => {
  test("any record gives its text again, to the letter, and the hash of that text", () => {
    fc.assert(
      fc.property(anyRecord(), (unhashed) => {
        const row = rowOf(unhashed);
        expect(row.hash).toBe(recordHash(unhashed));
        expect(recordText(row)).toBe(canonicalJson({ ...unhashed, hash: row.hash }));
      }),
      { numRuns: 500 },
    );
  });

  test("takes less than half of its text", () => {
    const row = rowOf(sample);
    expect(soundRecord(row)).toEqual({ ...sample, hash: row.hash });
    expect(row.record.length).toBeLessThan(soundText(row).length / 2);
  });

  test("text of an earlier version comes back as it stands", () => {
    const { record } = sealRecord(sample);
    const text = canonicalJson(record);
    expect(recordText({ ...rowOf(sample), record: text })).toBe(text);
  });

  test.each([
    ["nothing", ""],
    ["no array", "7"],
    ["an empty array", "[]"],
    ["another form", rowOf(sample).record.replace("[1,", "[2,")],
    ["one value too many", rowOf(sample).record.replace(/\]$/, ",7]")],
    ["one value too few", rowOf(sample).record.replace(/,[^,]*\]$/, "]")],
    ["another number of nulls", rowOf(sample).record.replace(/^\[1,\d+/, "[1,0")],
    ["nulls by no number", rowOf(sample).record.replace(/^\[1,\d+/, '[1,"x"')],
    ["a cut", rowOf(sample).record.slice(0, -1)],
  ])("%s is no record, and is called damage", (_, packed) => {
    const row = { ...rowOf(sample), record: packed };
    expect(recordText(row)).toBeNull();
    expect(() => soundRecord(row)).toThrow();
  });

  test("no cut and no changed character of a row makes the program fail in any other way", () => {
    const { record: packed } = rowOf(sample);
    fc.assert(
      fc.property(fc.nat(packed.length), fc.string({ maxLength: 3 }), fc.nat(3), (at, put, gone) => {
        const row = { ...rowOf(sample), record: packed.slice(0, at) + put + packed.slice(at + gone) };
        const text = recordText(row);
        if (text !== null && row.record.startsWith("[")) expect(Object(JSON.parse(text)).id).toBe("scan_1");
      }),
      { numRuns: 2_000 },
    );
  });
});
