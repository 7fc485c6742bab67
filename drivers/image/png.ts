import { crc32, inflateSync } from "node:zlib";
import { type DecodedFrame, type Refusal, refusal, tooManyPixels } from "./picture.ts";
import { type PngHeader, passesOf, scanlinesBytes, toGrey } from "./png-samples.ts";
import { isPng, pngSignature } from "./signatures.ts";

/**
 * PNG to grey (W3C PNG, third edition). Only what shows the picture is looked at: metadata, colour profiles and the frames
 * of an animation are skipped without inflating them, and the pixels are inflated to exactly the length that the header
 * allows.
 */

const chunkOverhead = 12;
/** Colour types with the bit depths that each may have (PNG 11.2.1). */
const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Encoders write 8 KiB and more into each. */
const mostChunks = 8_192;
/** Eight bytes a pixel occur only in 16-bit RGBA, which no camera or phone writes. */
const mostBytesPerPixel = 5;
const inflateStep = 1 << 20;

/**
 * Decodes a PNG. Transparent pixels are put on white.
 *
 * @param maxPixels refused beyond, by the header alone
 * @returns the frame, or `unsupported_image`, `too_many_pixels`, `damaged_image`
 */
export function decodePng(bytes: Uint8Array, maxPixels: number): DecodedFrame | Refusal {
  if (!isPng(bytes)) return refusal("unsupported_image", "The file does not begin as a PNG does.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(bytes, view, maxPixels);
  if ("outcome" in header) return header;
  const parts = readChunks(bytes, view, header);
  if ("outcome" in parts) return parts;
  const scanlines = inflateExactly(parts.data, scanlinesBytes(header));
  if (scanlines === null) return refusal("damaged_image", "The pixels of the PNG are not what its header announces.");
  const pixels = toGrey(header, scanlines, parts);
  if (pixels === null) return refusal("damaged_image", "The PNG uses a row filter or a colour that does not exist.");
  return { outcome: "frame", width: header.width, height: header.height, pixels };
}

function readHeader(bytes: Uint8Array, view: DataView, maxPixels: number): PngHeader | Refusal {
  const at = pngSignature.length + 8;
  const whole = bytes.length >= at + 13 + 4;
  if (!whole || view.getUint32(pngSignature.length) !== 13 || typeAt(bytes, pngSignature.length + 4) !== "IHDR") {
    return refusal("damaged_image", "The PNG has no header.");
  }
  const width = view.getUint32(at);
  const height = view.getUint32(at + 4);
  const depth = view.getUint8(at + 8);
  const colourType = view.getUint8(at + 9);
  const interlaced = view.getUint8(at + 12) === 1;
  const known = depths[colourType]?.includes(depth) === true;
  if (!known || view.getUint16(at + 10) !== 0 || view.getUint8(at + 12) > 1 || width === 0 || height === 0) {
    return refusal("damaged_image", "The header of the PNG contradicts itself.");
  }
  if (width * height > maxPixels) return tooManyPixels(width, height, maxPixels);
  const header = { width, height, depth, colourType, passes: passesOf(width, height, interlaced) };
  return scanlinesBytes(header) > maxPixels * mostBytesPerPixel ? tooManyPixels(width, height, maxPixels) : header;
}

interface PngParts {
  /** The zlib stream, joined. */
  readonly data: Uint8Array;
  readonly palette: Uint8Array | null;
  readonly transparency: Uint8Array | null;
}

/** Walks the chunks to IEND, the optional ones without a look inside. */
function readChunks(bytes: Uint8Array, view: DataView, header: PngHeader): PngParts | Refusal {
  const data: Uint8Array[] = [];
  let palette: Uint8Array | null = null;
  let transparency: Uint8Array | null = null;
  let at = pngSignature.length;
  for (let count = 0; at + chunkOverhead <= bytes.length; count += 1) {
    if (count === mostChunks) return refusal("unsupported_image", `The PNG has more than ${mostChunks} parts.`);
    const length = view.getUint32(at);
    const type = typeAt(bytes, at + 4);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) break;
    const body = bytes.subarray(at + 8, end);
    const critical = ((bytes[at + 4] ?? 0) & 0x20) === 0;
    if (critical && crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      return refusal("damaged_image", "A part of the PNG does not match its checksum.");
    }
    switch (type) {
      case "IHDR":
        if (at !== pngSignature.length) return refusal("damaged_image", "The PNG has two headers.");
        break;
      case "PLTE":
        palette = body;
        break;
      case "tRNS":
        transparency = body;
        break;
      case "IDAT":
        data.push(body);
        break;
      case "IEND":
        if (header.colourType === 3 && palette === null) return refusal("damaged_image", "The PNG lacks its palette.");
        return { data: Buffer.concat(data), palette, transparency };
      default:
        // PNG 5.4: what is critical and unknown must not be skipped.
        if (critical) return refusal("unsupported_image", "The PNG has a part that is unknown and needed to show it.");
    }
    at = end + 4;
  }
  return refusal("damaged_image", "The PNG ends early.");
}

/** Null when it inflates to more or less, or not at all. Stops at the first byte too many. */
function inflateExactly(stream: Uint8Array, length: number): Uint8Array | null {
  try {
    const inflated = inflateSync(stream, { maxOutputLength: length, chunkSize: Math.min(inflateStep, length + 64) });
    return inflated.length === length ? inflated : null;
  } catch (cause) {
    // zlib and Node name every failure of a stream with a code; anything else is a defect.
    if (cause instanceof Error && "code" in cause) return null;
    throw cause;
  }
}

function typeAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
