import { readFile } from "node:fs/promises";
import { prepareZXingModule, type ReadInputBarcodeFormat, type ReadResult, readBarcodes } from "zxing-wasm/reader";
import { type CheckedPicture, type Engine, leastCode128Bytes, mostCodes } from "./engine.ts";
import { decodeJpeg } from "./jpeg.ts";
import {
  type DecodedCode,
  type GreyFrame,
  type ImageSymbology,
  imageSymbologies,
  type Point,
  type Refusal,
  refusal,
} from "./picture.ts";
import { rotate } from "./rotation.ts";

/** zxing-cpp as WebAssembly. The only file that knows it. */

const formats: Readonly<Record<ImageSymbology, ReadInputBarcodeFormat>> = {
  qr: "QRCode",
  aztec: "Aztec",
  pdf417: "PDF417",
  code128: "Code128",
  datamatrix: "DataMatrix",
};

/** zxing-cpp reads PDF417 line by line and misses it from 5 degrees on (ecosystem.md 6.4); nearest first. */
const tilts = [-5, 5, -10, 10, -15, 15] as const;
/** Six more frames of this size fit into the time limit; larger ones are read as they are. */
const mostTiltedPixels = 4 << 20;

/**
 * Starts the engine. Its `.wasm` is read from disk and handed over: left alone, the package would fetch it from the network.
 *
 * @throws whatever the file system or the engine throws: the decoding process ends then
 */
export async function openZxingWasm(): Promise<Engine> {
  // In the bundle the file lies beside it, in the source inside the package.
  const name = import.meta.url.endsWith(".ts") ? "zxing-wasm/reader/zxing_reader.wasm" : "./zxing_reader.wasm";
  const wasm = await readFile(new URL(import.meta.resolve(name)));
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
  return { read };
}

async function read(
  picture: CheckedPicture,
  symbologies: readonly ImageSymbology[],
): Promise<readonly DecodedCode[] | Refusal> {
  const found =
    picture.kind === "grey" ? await readFrame(picture.frame, symbologies) : await readJpeg(picture, symbologies);
  if ("outcome" in found || found.length > 0 || !symbologies.includes("pdf417")) return found;
  const frame = tiltable(picture);
  return frame === null ? found : readTilted(frame);
}

/** Null for a picture that is too large to be read seven times, or whose pixels we cannot get at. */
function tiltable(picture: CheckedPicture): GreyFrame | null {
  const { width, height } = picture.kind === "grey" ? picture.frame : picture.look;
  if (width * height > mostTiltedPixels) return null;
  if (picture.kind === "grey") return picture.frame;
  const decoded = decodeJpeg(picture.bytes, picture.look);
  return decoded.outcome === "frame" ? decoded : null;
}

async function readTilted(frame: GreyFrame): Promise<readonly DecodedCode[]> {
  for (const degrees of tilts) {
    const rotated = rotate(frame, degrees);
    const found = await readFrame(rotated.frame, ["pdf417"]);
    if (found.length > 0) return found.map((code) => ({ ...code, corners: code.corners.map(rotated.back) }));
  }
  return [];
}

/** A binary PGM is grey pixels behind a line of text, which the engine takes without converting anything. */
async function readFrame(frame: GreyFrame, symbologies: readonly ImageSymbology[]): Promise<readonly DecodedCode[]> {
  const header = Buffer.from(`P5\n${frame.width} ${frame.height}\n255\n`, "latin1");
  return codesOf(await readBarcodes(new Uint8Array(Buffer.concat([header, frame.pixels])), options(symbologies)));
}

async function readJpeg(
  { bytes }: { readonly bytes: Uint8Array },
  symbologies: readonly ImageSymbology[],
): Promise<readonly DecodedCode[] | Refusal> {
  try {
    return codesOf(await readBarcodes(bytes, options(symbologies)));
  } catch {
    // The engine stumbles over its own error result, a TypeError, whenever it cannot load an image.
    return refusal("damaged_image", "The JPEG cannot be decoded.");
  }
}

function options(symbologies: readonly ImageSymbology[]) {
  return {
    formats: symbologies.map((symbology) => formats[symbology]),
    maxNumberOfSymbols: mostCodes,
    // Two equal lines misread one code in 150 at small sizes, three none (ecosystem.md 6.4).
    minLineCount: 3,
  };
}

function codesOf(results: readonly ReadResult[]): readonly DecodedCode[] {
  return results.map(codeOf).filter((code) => code !== null);
}

function codeOf(result: ReadResult): DecodedCode | null {
  const symbology = imageSymbologies.find((candidate) => formats[candidate] === result.symbology);
  if (!result.isValid || symbology === undefined) return null;
  if (symbology === "code128" && result.bytes.length < leastCode128Bytes) return null;
  return {
    bytes: Uint8Array.from(result.bytes),
    symbology,
    aim: result.symbologyIdentifier === "" ? null : result.symbologyIdentifier,
    corners: cornersOf(result),
  };
}

function cornersOf({ position }: ReadResult): readonly Point[] {
  const { topLeft, topRight, bottomRight, bottomLeft } = position;
  return [topLeft, topRight, bottomRight, bottomLeft].map(({ x, y }) => ({ x, y }));
}
