/** How pictures begin. */

export const pngSignature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** SOI, and the first byte of whatever marker follows (ITU-T T.81 B.1.1). */
const jpegSignature = Uint8Array.of(0xff, 0xd8, 0xff);

export function isPng(bytes: Uint8Array): boolean {
  return pngSignature.every((byte, at) => bytes[at] === byte);
}

export function isJpeg(bytes: Uint8Array): boolean {
  return jpegSignature.every((byte, at) => bytes[at] === byte);
}
