import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { drawQrCode, type QrCode, qrCode } from "../../agent/cli/qr-code.ts";
import { scannerModels } from "../../drivers/serial/index.ts";
import { type Barcode, barcodeOfLines, picture } from "../image/barcodes.ts";
import { testDecoder, told } from "../image/open-decoder.ts";

function barcodeOf({ size, dark }: QrCode): Barcode {
  const modules = Array.from({ length: size * size }, (_, at) => dark(Math.floor(at / size), at % size));
  return { columns: size, rows: size, rowHeight: 1, dark: modules };
}

const texts = [
  "A",
  "x".repeat(17),
  "x".repeat(18),
  "y".repeat(32),
  "y".repeat(53),
  "z".repeat(78),
  "z".repeat(79),
  "ä€".repeat(21),
  "0".repeat(106),
];

describe("a QR code for the terminal", () => {
  test.each(["zxing-wasm", "zxing-library"] as const)("is read by %s, of any length that fits", async (engine) => {
    await using decoder = await testDecoder(engine);
    for (const text of texts) {
      const code = qrCode(text);
      if (code === null) throw new Error(`no code for ${text}`);
      const reading = await decoder.decode({ kind: "grey", ...picture(barcodeOf(code), { module: 4 }) });
      expect(told(reading)).toEqual([`qr ${Buffer.from(text, "utf8").toString("latin1")}`]);
    }
  });

  test("is none for a text that is too long", () => {
    expect(qrCode("0".repeat(107))).toBe(null);
  });

  test("is read from the half blocks, with its border", async () => {
    await using decoder = await testDecoder("zxing-wasm");
    const code = qrCode("P1:TERMINAL");
    const lines = code === null ? [] : drawQrCode(code);
    // Version 1 with four light modules on each side, two rows a line.
    expect(lines).toHaveLength(15);
    const reading = await decoder.decode({
      kind: "grey",
      ...picture(barcodeOfLines(lines.map((line) => stripVTControlCharacters(line))), { module: 4, quiet: 0 }),
    });
    expect(told(reading)).toEqual(["qr P1:TERMINAL"]);
  });

  test("can be drawn of each setup code that a row of the table has", () => {
    const codes = scannerModels.flatMap(({ setupCode }) => (setupCode === null ? [] : [setupCode.text]));
    expect(codes.length).toBeGreaterThan(0);
    for (const text of codes) expect(qrCode(text)).not.toBe(null);
  });
});
