import type { GreyFrame, Point } from "./picture.ts";

/** Grey ground for the corners that come into view. */
const ground = 255;

export interface Rotated {
  readonly frame: GreyFrame;
  /** Where a point of the turned frame lies in the original one. */
  back(point: Point): Point;
}

/**
 * The frame turned about its centre, large enough to keep everything, bilinear.
 *
 * @param degrees clockwise
 */
export function rotate({ width, height, pixels }: GreyFrame, degrees: number): Rotated {
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const turnedWidth = Math.ceil(Math.abs(width * cos) + Math.abs(height * sin));
  const turnedHeight = Math.ceil(Math.abs(width * sin) + Math.abs(height * cos));
  const turned = new Uint8Array(turnedWidth * turnedHeight).fill(ground);
  const back = ({ x, y }: Point): Point => {
    const dx = x - (turnedWidth - 1) / 2;
    const dy = y - (turnedHeight - 1) / 2;
    return { x: dx * cos + dy * sin + (width - 1) / 2, y: dy * cos - dx * sin + (height - 1) / 2 };
  };
  for (let y = 0; y < turnedHeight; y += 1) {
    // Along a row the source moves by the same step: no trigonometry for each pixel.
    let { x: fromX, y: fromY } = back({ x: 0, y });
    const to = y * turnedWidth;
    for (let x = 0; x < turnedWidth; x += 1, fromX += cos, fromY -= sin) {
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      if (left < 0 || top < 0 || left + 1 >= width || top + 1 >= height) continue;
      const at = top * width + left;
      const right = fromX - left;
      const down = fromY - top;
      const upper = (pixels[at] ?? 0) * (1 - right) + (pixels[at + 1] ?? 0) * right;
      const lower = (pixels[at + width] ?? 0) * (1 - right) + (pixels[at + width + 1] ?? 0) * right;
      turned[to + x] = upper * (1 - down) + lower * down;
    }
  }
  return { frame: { width: turnedWidth, height: turnedHeight, pixels: turned }, back };
}
