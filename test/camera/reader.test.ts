import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type CameraReader, cameraReader, type GreyPicture, largestPicture } from "../../drivers/camera/index.ts";
import type { Presentation, ReaderFault, ReaderSink } from "../../drivers/reader.ts";
import { barcode, blank, draw } from "../image/barcodes.ts";
import { decodingProcesses } from "../image/open-decoder.ts";

const nothing = blank(640, 480);

/** Codes beside each other, as a camera sees them. */
function view(...texts: readonly string[]): GreyPicture {
  const canvas = blank(640, 480);
  for (const [at, text] of texts.entries()) {
    const centre = { x: (640 / (texts.length + 1)) * (at + 1), y: 240 };
    draw(canvas, barcode("qr", text), { centre, module: texts.length > 1 ? 5 : 8 });
  }
  return canvas;
}

interface Watched {
  readonly said: string[];
  readonly presented: Presentation[];
  /** Lets the presentation that waits be decided. */
  decide: () => void;
  readonly sink: ReaderSink;
}

function watch(): Watched {
  const said: string[] = [];
  const presented: Presentation[] = [];
  const watched: Watched = {
    said,
    presented,
    decide: () => undefined,
    sink: {
      ready: () => said.push("ready"),
      started: () => said.push("started"),
      guidance: (hint) => said.push(hint),
      presented: (presentation) => {
        presented.push(presentation);
        said.push("presented");
        return new Promise((resolve) => {
          watched.decide = () => resolve("accepted");
        });
      },
      ended: () => said.push("ended"),
    },
  };
  return watched;
}

const options = { engine: "zxing-wasm", picturesPerS: 1_000_000, remedy: "open the page" } as const;

/** A reader at work: it begins with the first picture. */
async function startCamera(change: { readonly picturesPerS?: number; readonly silenceMs?: number } = {}) {
  const reader: CameraReader = cameraReader({ ...options, ...change });
  const watched = watch();
  const stopping = new AbortController();
  expect(await reader.take(nothing)).toBe("resting");
  const ended = reader.run(watched.sink, stopping.signal).then(
    () => null,
    (fault: ReaderFault) => fault,
  );
  await expect.poll(() => watched.said, { timeout: 10_000 }).toEqual(["ready"]);
  watched.said.length = 0;
  return {
    reader,
    watched,
    ended,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await ended;
    },
  };
}

describe("a camera whose pictures are handed in", () => {
  test("presents a code once, with its symbology, and again only after it was away", async () => {
    await using camera = await startCamera();
    const { reader, watched } = camera;
    expect(await reader.take(nothing)).toBe("nothing");
    expect(await reader.take(view("code 1"))).toBe("presented");
    expect(await reader.take(view("code 2"))).toBe("busy");
    watched.decide();
    await expect.poll(() => watched.said).toEqual(["started", "presented", "ended"]);
    expect(await reader.take(view("code 1"))).toBe("repeat");
    expect(await reader.take(view("code 2"))).toBe("presented");
    expect(watched.presented).toMatchObject([
      { outcome: "payload", symbology: "qr", aim: "]Q1", protocol: null, ndef: null },
      { outcome: "payload" },
    ]);
    const texts = watched.presented.map((one) => (one.outcome === "payload" ? Buffer.from(one.bytes).toString() : ""));
    expect(texts).toEqual(["code 1", "code 2"]);
  });

  test("chooses none of several codes, asks for one alone once, and takes the same code twice for one", async () => {
    await using camera = await startCamera();
    const { reader, watched } = camera;
    expect(await reader.take(view("left", "right"))).toBe("several");
    expect(await reader.take(view("left", "right"))).toBe("several");
    expect(watched.said).toEqual(["started", "one_at_a_time"]);
    expect(await reader.take(nothing)).toBe("nothing");
    expect(watched.said).toEqual(["started", "one_at_a_time", "ended"]);
    expect(watched.presented).toEqual([]);
    expect(await reader.take(view("twin", "twin"))).toBe("presented");
  });

  test("does not look at pictures while its lane cannot decide, nor at more than agreed", async () => {
    await using camera = await startCamera({ picturesPerS: 4 });
    const { reader, watched } = camera;
    await sleep(260);
    reader.arm?.(false);
    expect(await reader.take(view("code"))).toBe("resting");
    reader.arm?.(true);
    expect(await reader.take(view("code"))).toBe("busy");
    await sleep(260);
    expect(await reader.take(view("code"))).toBe("presented");
    expect(watched.presented).toHaveLength(1);
  });

  test("is absent until a picture comes, and again when none came for a while; nothing of it is left then", async () => {
    const unseen = cameraReader({ ...options, silenceMs: 300 });
    const { signal } = new AbortController();
    await expect(unseen.run(watch().sink, signal)).rejects.toMatchObject({
      code: "reader_absent",
      remedy: "open the page",
    });
    const waiting = unseen.appears?.(10_000, signal);
    await unseen.take(nothing);
    await waiting;

    await using camera = await startCamera({ silenceMs: 2_000 });
    expect(decodingProcesses()).toHaveLength(1);
    expect(await camera.ended).toMatchObject({ code: "reader_absent" });
    expect(decodingProcesses()).toEqual([]);
    expect(await camera.reader.take(nothing)).toBe("resting");
  });

  test("answers a picture that is not what its size says, or is too large, and goes on", async () => {
    await using camera = await startCamera();
    const { reader } = camera;
    expect(await reader.take({ width: 640, height: 480, pixels: new Uint8Array(10) })).toBe("refused");
    const pixels = new Uint8Array(largestPicture + 1);
    expect(await reader.take({ width: largestPicture + 1, height: 1, pixels })).toBe("refused");
    expect(await reader.take(view("code"))).toBe("presented");
  });
});
