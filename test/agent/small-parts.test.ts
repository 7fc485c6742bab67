import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../agent/canonical-json.ts";
import { carriedPayload } from "../../agent/carrier.ts";
import { backOffMs } from "../../agent/cloud/back-off.ts";
import { ulidMaker } from "../../agent/ulid.ts";
import type { NdefRecord } from "../../drivers/reader.ts";
import { isUlid } from "../../verifier/index.ts";

describe("ULIDs", () => {
  test("ids of one maker sort in the order they were made, also when the clock goes back", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 2, maxLength: 50 }), (times) => {
        let at = 0;
        const make = ulidMaker(() => times[at++ % times.length] ?? 0);
        const ids = times.map(() => make());
        expect(ids.every(isUlid)).toBe(true);
        expect(ids).toEqual([...ids].sort());
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  test("the time part is the specification's: 2016-07-30T23:54:10.259Z begins 01ARZ3NDEK", () => {
    expect(ulidMaker(() => 1_469_922_850_259)().slice(0, 10)).toBe("01ARZ3NDEK");
  });

  test("a counter that overflows a byte carries", () => {
    const make = ulidMaker(
      () => 5,
      () => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 255]),
    );
    expect([make().slice(-4), make().slice(-4)]).toEqual(["007Z", "0080"]);
  });
});

describe("canonical JSON (RFC 8785)", () => {
  test("the RFC's sample of sorted members and number spellings", () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27],
      literals: [null, true, false],
      "\u20ac": "Euro Sign",
      "\r": "CR",
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":"CR","literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"€":"Euro Sign"}',
    );
  });

  test.each([[undefined], [Number.NaN], [{ a: undefined }], [() => 1]])("what JSON cannot hold throws: %s", (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  test("member order does not matter", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        expect(canonicalJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(canonicalJson(value));
      }),
    );
  });
});

describe("back-off", () => {
  test("stays between nothing and a doubling ceiling of five minutes", () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      expect(backOffMs(attempt, null, 0)).toBe(0);
      expect(backOffMs(attempt, null, 0.999)).toBeLessThanOrEqual(Math.min(300_000, 1_000 * 2 ** attempt));
    }
  });

  test("a server's wait is kept, up to an hour", () => {
    expect(backOffMs(0, 7_000, 0)).toBe(7_000);
    expect(backOffMs(0, 1e12, 0)).toBe(3_600_000);
  });
});

describe("the pass in an NDEF message", () => {
  const record = (tnf: NdefRecord["tnf"], type: string, payload: string): NdefRecord => ({
    tnf,
    type,
    id: "",
    payload: Buffer.from(payload, "latin1"),
  });
  const ours = record("external", "qairopay.com:pass", "PASS");
  const rows: readonly (readonly [string, readonly NdefRecord[], string | null])[] = [
    ["our external record", [ours], "PASS"],
    ["our external record in any letter case", [record("external", "QairoPay.COM:Pass", "PASS")], "PASS"],
    ["a JOSE record", [record("mime", "application/jose", "eyJ")], "eyJ"],
    ["a Text record", [record("well_known", "T", "\u0002enhello")], "hello"],
    ["a Text record without a language", [record("well_known", "T", "\u0000hello")], "hello"],
    ["a URI with the pass in its fragment", [record("well_known", "U", "\u0004example.org/x#p=P1.abc")], "P1.abc"],
    ["our record beside other records", [record("well_known", "U", "\u0004example.org"), ours], "PASS"],
    ["our record before a Text record", [record("well_known", "T", "\u0002enhello"), ours], "PASS"],
    ["a URI without a pass", [record("well_known", "U", "\u0004example.org")], null],
    ["UTF-16 text", [record("well_known", "T", "\u0082enhello")], null],
    ["an empty Text record", [record("well_known", "T", "")], null],
    ["no record", [], null],
  ];
  test.each(rows)("%s", (_name, records, expected) => {
    const carried = carriedPayload(records);
    expect(carried.kind === "payload" ? Buffer.from(carried.bytes).toString("latin1") : null).toBe(expected);
  });

  test("two passes in one message are never chosen from", () => {
    expect(carriedPayload([ours, ours]).kind).toBe("ambiguous");
    expect(carriedPayload([ours, record("mime", "application/jose", "eyJ")]).kind).toBe("ambiguous");
  });
});
