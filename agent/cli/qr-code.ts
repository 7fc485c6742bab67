/**
 * A QR code (ISO/IEC 18004) of a short text: byte mode, error correction level L, versions 1 to 5, which have one block of
 * codewords each. For the terminal, where a setup code of a scanner is shown.
 */
export interface QrCode {
  /** Modules on a side. */
  readonly size: number;
  dark(row: number, column: number): boolean;
}

interface Version {
  readonly version: number;
  readonly dataBytes: number;
  readonly checkBytes: number;
}

const versions: readonly Version[] = [
  { version: 1, dataBytes: 19, checkBytes: 7 },
  { version: 2, dataBytes: 34, checkBytes: 10 },
  { version: 3, dataBytes: 55, checkBytes: 15 },
  { version: 4, dataBytes: 80, checkBytes: 20 },
  { version: 5, dataBytes: 108, checkBytes: 26 },
];
/** Mode and length take 12 bits, the end of the message 4. */
const overheadBytes = 2;
/** Level L, mask 0, with their check bits: readers take the mask from here, so one that always is the same serves. */
const formatBits = 0b111011111000100;

/** @returns null for a text of more than 106 bytes */
export function qrCode(text: string): QrCode | null {
  const content = Buffer.from(text, "utf8");
  const found = versions.find(({ dataBytes }) => content.length + overheadBytes <= dataBytes);
  if (found === undefined) return null;
  const codewords = withChecks(dataOf(content, found.dataBytes), found.checkBytes);
  const size = 17 + 4 * found.version;
  const fixed = fixedModules(size, found.version);
  const message = placed(codewords, size, fixed);
  return { size, dark: (row, column) => (fixed.get(row * size + column) ?? message.get(row * size + column)) === true };
}

/** Mode, length, content, end, and padding as the standard has it. */
function dataOf(content: Uint8Array, dataBytes: number): readonly number[] {
  const nibbles = [0b0100, content.length >> 4, content.length & 15];
  for (const byte of content) nibbles.push(byte >> 4, byte & 15);
  nibbles.push(0);
  const bytes = Array.from({ length: nibbles.length / 2 }, (_, at) => {
    return ((nibbles[at * 2] ?? 0) << 4) | (nibbles[at * 2 + 1] ?? 0);
  });
  for (let at = 0; bytes.length < dataBytes; at += 1) bytes.push(at % 2 === 0 ? 0xec : 0x11);
  return bytes;
}

/** Reed-Solomon over the field of 256 with x^8 + x^4 + x^3 + x^2 + 1. */
function withChecks(bytes: readonly number[], checkBytes: number): readonly number[] {
  let generator = [1];
  for (let degree = 0, root = 1; degree < checkBytes; degree += 1, root = product(root, 2)) {
    const shifted = [...generator, 0];
    generator = shifted.map((term, at) => term ^ product(generator[at - 1] ?? 0, root));
  }
  const rest = [...bytes, ...new Array<number>(checkBytes).fill(0)];
  for (let at = 0; at < bytes.length; at += 1) {
    const lead = rest[at] ?? 0;
    for (const [term, factor] of generator.entries()) rest[at + term] = (rest[at + term] ?? 0) ^ product(factor, lead);
  }
  return [...bytes, ...rest.slice(bytes.length)];
}

function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    sum = (sum << 1) ^ (sum & 0x80 ? 0x11d : 0);
    if ((b >> bit) & 1) sum ^= a;
  }
  return sum;
}

/** Modules that every code of that size has: finders, timing, alignment, format. By row times size plus column. */
function fixedModules(size: number, version: number): ReadonlyMap<number, boolean> {
  const modules = new Map<number, boolean>();
  const set = (row: number, column: number, dark: boolean) => {
    if (row >= 0 && column >= 0 && row < size && column < size) modules.set(row * size + column, dark);
  };
  /** Rings around a centre; a ring of that radius is light, all others are dark. */
  const rings = (row: number, column: number, radius: number, light: readonly number[]) => {
    for (let down = -radius; down <= radius; down += 1) {
      for (let right = -radius; right <= radius; right += 1) {
        set(row + down, column + right, !light.includes(Math.max(Math.abs(down), Math.abs(right))));
      }
    }
  };
  for (let at = 0; at < size; at += 1) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ] as const) {
    rings(row, column, 4, [2, 4]);
  }
  if (version > 1) rings(size - 7, size - 7, 2, [1]);
  for (let bit = 0; bit < 15; bit += 1) {
    const dark = ((formatBits >> bit) & 1) === 1;
    // Once around the first finder, stepping over the timing lines, and once along the other two.
    if (bit < 8) set(bit < 6 ? bit : bit + 1, 8, dark);
    else set(8, bit === 8 ? 7 : 14 - bit, dark);
    if (bit < 8) set(8, size - 1 - bit, dark);
    else set(size - 15 + bit, 8, dark);
  }
  set(size - 8, 8, true);
  return modules;
}

/** The message in columns of two from the right, up and down in turn, masked. */
function placed(
  codewords: readonly number[],
  size: number,
  fixed: ReadonlyMap<number, boolean>,
): ReadonlyMap<number, boolean> {
  const modules = new Map<number, boolean>();
  let bit = 0;
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2) {
    // The column of the timing line is none of the pairs.
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const row = upwards ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        const at = row * size + column;
        if (fixed.has(at)) continue;
        const dark = (((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        modules.set(at, dark !== ((row + column) % 2 === 0));
        bit += 1;
      }
    }
    upwards = !upwards;
  }
  return modules;
}

/** Light modules that a code must have around it. */
const quiet = 4;

/**
 * The code with its light border in half blocks: two rows of modules in a line, black on white whatever the terminal's colours.
 *
 * @returns lines with colour codes, for a terminal only
 */
export function drawQrCode(code: QrCode): readonly string[] {
  const from = -quiet;
  const to = code.size + quiet;
  const dark = (row: number, column: number) =>
    row >= 0 && column >= 0 && row < code.size && column < code.size && code.dark(row, column);
  const lines: string[] = [];
  for (let row = from; row < to; row += 2) {
    let line = "";
    for (let column = from; column < to; column += 1) {
      const [upper, lower] = [dark(row, column), dark(row + 1, column)];
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(`\u001b[30;107m${line}\u001b[0m`);
  }
  return lines;
}
