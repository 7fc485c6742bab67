import type { CameraSays } from "../words/words.ts";
import { parseObject } from "./message.ts";
import { byId } from "./screen.ts";

export interface LaneCamera {
  /** The agent has started again: the token of its last start is no longer good. */
  renew(token: string | null): void;
}

/** Longest side of a picture as it is sent: more does not read a code better that somebody holds up. */
const longestSide = 960;
/** A camera that is not to be had is asked for again after this, milliseconds. */
const retryMs = 3_000;
/** No picture from the camera for this long. */
const darkMs = 5_000;
const answerWithinMs = 5_000;

/**
 * Sends what the camera of this machine sees to the agent, in grey and a few times a second; null on a lane without a camera
 * reader. Whatever is wrong is said on the page, with what to do, and tried again by itself.
 */
export function startCamera(root: Document): LaneCamera | null {
  const panel = root.getElementById("camera");
  const view = root.querySelector<HTMLVideoElement>("#camera-view");
  if (panel === null || view === null) return null;
  const { reader = "", perSecond = "4" } = panel.dataset;
  const everyMs = 1_000 / Number(perSecond);
  const address = `/v1/cameras/${encodeURIComponent(reader)}/pictures`;
  let token = panel.dataset["token"] ?? "";

  const say = (what: CameraSays): void => {
    if (panel.dataset["state"] === what) return;
    panel.dataset["state"] = what;
    byId(root, "camera-says").textContent = panel.getAttribute(`data-says-${what}`) ?? "";
  };
  const send = async ({ width, height, pixels }: Grey): Promise<CameraSays> => {
    const response = await fetch(`${address}?width=${width}&height=${height}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
      body: pixels,
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch(() => null);
    const outcome = response?.ok === true ? parseObject(await response.text())?.get("outcome") : null;
    panel.dataset["outcome"] = String(outcome ?? "");
    return outcome === undefined || outcome === null ? "agent" : "on";
  };
  const canvas = root.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let seenAt = 0;
  let lastFrame = -1;
  const lookOnce = async (): Promise<void> => {
    if (context === null || root.visibilityState !== "visible") return;
    const { currentTime } = view;
    // The same picture again: the camera has no newer one.
    if (currentTime === lastFrame || view.videoWidth === 0) {
      if (performance.now() - seenAt > darkMs) say("dark");
      return;
    }
    lastFrame = currentTime;
    seenAt = performance.now();
    say(await send(greyOf(view, canvas, context)));
  };
  const serve = async (stream: MediaStream): Promise<CameraSays> => {
    let lost = false;
    const [track] = stream.getVideoTracks();
    track?.addEventListener("ended", () => {
      lost = true;
    });
    view.srcObject = stream;
    await view.play().catch(() => undefined);
    seenAt = performance.now();
    try {
      while (!lost) {
        const startedAt = performance.now();
        await lookOnce();
        await pause(Math.max(everyMs - (performance.now() - startedAt), 10));
      }
    } finally {
      view.srcObject = null;
      for (const one of stream.getTracks()) one.stop();
    }
    return "lost";
  };
  const run = async (): Promise<void> => {
    for (;;) {
      say(await open(serve));
      await untilAnotherTry();
    }
  };
  void run();
  return {
    renew: (renewed) => {
      token = renewed ?? "";
    },
  };
}

/** Asks for a camera and serves it while it lasts; answers what is wrong then. */
async function open(serve: (stream: MediaStream) => Promise<CameraSays>): Promise<CameraSays> {
  // Absent where the browser does not trust the address (W3C Secure Contexts).
  if (!("mediaDevices" in navigator)) return "unsafe";
  try {
    const video = { width: { ideal: 1280 }, height: { ideal: 720 } };
    return await serve(await navigator.mediaDevices.getUserMedia({ video, audio: false }));
  } catch (cause) {
    return cause instanceof DOMException ? (troubles[cause.name] ?? "taken") : "taken";
  }
}

/** W3C Media Capture and Streams section 10.2: names of the exceptions of getUserMedia. */
const troubles: Readonly<Record<string, CameraSays>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "taken",
  AbortError: "taken",
};

/** Resolves soon, and at once when a device comes or goes. */
async function untilAnotherTry(): Promise<void> {
  const devices = "mediaDevices" in navigator ? navigator.mediaDevices : null;
  const changed = new Promise<void>((resolve) => {
    devices?.addEventListener("devicechange", () => resolve(), { once: true });
  });
  await Promise.race([pause(retryMs), changed]);
}

interface Grey {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** The picture of this moment in grey (ITU-R BT.601), one byte a pixel. */
function greyOf(view: HTMLVideoElement, canvas: HTMLCanvasElement, context: CanvasRenderingContext2D): Grey {
  const scale = Math.min(1, longestSide / Math.max(view.videoWidth, view.videoHeight));
  const width = Math.max(16, Math.round(view.videoWidth * scale));
  const height = Math.max(16, Math.round(view.videoHeight * scale));
  canvas.width = width;
  canvas.height = height;
  context.drawImage(view, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < pixels.length; at++, from += 4) {
    pixels[at] = ((data[from] ?? 0) * 77 + (data[from + 1] ?? 0) * 150 + (data[from + 2] ?? 0) * 29) >> 8;
  }
  return { width, height, pixels };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
