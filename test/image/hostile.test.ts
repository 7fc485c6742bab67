import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { imageEngines, openImageDecoder, type Picture, sniffPicture } from "../../drivers/image/index.ts";
import { lookAtJpeg } from "../../drivers/image/jpeg.ts";
import { barcode, picture } from "./barcodes.ts";
import { eoi, flatJpeg, scan, segment, sof, soi, tables } from "./jpeg-files.ts";
import { decodingProcesses, testDecoder, told } from "./open-decoder.ts";
import { chunk, pngFile } from "./png-files.ts";

const good = { kind: "grey", ...picture(barcode("qr", "P1:GOOD"), { module: 4 }) } as const;
const side = 30_000;
const zeros = (megabytes: number) => deflateSync(Buffer.alloc(megabytes << 20), { level: 9 });
const repeated = (part: Uint8Array, bytes: number) => Buffer.alloc(Math.floor(bytes / part.length) * part.length, part);
const png = (bytes: Uint8Array): Picture => ({ kind: "png", bytes });
const jpeg = (bytes: Uint8Array): Picture => ({ kind: "jpeg", bytes });
const jpegOf = (...parts: readonly Uint8Array[]) => jpeg(Buffer.concat([soi, ...parts, eoi]));
const idat = chunk("IDAT", zeros(1));
const tenMegabytes = 10 << 20;

/** reliability.md F-22: bombs and broken files. */
const hostile: readonly (readonly [string, () => Picture, string])[] = [
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

/** The longest that this process did nothing else while `act` ran, ms. */
async function longestStop(act: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 2);
  await act();
  clearInterval(timer);
  return longest;
}

describe("F-22: a hostile picture is refused for its reason, and the next picture is read", () => {
  test("within 200 ms each, while this process goes on", { timeout: 60_000 }, async () => {
    await using decoder = await testDecoder("zxing-wasm");
    const [before] = decodingProcesses();
    const slow: string[] = [];
    for (const [what, make, reason] of hostile) {
      const shown = make();
      // A busy machine may be late once; what is slow by itself is slow every time.
      let inTime = false;
      for (let attempt = 0; attempt < 4 && !inTime; attempt += 1) {
        const startedAt = performance.now();
        let tookMs = 0;
        const stopMs = await longestStop(async () => {
          expect([what, await decoder.decode(shown)]).toMatchObject([what, { outcome: "refused", reason }]);
          tookMs = performance.now() - startedAt;
        });
        inTime = tookMs <= 200 && stopMs <= 50;
      }
      if (!inTime) slow.push(what);
      expect(told(await decoder.decode(good))).toEqual(["qr P1:GOOD"]);
    }
    expect(slow).toEqual([]);
    // None of them brought the process down.
    expect(decodingProcesses()).toEqual([before]);
  });

  test("a flat JPEG made by the same hand is read: the refusals above are for what is wrong with them", async () => {
    expect(lookAtJpeg(flatJpeg(640, 480), 1 << 20)).toEqual({ outcome: "looked", width: 640, height: 480 });
    for (const engine of imageEngines) {
      await using decoder = await testDecoder(engine);
      expect(told(await decoder.decode(jpeg(flatJpeg(640, 480))))).toEqual([]);
    }
  });

  test("only PNG and JPEG are recognised by their first bytes", () => {
    expect(sniffPicture(pngFile({ width: 1, height: 1 }))?.kind).toBe("png");
    expect(sniffPicture(flatJpeg(8, 8))?.kind).toBe("jpeg");
    for (const text of ["<svg/>", "GIF89a", "RIFF....WEBP", "BM", "P5 1 1 255 x", "%PDF-1.7", ""]) {
      expect(sniffPicture(Buffer.from(text, "latin1"))).toBeNull();
    }
  });

  test("a JPEG too large for the engine in plain JavaScript is refused by it, not tried", async () => {
    await using decoder = await testDecoder("zxing-library");
    expect(await decoder.decode(jpeg(flatJpeg(2_100, 2_000)))).toMatchObject({ reason: "too_many_pixels" });
  });
});

describe("the decoding process is replaced", () => {
  const noise = Uint8Array.from({ length: 1 << 24 }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 13) & 255);
  const slow = { kind: "grey", width: 4_096, height: 4_096, pixels: noise } as const;

  test("after a picture that takes longer than the limit, which is refused as such", async () => {
    await using decoder = await testDecoder("zxing-wasm", { limits: { timeMs: 1_000 } });
    const [before] = decodingProcesses();
    const startedAt = performance.now();
    expect(await decoder.decode(slow)).toMatchObject({ outcome: "refused", reason: "timeout" });
    // Seconds of work were cut short.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(told(await decoder.decode(good))).toEqual(["qr P1:GOOD"]);
    const after = decodingProcesses();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual([before]);
  });

  test("after somebody killed it while it was idle, unnoticed by the next picture", async () => {
    await using decoder = await testDecoder("zxing-wasm");
    for (const pid of decodingProcesses()) kill(pid, "SIGKILL");
    await sleep(100);
    expect(told(await decoder.decode(good))).toEqual(["qr P1:GOOD"]);
  });

  test("after somebody killed it over a picture, which is refused; those that wait are read", async () => {
    await using decoder = await testDecoder("zxing-wasm", { limits: { timeMs: 5_000 } });
    const readings = [decoder.decode(slow), decoder.decode(good), decoder.decode(good)];
    await sleep(50);
    for (const pid of decodingProcesses()) kill(pid, "SIGKILL");
    const [first, ...others] = await Promise.all(readings);
    expect(first).toMatchObject({ outcome: "refused", reason: "engine_failed" });
    expect(others.flatMap(told)).toEqual(["qr P1:GOOD", "qr P1:GOOD"]);
  });
});

describe("the decoding process ends", () => {
  test("when the decoder is closed, with whatever it was doing", async () => {
    const decoder = await openImageDecoder({ engine: "zxing-wasm", signal: new AbortController().signal });
    expect(decodingProcesses()).toHaveLength(1);
    const under = decoder.decode({ kind: "grey", width: 4_000, height: 4_000, pixels: new Uint8Array(16_000_000) });
    await decoder.close();
    expect(decodingProcesses()).toEqual([]);
    expect(await under).toMatchObject({ outcome: "refused", reason: "engine_failed" });
    expect(await decoder.decode(good)).toMatchObject({ outcome: "refused", reason: "engine_failed" });
    await decoder.close();
  });

  test("when the signal aborts, at any time", async () => {
    const stopping = new AbortController();
    const decoder = await openImageDecoder({ engine: "zxing-wasm", signal: stopping.signal });
    stopping.abort();
    await decoder.close();
    expect(decodingProcesses()).toEqual([]);
    const late = await openImageDecoder({ engine: "zxing-wasm", signal: AbortSignal.abort() });
    expect(await late.decode(good)).toMatchObject({ reason: "engine_failed" });
    expect(decodingProcesses()).toEqual([]);
  });
});
