import type { GreyPicture } from "../../drivers/camera/index.ts";

/**
 * A film of grey pictures as Chromium's fake camera plays it, over and over (YUV4MPEG2, 4:2:0; wiki.multimedia.cx/YUV4MPEG2).
 * Width and height are even.
 */
export function y4m(pictures: readonly GreyPicture[], framesPerS = 10): Uint8Array {
  const [{ width, height } = { width: 0, height: 0 }] = pictures;
  const colour = Buffer.alloc((width / 2) * (height / 2) * 2, 128);
  return Buffer.concat([
    Buffer.from(`YUV4MPEG2 W${width} H${height} F${framesPerS}:1 Ip A1:1 C420mpeg2\n`),
    ...pictures.flatMap(({ pixels }) => [Buffer.from("FRAME\n"), videoLevels(pixels), colour]),
  ]);
}

/** Black is 16 and white 235 (ITU-R BT.601). */
function videoLevels(pixels: Uint8Array): Uint8Array {
  return pixels.map((grey) => 16 + Math.round((grey * 219) / 255));
}
