import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { decodePng } from "../../drivers/image/png.ts";
import { chunk, greyPng, type HeaderFields, ihdr, pngFile, pngSignature } from "./png-files.ts";

const maxPixels = 1 << 16;
const channels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all rows, each with its filter type, before compression. */
function rowLengths(header: Required<HeaderFields>): readonly number[] {
  const bits = header.depth * (channels[header.colourType] ?? 1);
  const rows = (columns: number, count: number) =>
    columns > 0 ? Array.from({ length: count }, () => 1 + Math.ceil((columns * bits) / 8)) : [];
  if (header.interlace === 0) return rows(header.width, header.height);
  return adam7.flatMap(([x, y, dx, dy]) =>
    rows(Math.ceil((header.width - x) / dx), Math.max(0, Math.ceil((header.height - y) / dy))),
  );
}

/** What the reference decoder makes of it, put on white and turned to grey. */
function reference(file: Uint8Array): readonly number[] {
  const { data } = PNG.sync.read(Buffer.from(file));
  return Array.from({ length: data.length / 4 }, (_, at) => {
    const [r = 0, g = 0, b = 0, a = 0] = data.subarray(at * 4, at * 4 + 4);
    const grey = 0.299 * r + 0.587 * g + 0.114 * b;
    return (grey * a + 255 * (255 - a)) / 255;
  });
}

const forms: readonly (readonly [number, readonly number[]])[] = [
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
];

describe("every colour type, depth, filter and interlacing of PNG gives the grey that a reference decoder gives", () => {
  test.each(forms.flatMap(([colourType, depths]) => depths.map((depth) => [colourType, depth] as const)))(
    "colour type %i, %i bits",
    (colourType, depth) => {
      const files = fc.record({
        width: fc.integer({ min: 1, max: 20 }),
        height: fc.integer({ min: 1, max: 20 }),
        interlace: fc.constantFrom(0, 1),
        transparent: fc.boolean(),
        seed: fc.integer({ min: 1 }),
      });
      fc.assert(
        fc.property(files, ({ width, height, interlace, transparent, seed }) => {
          const header = { width, height, depth, colourType, interlace };
          const noise = noiseOf(seed);
          const rows = rowLengths(header).map((length) => Buffer.from([noise() % 5, ...bytes(length - 1, noise)]));
          const palette = colourType === 3 ? [chunk("PLTE", bytes(3 * 2 ** depth, noise))] : [];
          const key = { 0: bytes(2, () => 0), 2: bytes(6, () => 0), 3: bytes(2 ** depth, noise) }[colourType];
          const trns = transparent && key !== undefined ? [chunk("tRNS", key)] : [];
          const file = pngFile(header, ...palette, ...trns, chunk("IDAT", deflateSync(Buffer.concat(rows))));
          const decoded = decodePng(file, maxPixels);
          if (decoded.outcome === "refused") throw new Error(decoded.detail);
          expect([decoded.width, decoded.height]).toEqual([width, height]);
          const apart = reference(file).map((grey, at) => Math.abs(grey - (decoded.pixels[at] ?? -99)));
          // Sixteen bits are cut to eight here and rounded there, in the colour and in its alpha.
          expect(Math.max(...apart)).toBeLessThan(depth === 16 ? 3 : 1.5);
        }),
        { numRuns: 60 },
      );
    },
  );
});

function noiseOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
}

function bytes(length: number, next: () => number): Uint8Array {
  return Uint8Array.from({ length }, next);
}

const pixels = deflateSync(Buffer.alloc(6 * 5));
const good = pngFile({ width: 5, height: 5 }, chunk("IDAT", deflateSync(Buffer.alloc(30))));

describe("a PNG that contradicts itself is refused, never half shown", () => {
  const idat = chunk("IDAT", pixels);
  const flipped = Buffer.from(good);
  flipped[45] = (flipped[45] ?? 0) ^ 1;
  test.each<readonly [string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "unsupported_image"],
    ["a signature alone", pngSignature, "damaged_image"],
    ["no header first", Buffer.concat([pngSignature, idat, ihdr({ width: 5, height: 5 })]), "damaged_image"],
    ["two headers", pngFile({ width: 5, height: 5 }, ihdr({ width: 5, height: 5 }), idat), "damaged_image"],
    ["no width", pngFile({ width: 0, height: 5 }, idat), "damaged_image"],
    [
      "a depth that its colour type does not have",
      pngFile({ width: 5, height: 5, colourType: 2, depth: 4 }, idat),
      "damaged_image",
    ],
    ["an unknown colour type", pngFile({ width: 5, height: 5, colourType: 5 }, idat), "damaged_image"],
    ["an unknown interlacing", pngFile({ width: 5, height: 5, interlace: 2 }, idat), "damaged_image"],
    ["a wrong checksum", flipped, "damaged_image"],
    ["no end", good.subarray(0, -12), "damaged_image"],
    ["no pixels", pngFile({ width: 5, height: 5 }), "damaged_image"],
    ["too few pixels", pngFile({ width: 5, height: 6 }, idat), "damaged_image"],
    ["too many pixels", pngFile({ width: 5, height: 4 }, idat), "damaged_image"],
    ["no zlib stream", pngFile({ width: 5, height: 5 }, chunk("IDAT", Buffer.alloc(30, 7))), "damaged_image"],
    [
      "an unknown filter",
      pngFile({ width: 5, height: 5 }, chunk("IDAT", deflateSync(Buffer.alloc(30, 5)))),
      "damaged_image",
    ],
    ["no palette", pngFile({ width: 5, height: 5, colourType: 3 }, idat), "damaged_image"],
    [
      "a part that is unknown and needed",
      pngFile({ width: 5, height: 5 }, chunk("ABCD", pixels), idat),
      "unsupported_image",
    ],
    [
      "a hundred thousand empty parts",
      pngFile({ width: 5, height: 5 }, Buffer.alloc(1_200_000, chunk("tEXt", new Uint8Array(0)))),
      "unsupported_image",
    ],
    ["more pixels than allowed", pngFile({ width: 257, height: 256 }, idat), "too_many_pixels"],
    [
      "more bytes for each pixel than pictures have",
      pngFile({ width: 256, height: 256, colourType: 6, depth: 16 }, idat),
      "too_many_pixels",
    ],
  ])("%s", (_, file, reason) => {
    expect(decodePng(file, maxPixels)).toMatchObject({ outcome: "refused", reason });
  });

  test("and the same PNG without the mistake is shown, with any optional part in between", () => {
    const optional = ["tEXt", "iCCP", "acTL"].map((type) => chunk(type, Buffer.from("not a stream")));
    const file = pngFile({ width: 5, height: 5 }, ...optional, chunk("IDAT", deflateSync(Buffer.alloc(30))));
    for (const whole of [good, file, Buffer.concat([good, Buffer.alloc(50, 9)])]) {
      expect(decodePng(whole, maxPixels)).toMatchObject({ outcome: "frame", width: 5, height: 5 });
    }
  });

  test("every cut of a PNG is refused", () => {
    const whole = greyPng(
      9,
      9,
      Uint8Array.from({ length: 81 }, (_, at) => at * 3),
    );
    for (let length = 0; length < whole.length; length += 1) {
      expect(decodePng(whole.subarray(0, length), maxPixels).outcome).toBe("refused");
    }
    expect(decodePng(whole, maxPixels).outcome).toBe("frame");
  });
});
