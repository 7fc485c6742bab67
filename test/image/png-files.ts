import { crc32, deflateSync } from "node:zlib";

/** PNG files made by hand, good and bad: no library writes the bad ones. */

export const pngSignature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

export function chunk(type: string, body: Uint8Array): Uint8Array {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const whole = Buffer.alloc(body.length + 12);
  whole.writeUInt32BE(body.length, 0);
  typed.copy(whole, 4);
  whole.writeUInt32BE(crc32(typed), body.length + 8);
  return whole;
}

export interface HeaderFields {
  readonly width: number;
  readonly height: number;
  readonly depth?: number;
  readonly colourType?: number;
  readonly interlace?: number;
}

export function ihdr({ width, height, depth = 8, colourType = 0, interlace = 0 }: HeaderFields): Uint8Array {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set([depth, colourType, 0, 0, interlace], 8);
  return chunk("IHDR", body);
}

export const iend = chunk("IEND", new Uint8Array(0));

/** Header, these chunks, end. */
export function pngFile(header: HeaderFields, ...chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([pngSignature, ihdr(header), ...chunks, iend]);
}

/** A plain grey PNG, rows unfiltered. */
export function greyPng(width: number, height: number, pixels: Uint8Array): Buffer {
  const rows = Array.from({ length: height }, (_, row) =>
    Buffer.concat([Uint8Array.of(0), pixels.subarray(row * width, (row + 1) * width)]),
  );
  return pngFile({ width, height }, chunk("IDAT", deflateSync(Buffer.concat(rows))));
}
