import { deflateSync } from "node:zlib";
import { encode as encodeJpeg } from "jpeg-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ImageEngine, type ImageSymbology, imageEngines, imageSymbologies } from "../../drivers/image/index.ts";
import type { GreyFrame } from "../../drivers/image/picture.ts";
import { qrText, signE1B } from "../../fixtures/issuer/index.ts";
import { keys, known, pass } from "../verifier/world.ts";
import { type BarcodeKind, barcode, blank, draw, picture } from "./barcodes.ts";
import { codesOf, type TestDecoder, testDecoder, told } from "./open-decoder.ts";
import { chunk, greyPng, pngFile } from "./png-files.ts";

let decoders: Readonly<Record<ImageEngine, TestDecoder>>;
beforeAll(async () => {
  const [wasm, library] = await Promise.all(imageEngines.map((engine) => testDecoder(engine)));
  decoders = { "zxing-wasm": known(wasm), "zxing-library": known(library) };
});
afterAll(async () => {
  await Promise.all(Object.values(decoders).map((decoder) => decoder.close()));
});

const grey = (frame: GreyFrame) => ({ ...frame, kind: "grey" }) as const;
const contents: Readonly<Record<ImageSymbology, string>> = {
  qr: "P1:SOME PASS $%*+-./:",
  aztec: "M1DESMARAIS/LUC E",
  pdf417: "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100",
  code128: "PASS-4711-xyz",
  datamatrix: "P1.abcdefgh",
};

describe.each(imageEngines)("%s", (engine) => {
  test.each(imageSymbologies)(
    "reads a clean %s to exactly its bytes, from every kind of picture",
    async (symbology) => {
      const frame = picture(barcode(symbology, contents[symbology]), { module: 5 });
      const expected = [`${symbology} ${contents[symbology]}`];
      const pictures = [
        grey(frame),
        { kind: "png", bytes: greyPng(frame.width, frame.height, frame.pixels) },
        { kind: "jpeg", bytes: jpeg(frame) },
      ] as const;
      for (const shown of pictures) expect(told(await decoders[engine].decode(shown))).toEqual(expected);
    },
  );

  test("reads the QR code of a signed pass, 154 characters, to exactly its bytes", async () => {
    const text = qrText(signE1B(pass(), keys.pass));
    expect(text).toHaveLength(154);
    const frame = picture(barcode("qr", text), { module: 4 });
    expect(told(await decoders[engine].decode(grey(frame)))).toEqual([`qr ${text}`]);
  });

  test("gives every byte of a binary code back, 0x00 to 0xff", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const text = [...bytes].map((byte) => `^${String(byte).padStart(3, "0")}`).join("");
    const frame = picture(barcode("qr", text, { parse: true, binarytext: true }), { module: 4 });
    const [code] = codesOf(await decoders[engine].decode(grey(frame)));
    expect(code?.bytes).toEqual(bytes);
  });

  test("tells where a code lies", async () => {
    const canvas = blank(640, 480);
    const corners = draw(canvas, barcode("datamatrix", contents.datamatrix), { module: 5, centre: { x: 335, y: 225 } });
    const [code] = codesOf(await decoders[engine].decode(grey(canvas)));
    for (const corner of corners) {
      const nearest = Math.min(...(code?.corners ?? []).map(({ x, y }) => Math.hypot(x - corner.x, y - corner.y)));
      expect(nearest).toBeLessThan(8);
    }
  });

  test("looks only for the symbologies it is asked for", async () => {
    const canvas = blank(900, 500);
    draw(canvas, barcode("qr", "P1:ONE"), { module: 5, centre: { x: 200, y: 250 } });
    draw(canvas, barcode("datamatrix", "P1.two"), { module: 6, centre: { x: 650, y: 250 } });
    const ask = (symbologies: readonly ImageSymbology[]) => decoders[engine].decode(grey(canvas), { symbologies });
    expect(told(await ask(["qr"]))).toEqual(["qr P1:ONE"]);
    expect(told(await ask(["datamatrix"]))).toEqual(["datamatrix P1.two"]);
    expect(told(await ask(["aztec"]))).toEqual([]);
  });

  test("finds nothing where there is nothing, and calls a short Code 128 nothing", async () => {
    expect(told(await decoders[engine].decode(grey(blank(640, 480, 128))))).toEqual([]);
    for (const [text, found] of [
      ["12A45", []],
      ["12A456", ["code128 12A456"]],
    ] as const) {
      expect(told(await decoders[engine].decode(grey(picture(barcode("code128", text), { module: 3 }))))).toEqual(
        found,
      );
    }
  });

  test.each<readonly [string, readonly (readonly [ImageSymbology, string, number, number])[]]>([
    [
      "two QR codes side by side",
      [
        ["qr", "P1:LEFT", 200, 300],
        ["qr", "P1:RIGHT", 700, 300],
      ],
    ],
    [
      "three QR codes, one above the others",
      [
        ["qr", "P1:A", 450, 120],
        ["qr", "P1:B", 200, 450],
        ["qr", "P1:C", 700, 450],
      ],
    ],
    [
      "a QR code and a PDF417",
      [
        ["qr", "P1:ONE", 450, 130],
        ["pdf417", "M1TWO", 450, 420],
      ],
    ],
    [
      "two PDF417",
      [
        ["pdf417", "M1ONE", 450, 120],
        ["pdf417", "M1TWO", 450, 430],
      ],
    ],
    [
      "two Code 128, one above the other",
      [
        ["code128", "CODE-ONE", 450, 130],
        ["code128", "CODE-TWO", 450, 450],
      ],
    ],
    [
      "two Code 128 in a row",
      [
        ["code128", "CODE-ONE", 220, 300],
        ["code128", "CODE-TWO", 680, 300],
      ],
    ],
    [
      "two Data Matrix",
      [
        ["datamatrix", "P1.one", 200, 300],
        ["datamatrix", "P1.two", 700, 300],
      ],
    ],
  ])("never chooses: %s are all told", async (_, placed) => {
    const canvas = blank(900, 600);
    for (const [symbology, text, x, y] of placed) {
      const module = symbology === "code128" || symbology === "pdf417" ? 3 : 6;
      draw(canvas, barcode(symbology, text), { module, centre: { x, y } });
    }
    const expected = placed.map(([symbology, text]) => `${symbology} ${text}`);
    expect(told(await decoders[engine].decode(grey(canvas))).toSorted()).toEqual(expected.toSorted());
  });

  test("answers pictures given at once each with its own reading, and refuses the ninth that waits", async () => {
    const frames = Array.from({ length: 9 }, (_, at) => grey(picture(barcode("qr", `P1:${at}`), { module: 3 })));
    const readings = await Promise.all(frames.map((frame) => decoders[engine].decode(frame)));
    expect(readings.slice(0, 8).flatMap(told)).toEqual(Array.from({ length: 8 }, (_, at) => `qr P1:${at}`));
    expect(readings[8]).toMatchObject({ outcome: "refused", reason: "engine_failed" });
  });
});

