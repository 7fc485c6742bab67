import {
  type DecodedCode,
  type ImageReading,
  type ImageSymbology,
  imageSymbologies,
  type Picture,
  type Point,
  type RefusalReason,
  refusal,
  refusalReasons,
} from "./picture.ts";

/**
 * What goes between us and the decoding process: two lengths (big-endian, 32 bits each), a JSON head, a body of raw bytes.
 * The other side reads hostile pictures, so what it says is checked like anything from outside.
 */

export interface DecodeRequest {
  readonly kind: Picture["kind"];
  /** Of a grey picture; 0 for the others, whose header knows. */
  readonly width: number;
  readonly height: number;
  readonly symbologies: readonly ImageSymbology[];
}

/** The first thing the process says, when its engine is ready. */
export const readyHead = JSON.stringify({ ready: true });

const lengthsBytes = 8;
/** An answer holds at most 8 codes of at most 4 KB each. */
export const maxHeadBytes = 256 * 1024;

export interface WireFrame {
  readonly head: string;
  readonly body: Uint8Array;
}

/** The bytes of one frame, in pieces to be written one after the other: the body is not copied. */
export function frameParts(head: string, body: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const text = Buffer.from(head, "utf8");
  const front = Buffer.alloc(lengthsBytes + text.length);
  front.writeUInt32BE(text.length, 0);
  front.writeUInt32BE(body.length, 4);
  text.copy(front, lengthsBytes);
  return [front, body];
}

/**
 * Puts frames together from any cut of their bytes.
 *
 * @returns a function that takes the next bytes and gives the frames they complete, or null (and ever after) for a frame
 *   beyond the bounds: the stream is lost then
 */
export function frameReader(maxBodyBytes: number): (bytes: Uint8Array) => readonly WireFrame[] | null {
  let chunks: Uint8Array[] = [];
  let held = 0;
  /** Bytes of the frame under way; the two lengths while they are not known. */
  let whole = lengthsBytes;
  let lost = false;
  return (bytes) => {
    if (lost) return null;
    chunks.push(bytes);
    held += bytes.length;
    const frames: WireFrame[] = [];
    while (held >= whole) {
      const all = Buffer.concat(chunks);
      const headBytes = all.readUInt32BE(0);
      const bodyBytes = all.readUInt32BE(4);
      lost = headBytes > maxHeadBytes || bodyBytes > maxBodyBytes;
      if (lost) return null;
      whole = lengthsBytes + headBytes + bodyBytes;
      chunks = [all];
      // The lengths were known only now: the rest may still be on its way.
      if (held < whole) break;
      const bodyAt = lengthsBytes + headBytes;
      frames.push({ head: all.toString("utf8", lengthsBytes, bodyAt), body: all.subarray(bodyAt, whole) });
      chunks = [all.subarray(whole)];
      held -= whole;
      whole = lengthsBytes;
    }
    return frames;
  };
}

/** The JSON head of an answer. */
export function readingHead(reading: ImageReading): string {
  if (reading.outcome === "refused") return JSON.stringify(reading);
  const codes = reading.codes.map((code) => ({ ...code, bytes: Buffer.from(code.bytes).toString("base64") }));
  return JSON.stringify({ outcome: "codes", codes });
}

/** What the process answered; null for anything that is no answer. */
export function parseReading(head: string): ImageReading | null {
  const value = parsed(head);
  if (!isMembers(value)) return null;
  if (value["outcome"] === "refused") {
    const { reason, detail } = value;
    return isReason(reason) && typeof detail === "string" ? refusal(reason, detail) : null;
  }
  if (value["outcome"] !== "codes" || !Array.isArray(value["codes"])) return null;
  const codes = value["codes"].map(parseCode);
  return codes.every((code) => code !== null) ? { outcome: "codes", codes } : null;
}

/** What the parent asks; it is our own, and still checked: a defect must not look like a picture without codes. */
export function parseRequest(head: string): DecodeRequest | null {
  const value = parsed(head);
  if (!isMembers(value)) return null;
  const { kind, width, height, symbologies } = value;
  if (kind !== "png" && kind !== "jpeg" && kind !== "grey") return null;
  if (typeof width !== "number" || typeof height !== "number" || !Array.isArray(symbologies)) return null;
  return symbologies.every(isSymbology) ? { kind, width, height, symbologies } : null;
}

function parseCode(value: unknown): DecodedCode | null {
  if (!isMembers(value)) return null;
  const { bytes, symbology, aim, corners } = value;
  if (typeof bytes !== "string" || !isSymbology(symbology) || !Array.isArray(corners)) return null;
  if (aim !== null && typeof aim !== "string") return null;
  const points = corners.map(parsePoint);
  if (!points.every((point) => point !== null)) return null;
  return { bytes: new Uint8Array(Buffer.from(bytes, "base64")), symbology, aim, corners: points };
}

function parsePoint(value: unknown): Point | null {
  if (!isMembers(value)) return null;
  const { x, y } = value;
  return typeof x === "number" && typeof y === "number" ? { x, y } : null;
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSymbology(value: unknown): value is ImageSymbology {
  return imageSymbologies.some((known) => known === value);
}

function isReason(value: unknown): value is RefusalReason {
  return refusalReasons.some((known) => known === value);
}
