import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Symbology } from "../../drivers/reader.ts";
import { type AimMode, takeAim } from "../../drivers/serial/symbology.ts";

function take(text: string, mode: AimMode) {
  const { aim, symbology, bytes } = takeAim(Buffer.from(text, "latin1"), mode);
  return { aim, symbology, text: Buffer.from(bytes).toString("latin1") };
}

/** Known identifiers by symbology, and the modifiers that announce ECI escapes (ISO/IEC 15424). */
const known: readonly { symbology: Symbology; letter: string; plain: string; eci: string }[] = [
  { symbology: "qr", letter: "Q", plain: "0135", eci: "246" },
  { symbology: "aztec", letter: "z", plain: "012678C", eci: "3459AB" },
  { symbology: "pdf417", letter: "L", plain: "02345", eci: "1" },
  { symbology: "code128", letter: "C", plain: "0124", eci: "" },
  { symbology: "datamatrix", letter: "d", plain: "0123", eci: "456" },
  { symbology: "ean", letter: "E", plain: "01234", eci: "" },
  { symbology: "code39", letter: "A", plain: "0123457", eci: "" },
  { symbology: "itf", letter: "I", plain: "013", eci: "" },
];
const plain = known.flatMap(({ symbology, letter, plain }) =>
  [...plain].map((m) => ({ symbology, aim: `]${letter}${m}` })),
);
const escaping = known.flatMap(({ symbology, letter, eci }) =>
  [...eci].map((m) => ({ symbology, aim: `]${letter}${m}` })),
);

describe("AIM identifiers", () => {
  test.each([...plain, ...escaping])("$aim names $symbology and is taken off", ({ aim, symbology }) => {
    for (const mode of ["auto", "on"] as const) {
      expect(take(`${aim}P1:ABC`, mode)).toEqual({ aim, symbology, text: "P1:ABC" });
    }
  });

  test.each([...plain, ...escaping])("$aim stays where the scanner sends none", ({ aim }) => {
    expect(take(`${aim}P1:ABC`, "off")).toEqual({ aim: null, symbology: null, text: `${aim}P1:ABC` });
  });

  test.each(escaping)("$aim announces ECI escapes: they are undone", ({ aim }) => {
    expect(take(`${aim}\\000026caf\\\\e\\000003!`, "auto").text).toBe("caf\\e!");
  });

  test.each(plain)("$aim announces no ECI escapes: backslashes are content", ({ aim }) => {
    expect(take(`${aim}\\000026caf\\\\e`, "auto").text).toBe("\\000026caf\\\\e");
  });

  test.each([
    { text: "]Q2\\00002", left: "\\00002", why: "too few digits" },
    { text: "]Q2\\00002x", left: "\\00002x", why: "no digit" },
    { text: "]Q2\\", left: "\\", why: "the last byte" },
    { text: "]Q2\\\\000026", left: "\\000026", why: "an escaped backslash before six digits" },
    { text: "]Q2\\\\\\000026x", left: "\\x", why: "an escaped backslash, then an escape" },
  ])("a backslash that begins no escape survives: $why", ({ text, left }) => {
    expect(take(text, "auto").text).toBe(left);
  });

  test.each(["]X1abc", "]Q9abc", "]q1abc", "]", "]Q", "[Q1abc", "x]Q1abc", "", "]]Q1"])(
    "%j begins with no known identifier and survives",
    (text) => {
      expect(take(text, "auto")).toEqual({ aim: null, symbology: null, text });
    },
  );

  test("an identifier is taken off once", () => {
    expect(take("]Q1]Q1P1:ABC", "auto")).toEqual({ aim: "]Q1", symbology: "qr", text: "]Q1P1:ABC" });
  });

  test("with nothing behind the identifier the content is empty", () => {
    expect(take("]Q1", "auto")).toEqual({ aim: "]Q1", symbology: "qr", text: "" });
  });

  test("a scanner known to send identifiers may send one outside the table", () => {
    expect(take("]e0(01)04012345123456", "on")).toEqual({ aim: "]e0", symbology: null, text: "(01)04012345123456" });
    expect(take("P1:ABC", "on")).toEqual({ aim: null, symbology: null, text: "P1:ABC" });
    expect(take("]--", "on")).toEqual({ aim: null, symbology: null, text: "]--" });
  });

  test("any bytes behind an identifier without ECI come out as they went in", () => {
    fc.assert(
      fc.property(fc.constantFrom(...plain), fc.uint8Array({ maxLength: 200 }), ({ aim }, content) => {
        const frame = Buffer.concat([Buffer.from(aim), content]);
        expect(Buffer.from(takeAim(frame, "auto").bytes).equals(content)).toBe(true);
      }),
    );
  });

  test("any bytes escaped as the ECI protocol asks come out as they went in", () => {
    const pieces = fc.array(fc.tuple(fc.nat(999_999), fc.uint8Array({ maxLength: 20 })), { maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...escaping), pieces, ({ aim }, content) => {
        const sent = content.map(([eci, bytes]) => {
          const doubled = Buffer.from(bytes).toString("latin1").replaceAll("\\", "\\\\");
          return `\\${String(eci).padStart(6, "0")}${doubled}`;
        });
        const meant = content.map(([, bytes]) => Buffer.from(bytes).toString("latin1"));
        expect(take(aim + sent.join(""), "auto").text).toBe(meant.join(""));
      }),
    );
  });
});