describe("zxing-library", () => {
  test("reads a PDF417 whose beginning is half covered", async () => {
    const canvas = blank(700, 200);
    draw(canvas, barcode("pdf417", contents.pdf417), { module: 3, centre: { x: 350, y: 100 } });
    for (let row = 60; row < 200; row += 1) canvas.pixels.fill(255, row * 700, row * 700 + 150);
    expect(told(await decoders["zxing-library"].decode(grey(canvas)))).toEqual([`pdf417 ${contents.pdf417}`]);
  });

  test("does not tell the AIM identifier, and does not guess it", async () => {
    const frame = picture(barcode("gs1qr", "(01)09501101530003"), { module: 5 });
    expect(codesOf(await decoders["zxing-library"].decode(grey(frame)))).toMatchObject([
      { aim: null, symbology: "qr" },
    ]);
  });
});

describe("zxing-wasm", () => {
  test.each<readonly [string, BarcodeKind, string, string]>([
    ["]Q1", "qr", "P1:X", "qr"],
    ["]Q3", "gs1qr", "(01)09501101530003", "qr"],
    ["]z0", "aztec", "P1:X", "aztec"],
    ["]L2", "pdf417", "P1:X", "pdf417"],
    ["]C0", "code128", "PASS-4711", "code128"],
    ["]C1", "gs1code128", "(01)09501101530003", "code128"],
    ["]d1", "datamatrix", "P1:X", "datamatrix"],
    ["]d2", "gs1datamatrix", "(01)09501101530003", "datamatrix"],
  ])("gives the AIM identifier %s", async (aim, kind, text, symbology) => {
    const frame = picture(barcode(kind, text), { module: 5, quiet: 10 });
    expect(codesOf(await decoders["zxing-wasm"].decode(grey(frame)))).toMatchObject([{ aim, symbology }]);
  });

  test.each([-15, -12, -8, -5, 4, 7, 10, 15])(
    "reads a PDF417 tilted by %i degrees, and tells its place",
    async (degrees) => {
      const canvas = blank(900, 600, 160);
      const code = barcode("pdf417", contents.pdf417);
      const corners = draw(canvas, code, { module: 3, centre: { x: 450, y: 300 }, degrees });
      const [found, ...others] = codesOf(await decoders["zxing-wasm"].decode(grey(canvas)));
      expect(others).toEqual([]);
      expect(Buffer.from(found?.bytes ?? []).toString("latin1")).toBe(contents.pdf417);
      for (const corner of corners) {
        const nearest = Math.min(...(found?.corners ?? []).map(({ x, y }) => Math.hypot(x - corner.x, y - corner.y)));
        expect(nearest).toBeLessThan(40);
      }
      expect(told(await decoders["zxing-wasm"].decode({ kind: "jpeg", bytes: jpeg(canvas) }))).toHaveLength(1);
    },
  );

  test("reads a code drawn on a transparent ground, as generators make them", async () => {
    const frame = picture(barcode("qr", "P1:X"), { module: 5 });
    // Black throughout; only the alpha shows the code.
    const rows = Array.from({ length: frame.height }, (_, row) =>
      Buffer.from(
        [0, ...frame.pixels.subarray(row * frame.width, (row + 1) * frame.width)].flatMap((p, at) =>
          at === 0 ? [0] : [0, 255 - p],
        ),
      ),
    );
    const header = { width: frame.width, height: frame.height, colourType: 4 };
    const bytes = pngFile(header, chunk("IDAT", deflateSync(Buffer.concat(rows))));
    expect(told(await decoders["zxing-wasm"].decode({ kind: "png", bytes }))).toEqual(["qr P1:X"]);
  });

  test("reads a code in dark mode, white on black", async () => {
    const frame = picture(barcode("qr", "P1:X"), { module: 5 });
    const pixels = frame.pixels.map((pixel) => 255 - pixel);
    expect(told(await decoders["zxing-wasm"].decode(grey({ ...frame, pixels })))).toEqual(["qr P1:X"]);
  });
});

function jpeg({ width, height, pixels }: GreyFrame): Uint8Array {
  const data = Buffer.alloc(width * height * 4, 255);
  for (const [at, pixel] of pixels.entries()) data.fill(pixel, at * 4, at * 4 + 3);
  return encodeJpeg({ data, width, height }, 85).data;
}
