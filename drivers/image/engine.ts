import type { JpegLook } from "./jpeg.ts";
import type { DecodedCode, GreyFrame, ImageSymbology, Refusal } from "./picture.ts";

/** A picture that passed the checks of its header. A JPEG is still encoded: one engine reads it faster than we could. */
export type CheckedPicture =
  | { readonly kind: "grey"; readonly frame: GreyFrame }
  | { readonly kind: "jpeg"; readonly bytes: Uint8Array; readonly look: JpegLook };

/** What finds codes in pictures. Lives in the decoding process only. */
export interface Engine {
  /** All codes it finds, at most `mostCodes`; or why the picture cannot be read. */
  read(picture: CheckedPicture, symbologies: readonly ImageSymbology[]): Promise<readonly DecodedCode[] | Refusal>;
}

/** More than anybody holds before a camera; what matters is one, or several. */
export const mostCodes = 8;

/** Shorter Code 128 content is noise more often than a pass (a pass has at least a prefix and an id). */
export const leastCode128Bytes = 6;
