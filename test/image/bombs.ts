import { deflateSync } from "node:zlib";
import type { Picture } from "../../drivers/image/index.ts";
import { eoi, flatJpeg, scan, segment, sof, soi, tables } from "./jpeg-files.ts";
import { chunk, pngFile } from "./png-files.ts";

const side = 30_000;
const zeros = (megabytes: number) => deflateSync(Buffer.alloc(megabytes << 20), { level: 9 });
const repeated = (part: Uint8Array, bytes: number) => Buffer.alloc(Math.floor(bytes / part.length) * part.length, part);
export const png = (bytes: Uint8Array): Picture => ({ kind: "png", bytes });
export const jpeg = (bytes: Uint8Array): Picture => ({ kind: "jpeg", bytes });
const jpegOf = (...parts: readonly Uint8Array[]) => jpeg(Buffer.concat([soi, ...parts, eoi]));
const idat = chunk("IDAT", zeros(1));
const tenMegabytes = 10 << 20;

/** Bombs and broken files: what each is, the file, and the reason for which it must be refused. */
export const bombs: readonly (readonly [string, () => Picture, string])[] = [
  [
    "a PNG of 30,000 x 30,000",
    () => png(pngFile({ width: side, height: side }, chunk("IDAT", zeros(8)))),
    "too_many_pixels",
  ],
  [
    "a JPEG of 30,000 x 30,000",
    () => jpegOf(tables, sof({ width: side, height: side }), scan(Buffer.alloc(9))),
    "too_many_pixels",
  ],
  ["a PNG of 4,000 million columns", () => png(pngFile({ width: 0xffffffff, height: 1 }, idat)), "too_many_pixels"],
  [
    "a grey frame larger than allowed",
    () => ({ kind: "grey", width: side, height: side, pixels: new Uint8Array(9) }),
    "too_many_pixels",
  ],
  ["a zip bomb in IDAT", () => png(pngFile({ width: 100, height: 100 }, chunk("IDAT", zeros(1_000)))), "damaged_image"],
  [
    "a zip bomb in an interlaced PNG",
    () => png(pngFile({ width: 100, height: 100, interlace: 1 }, chunk("IDAT", zeros(500)))),
    "damaged_image",
  ],
  [
    "a zip bomb in many IDAT",
    () => png(pngFile({ width: 100, height: 100 }, ...pieces(zeros(200), 64))),
    "damaged_image",
  ],
  ["a file of 20 MB", () => png(Buffer.alloc(20 << 20)), "too_large"],
  [
    "10 MB of empty PNG parts",
    () => png(pngFile({ width: 9, height: 9 }, repeated(chunk("tEXt", new Uint8Array(0)), tenMegabytes - 100))),
    "unsupported_image",
  ],
  [
    "10 MB of empty JPEG parts",
    () => jpeg(Buffer.concat([soi, repeated(segment(0xe0, new Uint8Array(0)), tenMegabytes - 2)])),
    "damaged_image",
  ],
  ["10 MB of JPEG fill bytes", () => jpeg(Buffer.concat([soi, Buffer.alloc(tenMegabytes - 2, 0xff)])), "damaged_image"],
  [
    "10 MB of stuffed zeros in a scan",
    () =>
      jpeg(
        Buffer.concat([
          soi,
          tables,
          sof({ width: 8, height: 8 }),
          scan(Buffer.alloc(tenMegabytes - 500, Uint8Array.of(0xff, 0))),
        ]),
      ),
    "damaged_image",
  ],
  [
    "a progressive JPEG of a thousand scans",
    () =>
      jpegOf(
        tables,
        sof({ width: 4_000, height: 4_000, marker: 0xc2 }),
        ...new Array<Uint8Array>(1_000).fill(scan(Uint8Array.of(0), [0, 0, 0])),
      ),
    "unsupported_image",
  ],
  [
    "a JPEG with a second, larger frame",
    () => jpegOf(tables, sof({ width: 8, height: 8 }), sof({ width: 4_000, height: 4_000 }), scan(Buffer.alloc(9))),
    "unsupported_image",
  ],
  [
    "an arithmetic-coded JPEG",
    () => jpegOf(tables, sof({ width: 8, height: 8, marker: 0xc9 }), scan(Buffer.alloc(9))),
    "unsupported_image",
  ],
  [
    "a JPEG of 12 bits",
    () => jpegOf(tables, sof({ width: 8, height: 8, precision: 12 }), scan(Buffer.alloc(9))),
    "unsupported_image",
  ],
  [
    "a JPEG of 200 components",
    () =>
      jpegOf(tables, sof({ width: 8, height: 8, sampling: new Array<number>(200).fill(0x11) }), scan(Buffer.alloc(9))),
    "unsupported_image",
  ],
  [
    "a JPEG sampled 15 times 15",
    () => jpegOf(tables, sof({ width: 8, height: 8, sampling: [0xff] }), scan(Buffer.alloc(9))),
    "damaged_image",
  ],
  ["a JPEG of no size", () => jpegOf(tables, sof({ width: 0, height: 8 }), scan(Buffer.alloc(9))), "damaged_image"],
  ["a JPEG without a frame", () => jpegOf(tables, scan(Buffer.alloc(9))), "damaged_image"],
  ["a JPEG without a scan", () => jpegOf(tables, sof({ width: 8, height: 8 })), "damaged_image"],
  ["a JPEG cut short", () => jpeg(flatJpeg(64, 64).subarray(0, -3)), "damaged_image"],
  [
    "a JPEG part that is longer than the file",
    () => jpeg(Buffer.concat([soi, Uint8Array.of(0xff, 0xe0, 0xff, 0xff)])),
    "damaged_image",
  ],
  ["a PNG called JPEG", () => jpeg(pngFile({ width: 9, height: 9 }, idat)), "unsupported_image"],
  ["a JPEG called PNG", () => png(flatJpeg(8, 8)), "unsupported_image"],
  [
    "an SVG",
    () => png(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
    "unsupported_image",
  ],
  ["a GIF", () => png(Buffer.from("GIF89a\x01\x00\x01\x00")), "unsupported_image"],
  ["nothing", () => jpeg(new Uint8Array(0)), "unsupported_image"],
  [
    "a grey frame that is too short",
    () => ({ kind: "grey", width: 10, height: 10, pixels: new Uint8Array(99) }),
    "damaged_image",
  ],
  [
    "a grey frame of no size",
    () => ({ kind: "grey", width: 0, height: 0, pixels: new Uint8Array(0) }),
    "damaged_image",
  ],
  [
    "a grey frame of half a column",
    () => ({ kind: "grey", width: 0.5, height: 2, pixels: new Uint8Array(1) }),
    "damaged_image",
  ],
];

function pieces(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, at) => chunk("IDAT", bytes.subarray(at * size, (at + 1) * size)));
}
