import {
  AztecCodeReader,
  BinaryBitmap,
  Code128Reader,
  DataMatrixReader,
  DecodeHintType,
  HybridBinarizer,
  PDF417Reader,
  QRCodeReader,
  type Reader,
  type Result,
  RGBLuminanceSource,
} from "@zxing/library";
import { type CheckedPicture, type Engine, leastCode128Bytes, mostCodes } from "./engine.ts";
import { decodeJpeg } from "./jpeg.ts";
import type { DecodedCode, DecodedFrame, GreyFrame, ImageSymbology, Point, Refusal } from "./picture.ts";

/**
 * The pure JavaScript engine: no WebAssembly needed. The only file that knows it.
 *
 * Weaker than the other one, and that is its own (docs/image-decoding.md has the rates): no dark-mode codes, little noise, no
 * AIM identifier, one line is enough for a Code 128, content with ECI is text in UTF-8 and not the encoded bytes, JPEG up to
 * 4 million pixels. It finds one code at a time, Aztec and Data Matrix only where the middle of the picture lies, and mixes up
 * the corners of two QR codes; so it is shown the whole picture and nine overlapping parts, and every code found is painted
 * over before it looks again.
 */
export function openZxingLibrary(): Engine {
  return {
    read: async (picture, symbologies) => {
      const frame = frameOf(picture);
      if (frame.outcome === "refused") return frame;
      const codes: DecodedCode[] = [];
      for (const symbology of symbologies) {
        codes.push(...(symbology === "code128" ? linearCodes(frame) : matrixCodes(frame, symbology)));
      }
      return codes.slice(0, mostCodes);
    },
  };
}

function frameOf(picture: CheckedPicture): DecodedFrame | Refusal {
  return picture.kind === "grey" ? { ...picture.frame, outcome: "frame" } : decodeJpeg(picture.bytes, picture.look);
}

type MatrixSymbology = Exclude<ImageSymbology, "code128">;

function readerOf(symbology: MatrixSymbology): Reader {
  switch (symbology) {
    case "qr":
      return new QRCodeReader();
    case "aztec":
      return new AztecCodeReader();
    case "pdf417":
      return new PDF417Reader();
    case "datamatrix":
      return new DataMatrixReader();
  }
}

function matrixCodes(frame: GreyFrame, symbology: MatrixSymbology): readonly DecodedCode[] {
  const codes: DecodedCode[] = [];
  const canvas = { ...frame, pixels: Uint8ClampedArray.from(frame.pixels) };
  const reader = readerOf(symbology);
  for (const window of windowsOf(frame)) {
    while (codes.length < mostCodes) {
      const result = decoded(reader, crop(canvas, window));
      if (result === null) break;
      const corners = cornersOf(result, window);
      // Without a place it cannot be painted over, and would be found again for ever.
      if (corners.length < 2) break;
      codes.push({ bytes: bytesOf(result.getText()), symbology, aim: null, corners });
      paintOver(canvas, corners, finderMargin(result));
    }
  }
  return codes;
}

interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The whole, and its halves in both directions, each half over the next: a code of up to a quarter lies whole in one. */
function windowsOf({ width, height }: GreyFrame): readonly Window[] {
  const halves = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => ({
      left: Math.floor((column * width) / 4),
      top: Math.floor((row * height) / 4),
      width: Math.ceil(width / 2),
      height: Math.ceil(height / 2),
    })),
  );
  return [{ left: 0, top: 0, width, height }, ...halves];
}

interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray;
}

function crop({ width, pixels }: Canvas, window: Window): Canvas {
  const part = new Uint8ClampedArray(window.width * window.height);
  for (let row = 0; row < window.height; row += 1) {
    const from = (window.top + row) * width + window.left;
    part.set(pixels.subarray(from, from + window.width), row * window.width);
  }
  return { width: window.width, height: window.height, pixels: part };
}

/** Bands of the picture, each a quarter of its height and half over the one before: a code fills one or several. */
const bands = 7;

/**
 * A linear code has no height of its own: the reader stops at the first line that it can read. So the picture is read in
 * bands, and equal content in the same columns of neighbouring bands is one code.
 */
