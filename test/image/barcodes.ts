import bwip from "bwip-js/node";
import type { GreyFrame, ImageSymbology, Point } from "../../drivers/image/picture.ts";

/** A barcode as a grid of modules, before anybody draws it. */
export interface Barcode {
  readonly columns: number;
  readonly rows: number;
  /** Height of a row in widths of a column. */
  readonly rowHeight: number;
  readonly dark: readonly boolean[];
}

export type BarcodeKind = ImageSymbology | "gs1qr" | "gs1code128" | "gs1datamatrix";

const kinds: Readonly<Record<BarcodeKind, Readonly<Record<string, string | number | boolean>>>> = {
  qr: { bcid: "qrcode", eclevel: "M" },
  aztec: { bcid: "azteccode" },
  pdf417: { bcid: "pdf417", columns: 6, eclevel: 3 },
  code128: { bcid: "code128" },
  datamatrix: { bcid: "datamatrix" },
  gs1qr: { bcid: "gs1qrcode" },
  gs1code128: { bcid: "gs1-128" },
  gs1datamatrix: { bcid: "gs1datamatrix" },
};
/** Bars are as tall as this many modules. */
const barHeight = 60;

/** @param more further options of the generator, e.g. `eclevel` */
export function barcode(
  kind: BarcodeKind,
  text: string,
  more: Readonly<Record<string, string | number | boolean>> = {},
): Barcode {
  const { bcid, ...options } = { ...kinds[kind], ...more };
  const [drawn] = bwip.raw({ bcid: String(bcid), text, ...options });
  if (drawn === undefined) throw new Error(`no barcode for ${kind}`);
  if ("sbs" in drawn) {
    // Widths of bars and spaces in turn, a bar first.
    const dark = drawn.sbs.flatMap((width: number, index: number) =>
      Array.from({ length: width }, () => index % 2 === 0),
    );
    return { columns: dark.length, rows: 1, rowHeight: barHeight, dark };
  }
  const rows = drawn.pixs.length / drawn.pixx;
  return {
    columns: drawn.pixx,
    rows,
    rowHeight: drawn.pixy / rows,
    dark: drawn.pixs.map((pixel: number) => pixel === 1),
  };
}

/** A barcode that was drawn in half blocks, two rows a line, as a camera in front of the terminal sees it. */
export function barcodeOfLines(lines: readonly string[]): Barcode {
  const dark = lines.flatMap((line) => [
    ...[...line].map((block) => block === "█" || block === "▀"),
    ...[...line].map((block) => block === "█" || block === "▄"),
  ]);
  return { columns: lines[0]?.length ?? 0, rows: lines.length * 2, rowHeight: 1, dark };
}

/** Where and how a barcode lies in a picture. */
export interface Placement {
  /** Of its centre. */
  readonly centre: Point;
  /** Width of a module, pixels. */
  readonly module: number;
  /** Clockwise. */
  readonly degrees?: number;
  /** Sideways shift for each pixel of height. */
  readonly shear?: number;
  /** White around it, in modules; 4 unless said. */
  readonly quiet?: number;
}

/** A picture being made; grey as in `GreyFrame`, but can be drawn on. */
export interface Canvas extends GreyFrame {
  readonly pixels: Uint8Array;
}

export function blank(width: number, height: number, grey = 255): Canvas {
  return { width, height, pixels: new Uint8Array(width * height).fill(grey) };
}

/** Samples for each pixel and direction: edges come out as a lens would show them. */
const samples = 3;

/** Draws a barcode with its quiet zone. Returns its corners, clockwise from its own top left. */
export function draw(canvas: Canvas, { columns, rows, rowHeight, dark }: Barcode, place: Placement): readonly Point[] {
  const { centre, module, degrees = 0, shear = 0, quiet = 4 } = place;
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const halfWidth = (columns / 2) * module;
  const halfHeight = ((rows * rowHeight) / 2) * module;
  const margin = quiet * module;
  const toPicture = (u: number, v: number): Point => {
    const sheared = u + shear * v;
    return { x: centre.x + sheared * cos - v * sin, y: centre.y + sheared * sin + v * cos };
  };
  const corner = (side: number, end: number, extra: number) =>
    toPicture(side * (halfWidth + extra), end * (halfHeight + extra));
  const around = (extra: number) => [
    corner(-1, -1, extra),
    corner(1, -1, extra),
    corner(1, 1, extra),
    corner(-1, 1, extra),
  ];
  const box = boxOf(around(margin + 1), canvas);
  for (let y = box.top; y < box.bottom; y += 1) {
    for (let x = box.left; x < box.right; x += 1) {
      let sum = 0;
      let inside = 0;
      for (let sample = 0; sample < samples * samples; sample += 1) {
        const dx = x + ((sample % samples) + 0.5) / samples - centre.x;
        const dy = y + (Math.floor(sample / samples) + 0.5) / samples - centre.y;
        const v = dy * cos - dx * sin;
        const u = dx * cos + dy * sin - shear * v;
        if (Math.abs(u) > halfWidth + margin || Math.abs(v) > halfHeight + margin) continue;
        inside += 1;
        const column = Math.floor((u + halfWidth) / module);
        const row = Math.floor((v + halfHeight) / (module * rowHeight));
        const within = column >= 0 && column < columns && row >= 0 && row < rows;
        sum += within && dark[row * columns + column] === true ? 0 : 255;
      }
      if (inside === 0) continue;
      const at = y * canvas.width + x;
      const share = inside / (samples * samples);
      canvas.pixels[at] = (sum / inside) * share + (canvas.pixels[at] ?? 0) * (1 - share);
    }
  }
  return around(0);
}

function boxOf(points: readonly Point[], { width, height }: GreyFrame) {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return {
    left: Math.max(0, Math.floor(Math.min(...xs))),
    right: Math.min(width, Math.ceil(Math.max(...xs))),
    top: Math.max(0, Math.floor(Math.min(...ys))),
    bottom: Math.min(height, Math.ceil(Math.max(...ys))),
  };
}

/** A picture of one barcode in its middle, just large enough. */
export function picture(code: Barcode, place: Omit<Placement, "centre">): GreyFrame {
  const { module, quiet = 4 } = place;
  const width = (code.columns + 2 * quiet) * module;
  const height = (code.rows * code.rowHeight + 2 * quiet) * module;
  const size = (place.degrees ?? 0) === 0 ? [width, height] : [Math.hypot(width, height), Math.hypot(width, height)];
  const [w = 1, h = 1] = size.map((length) => Math.ceil(length) + 4);
  const canvas = blank(w, h);
  draw(canvas, code, { ...place, centre: { x: w / 2, y: h / 2 } });
  return canvas;
}
