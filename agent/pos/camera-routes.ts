import { largestPicture, type PictureOutcome } from "../../drivers/camera/index.ts";
import type { LaneCamera } from "../lane-camera.ts";
import type { AgentFacade } from "../views.ts";
import type { Problem } from "./problem.ts";
import type { Answer, ApiRequest, Route } from "./router.ts";

/** Fewer pixels hold no code. */
const shortestSide = 16;
const decimal = /^[1-9][0-9]{0,3}$/;

/**
 * Pictures of the lane pages' cameras: grey, one byte a pixel, row after row. Each camera has a token of its own that opens
 * nothing else.
 */
export function cameraRoutes(facade: Pick<AgentFacade, "cameras">): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: "/v1/cameras/{reader}/pictures",
      access: "camera",
      query: ["width", "height"],
      upload: { type: "application/octet-stream", maxBytes: largestPicture, overTcp: true },
      answer: (request) => takePicture(facade.cameras(), request),
    },
  ];
}

async function takePicture(cameras: readonly LaneCamera[], request: ApiRequest): Promise<Answer> {
  const id = request.params["reader"] ?? "";
  const camera = cameras.find(({ reader }) => reader === id);
  if (camera === undefined) {
    return refuse({ code: "reader_not_found", detail: `There is no camera "${id.slice(0, 60)}"` });
  }
  const [width, height] = ["width", "height"].map((name) => side(request.query.get(name)));
  if (width == null || height == null || width * height > largestPicture) {
    const remedy = `Send width and height, ${shortestSide} or more and ${largestPicture} pixels together at most`;
    return refuse({ code: "out_of_range", detail: "The size of the picture is missing or out of range", remedy });
  }
  const pixels = await collect(request.upload, width * height);
  if (pixels === null) {
    return refuse({ code: "bad_request", detail: `The body does not have ${width} x ${height} bytes` });
  }
  const outcome: PictureOutcome = await camera.take({ width, height, pixels });
  return { kind: "json", status: 200, body: { outcome } };
}

function side(text: string | null): number | null {
  const value = text !== null && decimal.test(text) ? Number(text) : 0;
  return value < shortestSide ? null : value;
}

/** Exactly so many bytes, or null; what comes beyond them is not kept. */
async function collect(upload: ApiRequest["upload"], length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of upload ?? []) {
    if (at + chunk.length > length) return null;
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return at === length ? bytes : null;
}

function refuse(problem: Problem): Answer {
  return { kind: "problem", problem };
}
