import { writeSync } from "node:fs";
import type { CheckedPicture, Engine } from "./engine.ts";
import { lookAtJpeg } from "./jpeg.ts";
import type { ImageReading, Refusal } from "./picture.ts";
import { decodePng } from "./png.ts";
import { type DecodeRequest, frameParts, frameReader, parseRequest, readingHead, readyHead } from "./wire.ts";

/**
 * The decoding process: pictures come in on standard input, readings go out on descriptor 3 (what a library prints goes
 * nowhere). It holds nothing else: no store, no device, no network client, and by its permissions no other file. Anything
 * unforeseen ends it, and its owner starts another.
 */

const answers = 3;
const nothing = new Uint8Array(0);
const [engineName = "", maxPixelsText = "", maxBodyText = ""] = process.argv.slice(2);
const maxPixels = Number(maxPixelsText);

async function openEngine(): Promise<Engine> {
  // Only the chosen engine is loaded.
  if (engineName === "zxing-library") return (await import("./zxing-library.ts")).openZxingLibrary();
  return (await import("./zxing-wasm.ts")).openZxingWasm();
}

function say(head: string): void {
  for (const part of frameParts(head, nothing)) {
    for (let sent = 0; sent < part.length; sent += writeSync(answers, part, sent));
  }
}

/** The header first: pixels are decoded only for a picture that keeps the bounds. */
function check(request: DecodeRequest, bytes: Uint8Array): CheckedPicture | Refusal {
  switch (request.kind) {
    case "grey":
      return { kind: "grey", frame: { width: request.width, height: request.height, pixels: bytes } };
    case "png": {
      const frame = decodePng(bytes, maxPixels);
      return frame.outcome === "refused" ? frame : { kind: "grey", frame };
    }
    case "jpeg": {
      const look = lookAtJpeg(bytes, maxPixels);
      return look.outcome === "refused" ? look : { kind: "jpeg", bytes, look };
    }
  }
}

async function readingOf(engine: Engine, request: DecodeRequest, bytes: Uint8Array): Promise<ImageReading> {
  const picture = check(request, bytes);
  if ("outcome" in picture) return picture;
  const found = await engine.read(picture, request.symbologies);
  return "outcome" in found ? found : { outcome: "codes", codes: found };
}

const engine = await openEngine();
const frames = frameReader(Number(maxBodyText));
say(readyHead);
for await (const chunk of process.stdin) {
  for (const { head, body } of frames(chunk) ?? []) {
    const request = parseRequest(head);
    if (request === null) throw new Error("the owner of this process sent what is no request");
    say(readingHead(await readingOf(engine, request, body)));
  }
}
