import type { Symbology } from "../reader.ts";

/** The words of this folder: what goes into a decoder and what comes out. */

/** Symbologies that wallet passes use and both engines know. */
export const imageSymbologies = ["qr", "aztec", "pdf417", "code128", "datamatrix"] as const satisfies Symbology[];
export type ImageSymbology = (typeof imageSymbologies)[number];

/** A grey picture: one byte a pixel, 0 black, row after row from the top left. */
export interface GreyFrame {
  readonly width: number;
  readonly height: number;
  /** Exactly `width * height` bytes. */
  readonly pixels: Uint8Array;
}

/** A picture as it came, not looked into yet. */
export type Picture =
  | { readonly kind: "png" | "jpeg"; readonly bytes: Uint8Array }
  | ({ readonly kind: "grey" } & GreyFrame);

/** In pixels of the picture, from its top left. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DecodedCode {
  /** The content as it was encoded, ECI escapes undone. */
  readonly bytes: Uint8Array;
  readonly symbology: ImageSymbology;
  /** AIM identifier with its bracket, e.g. `]Q1`; null from an engine that does not tell. */
  readonly aim: string | null;
  /** Around the code, at least two points: corners, or the ends of a line through a linear code. */
  readonly corners: readonly Point[];
}

/** Why a picture was not decoded. Closed, add-only. */
export const refusalReasons = [
  /** More bytes than the limit; nothing was parsed. */
  "too_large",
  /** More pixels than the limit, by its header; nothing was decoded. */
  "too_many_pixels",
  /** No PNG and no JPEG, or a variant of them that nobody photographs passes with. */
  "unsupported_image",
  "damaged_image",
  /** The time limit passed; the process that worked on it was ended. */
  "timeout",
  /** The process that worked on it died, or could not be started. */
  "engine_failed",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface Refusal {
  readonly outcome: "refused";
  readonly reason: RefusalReason;
  /** For people, one sentence; never holds content. */
  readonly detail: string;
}

/** All codes that were found: several are never chosen from, none is an empty list. */
export type ImageReading = { readonly outcome: "codes"; readonly codes: readonly DecodedCode[] } | Refusal;

/** A picture decoded to grey. */
export interface DecodedFrame extends GreyFrame {
  readonly outcome: "frame";
}

export function tooManyPixels(width: number, height: number, maxPixels: number): Refusal {
  return refusal("too_many_pixels", `The picture has ${width} x ${height} pixels; at most ${maxPixels} are decoded.`);
}

export function refusal(reason: RefusalReason, detail: string): Refusal {
  return { outcome: "refused", reason, detail };
}
