/** The pixels of a PNG: passes, row filters and samples (W3C PNG, third edition, sections 7 to 9). Pure. */

/** One of the reduced pictures an interlaced PNG consists of; a plain one is a single pass. */
interface Pass {
  readonly columns: number;
  readonly rows: number;
  readonly startX: number;
  readonly startY: number;
  readonly stepX: number;
  readonly stepY: number;
}

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colourType: number;
  readonly passes: readonly Pass[];
}

/** Adam7 (PNG 8.2): first column, first row, steps. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function passesOf(width: number, height: number, interlaced: boolean): readonly Pass[] {
  const grid = interlaced ? adam7 : ([[0, 0, 1, 1]] as const);
  return grid
    .map(([startX, startY, stepX, stepY]) => ({
      columns: Math.ceil((width - startX) / stepX),
      rows: Math.ceil((height - startY) / stepY),
      startX,
      startY,
      stepX,
      stepY,
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Bytes of one filtered row, its filter type included. */
function rowBytes({ depth, colourType }: PngHeader, columns: number): number {
  return 1 + Math.ceil((columns * depth * (channelsOf[colourType] ?? 1)) / 8);
}

/** What all rows of all passes have, inflated. */
export function scanlinesBytes(header: PngHeader): number {
  return header.passes.reduce((sum, { columns, rows }) => sum + rows * rowBytes(header, columns), 0);
}

export interface PngColours {
  readonly palette: Uint8Array | null;
  readonly transparency: Uint8Array | null;
}

/**
 * Grey pixels on white.
 *
 * @param scanlines exactly `scanlinesBytes(header)` bytes; overwritten
 * @returns null for a filter type beyond 4
 */
export function toGrey(header: PngHeader, scanlines: Uint8Array, colours: PngColours): Uint8Array | null {
  const { width, height, depth, colourType } = header;
  const pixels = new Uint8Array(width * height);
  const greyAt = pixelReader(depth, colourType, colours);
  const pixelBytes = Math.max(1, (depth * (channelsOf[colourType] ?? 1)) >> 3);
  let at = 0;
  for (const pass of header.passes) {
    const length = rowBytes(header, pass.columns) - 1;
    let above: Uint8Array = new Uint8Array(length);
    for (let row = 0; row < pass.rows; row += 1) {
      const line = scanlines.subarray(at + 1, at + 1 + length);
      if (!unfilter(scanlines[at] ?? 0, line, above, pixelBytes)) return null;
      let to = (pass.startY + row * pass.stepY) * width + pass.startX;
      for (let column = 0; column < pass.columns; column += 1) {
        pixels[to] = greyAt(line, column);
        to += pass.stepX;
      }
      above = line;
      at += 1 + length;
    }
  }
  return pixels;
}

/** PNG 9.2, in place. False for an unknown filter type. */
function unfilter(type: number, line: Uint8Array, above: Uint8Array, pixelBytes: number): boolean {
  if (type > 4) return false;
  if (type === 0) return true;
  for (let i = 0; i < line.length; i += 1) {
    const a = i < pixelBytes ? 0 : (line[i - pixelBytes] ?? 0);
    const b = above[i] ?? 0;
    const c = i < pixelBytes ? 0 : (above[i - pixelBytes] ?? 0);
    const predicted = type === 1 ? a : type === 2 ? b : type === 3 ? (a + b) >> 1 : paeth(a, b, c);
    line[i] = (line[i] ?? 0) + predicted;
  }
  return true;
}

/** PNG 9.4. */
function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const pa = Math.abs(p - a);
  const pb = Math.abs(p - b);
  const pc = Math.abs(p - c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

type PixelReader = (line: Uint8Array, column: number) => number;

function pixelReader(depth: number, colourType: number, { palette, transparency }: PngColours): PixelReader {
  const bytes = depth === 16 ? 2 : 1;
  const most = (1 << Math.min(depth, 8)) - 1;
  const sample: PixelReader =
    depth >= 8
      ? (line, index) => line[index * bytes] ?? 0
      : (line, index) => {
          const bit = index * depth;
          return ((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & most;
        };
  const key = transparentKey(depth, transparency);
  const isKey = (line: Uint8Array, index: number, channels: number): boolean => {
    if (key === null || key.length < channels) return false;
    for (let channel = 0; channel < channels; channel += 1) {
      const at = index * channels + channel;
      const low = bytes === 2 ? (line[at * 2 + 1] ?? 0) : 0;
      if (sample(line, at) * (bytes === 2 ? 256 : 1) + low !== key[channel]) return false;
    }
    return true;
  };
  switch (colourType) {
    case 2:
      return (line, column) => {
        const at = column * 3;
        return isKey(line, column, 3) ? 255 : luma(sample(line, at), sample(line, at + 1), sample(line, at + 2));
      };
    case 3: {
      const greys = paletteGreys(palette ?? new Uint8Array(0), transparency);
      return (line, column) => greys[sample(line, column)] ?? 0;
    }
    case 4:
      return (line, column) => onWhite(sample(line, column * 2), sample(line, column * 2 + 1));
    case 6:
      return (line, column) => {
        const at = column * 4;
        const grey = luma(sample(line, at), sample(line, at + 1), sample(line, at + 2));
        return onWhite(grey, sample(line, at + 3));
      };
    default:
      return (line, column) => (isKey(line, column, 1) ? 255 : Math.round((sample(line, column) * 255) / most));
  }
}

/** The one colour that is transparent in a picture without alpha (PNG 11.3.1.1): 16 bits for each channel. */
function transparentKey(depth: number, transparency: Uint8Array | null): readonly number[] | null {
  if (transparency === null) return null;
  const channels = Math.min(3, transparency.length >> 1);
  const mask = 2 ** depth - 1;
  return Array.from(
    { length: channels },
    (_, channel) => (((transparency[channel * 2] ?? 0) << 8) | (transparency[channel * 2 + 1] ?? 0)) & mask,
  );
}

function paletteGreys(palette: Uint8Array, transparency: Uint8Array | null): Uint8Array {
  return Uint8Array.from({ length: Math.min(256, Math.floor(palette.length / 3)) }, (_, index) => {
    const [r = 0, g = 0, b = 0] = palette.subarray(index * 3, index * 3 + 3);
    return onWhite(luma(r, g, b), transparency?.[index] ?? 255);
  });
}

/** ITU-R BT.601, in 1024ths. */
function luma(r: number, g: number, b: number): number {
  return (306 * r + 601 * g + 117 * b + 512) >> 10;
}

function onWhite(grey: number, alpha: number): number {
  return alpha === 255 ? grey : Math.round((grey * alpha + 255 * (255 - alpha)) / 255);
}
