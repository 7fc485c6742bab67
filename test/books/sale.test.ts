import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine } from "../../agent/books/csv.ts";
import { readSale } from "../../agent/books/sale.ts";
import { readCorrection } from "../../agent/pos/book-members.ts";
import { readPresentBody } from "../../agent/pos/members.ts";

const most = Number.MAX_SAFE_INTEGER;

describe("what the till says", () => {
  test.each<[string, object]>([
    ["nothing", {}],
    ["nulls", { amount_cents: null, currency: null, external_ref: null }],
    ["an amount", { amount_cents: 1250, currency: "EUR" }],
    ["money back", { amount_cents: -most, currency: "JPY" }],
    ["the largest amount there is", { amount_cents: most, currency: "USD" }],
    ["a reference", { external_ref: { type: "pos_check", id: "Tisch 7 / ñ" } }],
  ])("%s is taken as it is", (_, given) => {
    const none = { external_ref: null, amount_cents: null, currency: null };
    const wanted: { external_ref?: unknown; amount_cents?: unknown; currency?: unknown } = { ...none, ...given };
    expect(readSale({ ...given }, true)).toEqual({
      ok: true,
      value: { externalRef: wanted.external_ref, amountCents: wanted.amount_cents, currency: wanted.currency },
    });
  });

  test.each<[string, object, string, string]>([
    ["cents with a fraction", { amount_cents: 12.5, currency: "EUR" }, "type_mismatch", "amount_cents"],
    ["an amount as text", { amount_cents: "1250", currency: "EUR" }, "type_mismatch", "amount_cents"],
    ["no number at all", { amount_cents: Number.NaN, currency: "EUR" }, "type_mismatch", "amount_cents"],
    ["2^53", { amount_cents: 2 ** 53, currency: "EUR" }, "out_of_range", "amount_cents"],
    ["-2^53", { amount_cents: -(2 ** 53), currency: "EUR" }, "out_of_range", "amount_cents"],
    ["an amount of nothing in particular", { amount_cents: 1 }, "missing_field", "currency"],
    ["a currency of no amount", { currency: "EUR" }, "missing_field", "amount_cents"],
    ["a currency in small letters", { amount_cents: 1, currency: "eur" }, "invalid_currency", "currency"],
    ["a currency that does not exist", { amount_cents: 1, currency: "ABC" }, "invalid_currency", "currency"],
    ["a reference as text", { external_ref: "4711" }, "type_mismatch", "external_ref"],
    ["a reference as a list", { external_ref: ["a", "b"] }, "type_mismatch", "external_ref"],
    ["a reference without an id", { external_ref: { type: "a" } }, "missing_field", "external_ref.id"],
    ["a reference with more", { external_ref: { type: "a", id: "b", name: "c" } }, "unknown_field", "external_ref"],
    ["a number as id", { external_ref: { type: "a", id: 7 } }, "type_mismatch", "external_ref.id"],
    ["a type with a space", { external_ref: { type: "a b", id: "7" } }, "pattern_mismatch", "external_ref.type"],
    ["an empty id", { external_ref: { type: "a", id: "" } }, "pattern_mismatch", "external_ref.id"],
    ["a line break in an id", { external_ref: { type: "a", id: "7\n8" } }, "pattern_mismatch", "external_ref.id"],
    ["half a character", { external_ref: { type: "a", id: "\ud800" } }, "pattern_mismatch", "external_ref.id"],
    ["129 characters", { external_ref: { type: "a", id: "x".repeat(129) } }, "pattern_mismatch", "external_ref.id"],
  ])("%s is refused by its name", (_, given, code, param) => {
    expect(readSale({ ...given }, true)).toMatchObject({ ok: false, problem: { code, param } });
    expect(readPresentBody({ payload: "P1", ...given })).toMatchObject({ ok: false, problem: { code, param } });
  });

  test("goes with a lane, not with a reader, which cannot ask", () => {
    const sale = { amount_cents: 1, currency: "EUR" };
    expect(readPresentBody({ payload: "P1", lane: "gate-1", ...sale })).toMatchObject({
      ok: true,
      value: { sale: { amountCents: 1, currency: "EUR", externalRef: null } },
    });
    expect(readPresentBody({ payload: "P1", reader: "gate-1-qr", ...sale })).toMatchObject({
      problem: { code: "unknown_field", param: "amount_cents" },
    });
  });

  test("never reads as something else: any JSON is a sale or a refusal", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("external_ref", "amount_cents", "currency"), fc.jsonValue()),
        (given) => {
          const read = readSale(given, true);
          if (!read.ok) return;
          expect((read.value.amountCents === null) === (read.value.currency === null)).toBe(true);
        },
      ),
    );
  });
});

describe("a correction", () => {
  test.each<[string, unknown, string, string]>([
    ["without a reason", { amount_cents: 1 }, "missing_field", "reason"],
    ["with a reason of its own", { reason: "because" }, "invalid_enum", "reason"],
    ["that is a list", [], "type_mismatch", "body"],
    ["with a typing error", { reason: "refunded", amount: -1 }, "unknown_field", "amount"],
    ["that refunds nothing", { reason: "refunded" }, "missing_field", "amount_cents"],
    ["that refunds by taking more", { reason: "refunded", amount_cents: 5 }, "out_of_range", "amount_cents"],
    ["that corrects nothing", { reason: "amended" }, "missing_field", "amount_cents"],
    ["with an id that is none", { reason: "amended", amount_cents: 1, id: "7" }, "pattern_mismatch", "id"],
  ])("%s is refused", (_, body, code, param) => {
    expect(readCorrection("scan_1", body)).toMatchObject({ ok: false, problem: { code, param } });
  });

  test("may leave the currency to the scan", () => {
    expect(readCorrection("scan_1", { reason: "refunded", amount_cents: -5 })).toMatchObject({
      ok: true,
      value: { scanId: "scan_1", id: null, reason: "refunded", sale: { amountCents: -5, currency: null } },
    });
  });
});

describe("a line of CSV", () => {
  test.each([
    [["a", 1, true, null], "a,1,true,\r\n"],
    [['say "hi"', "a,b", "a\r\nb"], '"say ""hi""","a,b","a\r\nb"\r\n'],
    [["=1+1", "+1", "-1", "@x", "\tx"], "'=1+1,'+1,'-1,'@x,'\tx\r\n"],
    [["＝1+1"], "'＝1+1\r\n"],
    [['=HYPERLINK("http://x","y")'], '"\'=HYPERLINK(""http://x"",""y"")"\r\n'],
    [[-1250, 0], "-1250,0\r\n"],
  ])("%j", (cells, line) => {
    expect(csvLine(cells)).toBe(line);
  });

  test("reads back as it was written, but for the apostrophe before what looks like a formula", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 6 }), (cells) => {
        const back = parseLine(csvLine(cells));
        expect(back.map((cell, index) => (cell === `'${cells[index]}` ? cells[index] : cell))).toEqual(cells);
        for (const cell of back) expect(cell).not.toMatch(/^[=+\-@]/);
      }),
    );
  });
});

/** RFC 4180 section 2, one record. */
function parseLine(line: string): readonly string[] {
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n$)/.exec(rest);
    if (match === null) throw new Error(`not CSV: ${JSON.stringify(rest)}`);
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    rest = rest.slice(match[0].length);
    if (match[3] !== ",") return cells;
  }
}
