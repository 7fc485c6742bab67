import { type CameraReader, cameraReader, type GreyPicture, type PictureOutcome } from "../drivers/camera/index.ts";
import type { CameraReaderConfig } from "./config/config.ts";

/** The camera of a lane page as the page and the local API see it. */
export interface LaneCamera {
  readonly reader: string;
  readonly lane: string;
  readonly picturesPerS: number;
  take(picture: GreyPicture): Promise<PictureOutcome>;
}

/** The reader behind it: its pictures come over the local API. */
export function cameraOf({ lane, decoder, picturesPerS }: CameraReaderConfig): CameraReader {
  const remedy = `open /lane/${lane} in the browser of the machine with the camera, and allow the page to use it`;
  return cameraReader({ engine: decoder, picturesPerS, remedy });
}