function linearCodes({ width, height, pixels }: GreyFrame): readonly DecodedCode[] {
  const found: { readonly code: DecodedCode; lowest: number }[] = [];
  const whole = { width, height, pixels: Uint8ClampedArray.from(pixels) };
  const bandHeight = Math.ceil(height / 4);
  for (let band = 0; band < bands; band += 1) {
    const top = Math.min(Math.floor((band * height) / 8), height - bandHeight);
    const canvas = crop(whole, { left: 0, top, width, height: bandHeight });
    for (let count = 0; count < mostCodes; count += 1) {
      const result = decoded(new Code128Reader(), canvas);
      const [start, end] = result === null ? [] : cornersOf(result, { left: 0, top });
      if (result === null || start === undefined || end === undefined) break;
      const code = {
        bytes: bytesOf(result.getText()),
        symbology: "code128",
        aim: null,
        corners: [start, end],
      } as const;
      const known = found.find((other) => start.y - other.lowest <= bandHeight && isSame(other.code, code));
      if (known !== undefined) known.lowest = Math.max(known.lowest, start.y);
      else if (code.bytes.length >= leastCode128Bytes) found.push({ code, lowest: start.y });
      // Down the whole band, or the next line of the same bars would be read; start and stop reach beyond the two points.
      const strip = [0, bandHeight].flatMap((y) => [start, end].map(({ x }) => ({ x, y })));
      paintOver(canvas, strip, Math.ceil(Math.abs(end.x - start.x) / 12));
    }
  }
  return found.map(({ code }) => code);
}

/** Equal content in columns that overlap. */
function isSame(known: DecodedCode, found: DecodedCode): boolean {
  const [left, right] = [columnsOf(known), columnsOf(found)];
  return Buffer.from(known.bytes).equals(found.bytes) && left.to >= right.from && right.to >= left.from;
}

function columnsOf({ corners }: DecodedCode): { readonly from: number; readonly to: number } {
  const xs = corners.map(({ x }) => x);
  return { from: Math.min(...xs), to: Math.max(...xs) };
}

/** Null when there is none. */
function decoded(reader: Reader, { width, height, pixels }: Canvas): Result | null {
  const hints = new Map<DecodeHintType, unknown>([
    [DecodeHintType.TRY_HARDER, true],
    [DecodeHintType.CHARACTER_SET, "ISO-8859-1"],
  ]);
  try {
    const source = new RGBLuminanceSource(pixels, width, height);
    return reader.decode(new BinaryBitmap(new HybridBinarizer(source)), hints);
  } catch {
    // "Nothing found" is an exception here, and so is every stumble over a picture that only resembles a code.
    return null;
  }
}

function cornersOf(result: Result, { left, top }: Pick<Window, "left" | "top">): readonly Point[] {
  // PDF417 leaves holes in its list.
  const points: readonly (Point | null)[] = result.getResultPoints().map((point) => {
    return point === null ? null : { x: point.getX() + left, y: point.getY() + top };
  });
  return points.filter((point) => point !== null);
}

/** A QR code is told by the centres of its finder patterns, 3.5 modules inside its edge (ISO/IEC 18004 6.3.3). */
function finderMargin(result: Result): number {
  const first: unknown = result.getResultPoints()[0];
  const isFinder = typeof first === "object" && first !== null && "estimatedModuleSize" in first;
  return (isFinder ? Math.ceil(Number(first.estimatedModuleSize) * 4) : 0) + 2;
}

function paintOver({ width, height, pixels }: Canvas, corners: readonly Point[], margin: number): void {
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  const left = Math.max(0, Math.floor(Math.min(...xs)) - margin);
  const right = Math.min(width, Math.ceil(Math.max(...xs)) + margin + 1);
  const bottom = Math.min(height, Math.ceil(Math.max(...ys)) + margin + 1);
  for (let y = Math.max(0, Math.floor(Math.min(...ys)) - margin); y < bottom; y += 1) {
    pixels.fill(255, y * width + left, y * width + Math.max(left, right));
  }
}

/** What the library calls ISO-8859-1 is windows-1252 where the two differ (as in browsers), so each byte has one character. */
function bytesOf(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOf(character);
    // Only ECI brings other characters: then the content is text, and text is UTF-8.
    if (byte === null) return new Uint8Array(Buffer.from(text, "utf8"));
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

const upperHalf = new TextDecoder("windows-1252").decode(Uint8Array.from({ length: 32 }, (_, at) => 0x80 + at));

function byteOf(character: string): number | null {
  const at = upperHalf.indexOf(character);
  if (at >= 0) return 0x80 + at;
  const code = character.charCodeAt(0);
  return character.length === 1 && code <= 0xff ? code : null;
}
