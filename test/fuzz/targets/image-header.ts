import { lookAtJpeg } from "../../../drivers/image/jpeg.ts";
import { decodePng } from "../../../drivers/image/png.ts";
import { flatJpeg } from "../../image/jpeg-files.ts";
import { greyPng } from "../../image/png-files.ts";

const maxPixels = 4_096;

export const target = {
  name: "image-header",
  async seeds(): Promise<readonly Uint8Array[]> {
    return [
      greyPng(9, 5, new Uint8Array(45)),
      greyPng(1, 1, new Uint8Array(1)),
      flatJpeg(16, 8),
      Buffer.from("<svg/>"),
    ];
  },
  /** Throws when a picture gets past its bound of pixels, or has other pixels than its header says. */
  run(input: Uint8Array): string {
    const png = decodePng(input, maxPixels);
    if (png.outcome === "frame") {
      if (png.width * png.height > maxPixels) throw new Error("a PNG beyond the bound was decoded");
      if (png.pixels.length !== png.width * png.height) throw new Error("a PNG has other pixels than its size");
    }
    const jpeg = lookAtJpeg(input, maxPixels);
    if (jpeg.outcome === "looked" && jpeg.width * jpeg.height > maxPixels) throw new Error("a JPEG beyond the bound");
    const said = (reading: typeof png | typeof jpeg) => (reading.outcome === "refused" ? reading.reason : "good");
    return `png ${said(png)}, jpeg ${said(jpeg)}`;
  },
};
