/** JPEG files made by hand: whole ones of one flat colour, and what nobody should decode. */

export interface FrameFields {
  readonly width: number;
  readonly height: number;
  /** SOF0 unless said. */
  readonly marker?: number;
  readonly precision?: number;
  /** Sampling factors of each component; one component, 1 x 1, unless said. */
  readonly sampling?: readonly number[];
}

export const soi = Uint8Array.of(0xff, 0xd8);
export const eoi = Uint8Array.of(0xff, 0xd9);

export function segment(marker: number, body: Uint8Array): Uint8Array {
  const length = body.length + 2;
  return Uint8Array.of(0xff, marker, length >> 8, length & 255, ...body);
}

export function sof({ width, height, marker = 0xc0, precision = 8, sampling = [0x11] }: FrameFields): Uint8Array {
  const components = sampling.flatMap((factors, index) => [index + 1, factors, 0]);
  const size = [precision, height >> 8, height & 255, width >> 8, width & 255, sampling.length];
  return segment(marker, Uint8Array.of(...size, ...components));
}

/** Tables of one code each: every DC difference and every end of block is one zero bit. */
export const tables = Buffer.concat([
  segment(0xdb, Uint8Array.of(0, ...new Array<number>(64).fill(1))),
  segment(0xc4, Uint8Array.of(0x00, 1, ...new Array<number>(15).fill(0), 0)),
  segment(0xc4, Uint8Array.of(0x10, 1, ...new Array<number>(15).fill(0), 0)),
]);

/** A scan of the first component; `data` is entropy-coded. */
export function scan(data: Uint8Array, spectral: readonly number[] = [0, 63, 0]): Uint8Array {
  return Buffer.concat([segment(0xda, Uint8Array.of(1, 1, 0x00, ...spectral)), data]);
}

/** A whole grey JPEG. */
export function flatJpeg(width: number, height: number): Buffer {
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const data = new Uint8Array(Math.ceil((blocks * 2) / 8));
  return Buffer.concat([soi, tables, sof({ width, height }), scan(data), eoi]);
}
