import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { imageEngines, openImageDecoder, sniffPicture } from "../../drivers/image/index.ts";
import { lookAtJpeg } from "../../drivers/image/jpeg.ts";
import { barcode, picture } from "./barcodes.ts";
import { bombs, jpeg } from "./bombs.ts";
import { flatJpeg } from "./jpeg-files.ts";
import { decodingProcesses, longestStop, testDecoder, told } from "./open-decoder.ts";
import { pngFile } from "./png-files.ts";

const good = { kind: "grey", ...picture(barcode("qr", "P1:GOOD"), { module: 4 }) } as const;
describe("F-22: a hostile picture is refused for its reason, and the next picture is read", () => {
  test("within 200 ms each, while this process goes on", { timeout: 60_000 }, async () => {
    await using decoder = await testDecoder("zxing-wasm");
    const [before] = decodingProcesses();
    const slow: string[] = [];
    for (const [what, make, reason] of bombs) {
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
