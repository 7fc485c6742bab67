import type { GreyFrame, ImageSymbology, Point } from "../../drivers/image/picture.ts";
import { type Barcode, barcode, blank, type Canvas, draw } from "../image/barcodes.ts";

/** Frames as a bad camera would give them, the same for the same seed (ecosystem.md 6.1). */

export interface Condition {
  readonly name: string;
  readonly centred?: boolean;
  /** Null: any angle. */
  readonly degrees?: number | null;
  /** Standard deviation of the blur, modules. */
  readonly blur?: number;
  /** Standard deviation of the noise, grey levels. */
  readonly noise?: number;
  /** Of black to white, 0 to 1. */
  readonly contrast?: number;
  readonly shear?: number;
  /** Part of the code that is nothing but white. */
  readonly glare?: number;
  readonly inverted?: boolean;
  /** Width of a module, pixels. */
  readonly module?: number;
}

export const conditions: readonly Condition[] = [
  { name: "clean" },
  { name: "clean, centred", centred: true },
  ...[5, 15, 30, 45, 90, 180].map((degrees) => ({ name: `rotated ${degrees}°`, degrees })),
  ...[0.4, 0.7, 1].map((blur) => ({ name: `blur ${blur.toFixed(1)} module`, blur })),
  ...[20, 40, 70].map((noise) => ({ name: `noise σ ${noise}`, noise })),
  ...[0.25, 0.1].map((contrast) => ({ name: `contrast ${contrast * 100} %`, contrast })),
  { name: "shear 0.2", shear: 0.2 },
  { name: "glare over 8 %", glare: 0.08 },
  { name: "inverted (dark mode)", inverted: true },
  ...[2, 1.5].map((module) => ({ name: `module ${module.toFixed(1)} px`, module })),
  { name: "mix: any angle, blur 0.4, noise σ 15, contrast 60 %", degrees: null, blur: 0.4, noise: 15, contrast: 0.6 },
];

interface Scene {
  readonly text: string;
  /** Width of a module, pixels. */
  readonly module: number;
  /** White around it, modules: what its standard asks for, and at least 4. */
  readonly quiet: number;
}

export const scenes: Readonly<Record<ImageSymbology, Scene>> = {
  // The QR code of a signed pass: 154 characters, level M, version 6.
  qr: { text: `P1:${"3K9 $%*+-./:ABCDEFGHJKLMNPQRSTUVWXYZ0124567".repeat(4).slice(0, 150)}.`, module: 5, quiet: 4 },
  aztec: { text: boardingPass(), module: 5, quiet: 4 },
  pdf417: { text: boardingPass(), module: 3, quiet: 4 },
  code128: { text: "PASS-4711-0815", module: 3, quiet: 10 },
  datamatrix: { text: boardingPass(), module: 5, quiet: 4 },
};

function boardingPass(): string {
  return "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 14D>6181WW6225BAC";
}

const [width, height] = [1_280, 720];
const ground = 128;
const clutterBoxes = 6;
const everyNoise = 4;

/** One frame of 1280 x 720 with one code in it. */
export function sceneOf(symbology: ImageSymbology, condition: Condition, seed: number): GreyFrame {
  const random = randomOf(seed);
  const canvas = blank(width, height, ground);
  for (let count = 0; count < clutterBoxes; count += 1) box(canvas, random);
  const { text, module: usual, quiet } = scenes[symbology];
  const module = condition.module ?? usual;
  const degrees = condition.degrees === null ? random() * 360 : (condition.degrees ?? 0);
  const code = barcode(symbology, text);
  const centre =
    condition.centred === true ? { x: width / 2, y: height / 2 } : placeFor(code, { module, quiet, degrees }, random);
  const corners = draw(canvas, code, { centre, module, quiet, degrees, shear: condition.shear ?? 0 });
  if (condition.glare !== undefined) glare(canvas, centre, corners, condition.glare);
  if (condition.blur !== undefined) blurred(canvas, condition.blur * module);
  const contrast = condition.contrast ?? 1;
  const sigma = Math.hypot(everyNoise, condition.noise ?? 0);
  for (const [at, pixel] of canvas.pixels.entries()) {
    const shown = condition.inverted === true ? 255 - pixel : pixel;
    const grey = ground + (shown - ground) * contrast + sigma * gauss(random);
    canvas.pixels[at] = Math.max(0, Math.min(255, grey));
  }
  return canvas;
}

/** Somewhere with the whole code in the picture. */
function placeFor(
  code: Barcode,
  { module, quiet, degrees }: { readonly module: number; readonly quiet: number; readonly degrees: number },
  random: () => number,
): Point {
  const angle = (degrees * Math.PI) / 180;
  const [w, h] = [(code.columns + 2 * quiet) * module, (code.rows * code.rowHeight + 2 * quiet) * module];
  const halfWidth = (Math.abs(w * Math.cos(angle)) + Math.abs(h * Math.sin(angle))) / 2;
  const halfHeight = (Math.abs(w * Math.sin(angle)) + Math.abs(h * Math.cos(angle))) / 2;
  const between = (half: number, size: number) => half + random() * Math.max(0, size - 2 * half);
  return { x: between(halfWidth, width), y: between(halfHeight, height) };
}

function box(canvas: Canvas, random: () => number): void {
  const [left, top] = [random() * width, random() * height];
  const [w, h, grey] = [20 + random() * 200, 20 + random() * 200, random() * 255];
  for (let y = Math.floor(top); y < Math.min(height, top + h); y += 1) {
    canvas.pixels.fill(grey, y * width + Math.floor(left), y * width + Math.min(width, Math.floor(left + w)));
  }
}

/** A white disc somewhere off the middle of the code, where a lamp is mirrored. */
function glare(canvas: Canvas, centre: Point, corners: readonly Point[], share: number): void {
  const [a, b, , d] = corners;
  if (a === undefined || b === undefined || d === undefined) return;
  const area = Math.hypot(b.x - a.x, b.y - a.y) * Math.hypot(d.x - a.x, d.y - a.y);
  const radius = Math.sqrt((area * share) / Math.PI);
  const middle = { x: (centre.x + b.x) / 2, y: (centre.y + b.y) / 2 };
  for (let y = Math.max(0, Math.floor(middle.y - radius)); y < Math.min(height, middle.y + radius); y += 1) {
    for (let x = Math.max(0, Math.floor(middle.x - radius)); x < Math.min(width, middle.x + radius); x += 1) {
      if (Math.hypot(x - middle.x, y - middle.y) <= radius) canvas.pixels[y * width + x] = 255;
    }
  }
}

/** Gaussian, in both directions, in place. */
function blurred({ pixels }: Canvas, sigma: number): void {
  const reach = Math.ceil(sigma * 3);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const along = (count: number, length: number, step: number, stride: number): void => {
    const line = new Float64Array(length);
    for (let row = 0; row < count; row += 1) {
      for (let at = 0; at < length; at += 1) line[at] = pixels[row * stride + at * step] ?? 0;
      for (let at = 0; at < length; at += 1) {
        let value = 0;
        for (let k = -reach; k <= reach; k += 1) {
          value += (line[Math.max(0, Math.min(length - 1, at + k))] ?? 0) * (weights[k + reach] ?? 0);
        }
        pixels[row * stride + at * step] = value / sum;
      }
    }
  };
  along(height, width, 1, width);
  along(width, height, width, 1);
}

/** Mulberry32: 0 <= random < 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal (Box and Muller). */
function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
