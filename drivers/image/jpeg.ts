import { decode } from "jpeg-js";
import { type DecodedFrame, type Refusal, refusal, tooManyPixels } from "./picture.ts";
import { isJpeg } from "./signatures.ts";

/** JPEG (ITU-T T.81): a look at the structure before anybody decodes it, and the pixels for those who need them. */

const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;
/** Baseline, extended and progressive Huffman: all that cameras, phones and browsers write (T.81 table B.1). */
const supportedFrames = [0xc0, 0xc1, 0xc2];
/** Progressive pictures come in about ten scans; each costs a walk over every block. */
const mostScans = 40;
const mostSampling = 4;

/** The pixel decoder takes about 60 bytes of memory for each pixel. */
export const mostDecodedPixels = 4 << 20;
const decodeMegabytes = 320;

export interface JpegLook {
  readonly outcome: "looked";
  readonly width: number;
  readonly height: number;
}

/**
 * Walks a JPEG from its first marker to its end, without decoding it: one frame of a known kind, of at most `maxPixels`
 * pixels, in a bounded number of scans, with an end.
 *
 * @returns its size, or `unsupported_image`, `too_many_pixels`, `damaged_image`
 */
export function lookAtJpeg(bytes: Uint8Array, maxPixels: number): JpegLook | Refusal {
  if (!isJpeg(bytes)) return refusal("unsupported_image", "The file does not begin as a JPEG does.");
  let size: JpegLook | null = null;
  let scans = 0;
  let at = 2;
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) return refusal("damaged_image", "The JPEG has something between its parts.");
    const marker = bytes[at + 1] ?? 0;
    at += marker === 0xff ? 1 : 2;
    // Fill bytes, and markers that stand alone (T.81 B.1.1.3).
    if (marker === 0xff || marker === TEM || isRestart(marker)) continue;
    if (marker === EOI) {
      if (size === null || scans === 0) return refusal("damaged_image", "The JPEG holds no picture.");
      return size;
    }
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (length < 2 || at + length > bytes.length) break;
    if (isFrame(marker)) {
      const found: JpegLook | Refusal = size === null ? readFrame(bytes, marker, at, length, maxPixels) : severalFrames;
      if (found.outcome === "refused") return found;
      size = found;
    }
    at += length;
    if (marker === SOS) {
      scans += 1;
      if (scans > mostScans) return refusal("unsupported_image", `The JPEG has more than ${mostScans} scans.`);
      at = endOfScan(bytes, at);
    }
  }
  return refusal("damaged_image", "The JPEG ends early.");
}

const severalFrames = refusal("unsupported_image", "The JPEG has more than one frame.");

function readFrame(
  bytes: Uint8Array,
  marker: number,
  at: number,
  length: number,
  maxPixels: number,
): JpegLook | Refusal {
  if (!supportedFrames.includes(marker)) return refusal("unsupported_image", "The JPEG is of a kind that is not read.");
  const [, , precision = 0, y1 = 0, y0 = 0, x1 = 0, x0 = 0, components = 0] = bytes.subarray(at, at + 8);
  const width = (x1 << 8) | x0;
  const height = (y1 << 8) | y0;
  if (precision !== 8 || ![1, 3, 4].includes(components)) {
    return refusal("unsupported_image", "The JPEG has an unusual depth or number of colours.");
  }
  const sampling = bytes.subarray(at + 8, at + length);
  const sampled = Array.from({ length: components }, (_, index) => sampling[index * 3 + 1] ?? 0);
  const factors = sampled.flatMap((both) => [both >> 4, both & 15]);
  if (length < 8 + 3 * components || factors.some((factor) => factor < 1 || factor > mostSampling)) {
    return refusal("damaged_image", "The header of the JPEG contradicts itself.");
  }
  if (width === 0 || height === 0) return refusal("damaged_image", "The JPEG has no size.");
  if (width * height > maxPixels) return tooManyPixels(width, height, maxPixels);
  return { outcome: "looked", width, height };
}

/** Entropy-coded data go on until a marker that is neither a stuffed zero nor a restart (T.81 B.1.1.5). */
function endOfScan(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at + 1 < bytes.length) {
    const next = bytes[at + 1] ?? 0;
    if (bytes[at] === 0xff && next !== 0 && next !== 0xff && !isRestart(next)) return at;
    at += 1;
  }
  return bytes.length;
}

/** SOF0 to SOF15, which share their range with DHT, JPG and DAC (T.81 table B.1). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}

/**
 * The pixels of a JPEG that was looked at.
 *
 * @returns the frame, or `too_many_pixels` when this decoder's memory does not allow it, or `damaged_image`
 */
export function decodeJpeg(bytes: Uint8Array, { width, height }: JpegLook): DecodedFrame | Refusal {
  if (width * height > mostDecodedPixels) return tooManyPixels(width, height, mostDecodedPixels);
  const rgb = decodedRgb(bytes);
  if (rgb === null || rgb.length !== width * height * 3) {
    return refusal("damaged_image", "The pixels of the JPEG cannot be decoded.");
  }
  const pixels = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < pixels.length; at += 1, from += 3) {
    // ITU-R BT.601, in 1024ths.
    pixels[at] = (306 * (rgb[from] ?? 0) + 601 * (rgb[from + 1] ?? 0) + 117 * (rgb[from + 2] ?? 0) + 512) >> 10;
  }
  return { outcome: "frame", width, height, pixels };
}

function decodedRgb(bytes: Uint8Array): Uint8Array | null {
  try {
    return decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      maxResolutionInMP: mostDecodedPixels / 1e6,
      maxMemoryUsageInMB: decodeMegabytes,
    }).data;
  } catch {
    // The library throws plain errors of any kind for a picture it cannot read: that is all they mean.
    return null;
  }
}
