import { open } from "node:fs/promises";
import {
  type DecodedCode,
  type ImageEngine,
  imageEngines,
  openImageDecoder,
  type Picture,
  sniffPicture,
} from "../drivers/image/index.ts";
import { CommandFault, exitCodes, type ImageScan, type ScanImageOptions, type ScannedCode } from "./cli/index.ts";
import { member, textAt } from "./cli/wire.ts";

const maxBytes = 10 << 20;
/** A person waits for one picture, on a slow till perhaps. */
const timeMs = 10_000;

/**
 * Decodes a picture and asks about every code in it, one after the other. Nothing is chosen: two different valid passes are
 * `ambiguous`; the same pass twice is one.
 *
 * @param file path of a PNG or JPEG of at most 10 MiB
 * @throws CommandFault: `bad_usage`, `image_unreadable`, or the code of why the picture is refused; whatever `verify` throws
 */
export async function scanImage(file: string, options: ScanImageOptions): Promise<ImageScan> {
  const engine = engineNamed(options.engine);
  const codes = await decode(await readPicture(file), engine, options.signal);
  const scanned: ScannedCode[] = [];
  for (const { bytes, symbology, aim } of codes) {
    scanned.push({ symbology, aim, bytes: bytes.length, verdict: await options.verify(bytes) });
  }
  const valid = new Set(scanned.filter(({ verdict }) => textAt(verdict, "result") === "valid").map(passOf));
  return { outcome: valid.size === 0 ? "none" : valid.size === 1 ? "valid" : "ambiguous", codes: scanned };
}

function engineNamed(name: string | null): ImageEngine {
  const engine = name === null ? imageEngines[0] : imageEngines.find((known) => known === name);
  if (engine !== undefined) return engine;
  throw new CommandFault("bad_usage", `There is no engine ${JSON.stringify(name)}`, {
    exit: exitCodes.usage,
    remedy: `Take one of: ${imageEngines.join(", ")}`,
  });
}

async function decode(picture: Picture, engine: ImageEngine, signal: AbortSignal): Promise<readonly DecodedCode[]> {
  const decoder = await openImageDecoder({ engine, limits: { maxBytes, timeMs }, signal });
  try {
    const reading = await decoder.decode(picture);
    if (reading.outcome === "codes") return reading.codes;
    throw new CommandFault(reading.reason, reading.detail);
  } finally {
    await decoder.close();
  }
}

async function readPicture(file: string): Promise<Picture> {
  const bytes = await readBounded(file);
  const picture = sniffPicture(bytes);
  if (picture !== null) return picture;
  throw new CommandFault("unsupported_image", `${file} is neither a PNG nor a JPEG`, {
    remedy: "Save the picture, or a screenshot of it, as PNG",
  });
}

async function readBounded(file: string): Promise<Uint8Array> {
  try {
    await using opened = await open(file, "r");
    const node = await opened.stat();
    // A device or a pipe has no size and perhaps no end.
    if (!node.isFile()) throw new CommandFault("image_unreadable", `${file} is not a file`);
    if (node.size > maxBytes) throw new CommandFault("too_large", `${file} has more than ${maxBytes >> 20} MiB`);
    return await opened.readFile();
  } catch (cause) {
    if (cause instanceof CommandFault) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "?";
    throw new CommandFault("image_unreadable", `${file} cannot be read: ${code}`, { cause });
  }
}

/** What tells passes apart: many codes may carry the same one. */
function passOf({ verdict }: ScannedCode): string {
  return JSON.stringify(["tenant", "environment", "list", "index"].map((name) => member(verdict, "claims", name)));
}
