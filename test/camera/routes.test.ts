import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GreyPicture, largestPicture } from "../../drivers/camera/index.ts";
import { testFacade } from "../pos/facade.ts";
import { type RunningApi, runApi } from "../pos/running-api.ts";

const taken: { readonly reader: string; readonly picture: GreyPicture }[] = [];
const camera = (reader: string, lane: string) => ({
  reader,
  lane,
  picturesPerS: 4,
  take: async (picture: GreyPicture) => {
    taken.push({ reader, picture });
    return "nothing" as const;
  },
});
let server: RunningApi;
beforeAll(async () => {
  const cameras = [camera("cam-1", "gate-1"), camera("cam-2", "gate-2")];
  server = await runApi(testFacade({ cameras, lanes: [{ lane: "gate-1" }, { lane: "gate-2" }, { lane: "gate-3" }] }));
});
afterAll(() => server[Symbol.asyncDispose]());

async function page(lane: string) {
  const response = await fetch(`${server.origin}/lane/${lane}`);
  const html = await response.text();
  return {
    token: /id="camera"[^>]* data-token="([^"]+)"/.exec(html)?.[1] ?? null,
    permissions: response.headers.get("permissions-policy"),
  };
}

async function send(
  reader: string,
  token: string | null,
  body = new Uint8Array(64 * 32),
  query = "width=64&height=32",
  type = "application/octet-stream",
) {
  const response = await fetch(`${server.origin}/v1/cameras/${reader}/pictures?${query}`, {
    method: "POST",
    headers: { "content-type": type, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body,
  });
  const answer: { code?: string; outcome?: string } = Object(await response.json());
  return `${response.status} ${answer.outcome ?? answer.code}`;
}

describe("the pictures of a lane's camera", () => {
  test("are taken with the token of the page of that lane, which opens nothing else", async () => {
    const { token } = await page("gate-1");
    expect(await send("cam-1", token)).toBe("200 nothing");
    expect(taken.at(-1)).toEqual({
      reader: "cam-1",
      picture: { width: 64, height: 32, pixels: new Uint8Array(64 * 32) },
    });
    expect(await send("cam-2", token)).toBe("401 invalid_token");
    expect(await send("cam-9", token)).toBe("401 invalid_token");
    for (const path of ["/v1/status", "/v1/events", "/metrics"]) {
      const answer = await fetch(`${server.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
      expect([path, answer.status]).toEqual([path, 401]);
    }
  });

  test("are not taken without a token; the till's opens them too", async () => {
    expect(await send("cam-1", null)).toBe("401 missing_auth");
    const till = readFileSync(server.tokenFile, "utf8").trim();
    expect(await send("cam-2", till)).toBe("200 nothing");
    expect(await send("cam-9", till)).toBe("404 reader_not_found");
  });

  test("come with a size that they have, and are bounded", async () => {
    const { token } = await page("gate-1");
    const before = taken.length;
    const bytes = (length: number) => new Uint8Array(length);
    expect(await send("cam-1", token, bytes(2_047))).toBe("400 bad_request");
    expect(await send("cam-1", token, bytes(2_049))).toBe("400 bad_request");
    expect(await send("cam-1", token, bytes(0))).toBe("400 bad_request");
    for (const query of ["", "width=64", "width=8&height=32", "width=064&height=32", "width=-64&height=32"]) {
      expect([query, await send("cam-1", token, bytes(2_048), query)]).toEqual([query, "400 out_of_range"]);
    }
    expect(await send("cam-1", token, bytes(2_048), "width=9999&height=9999")).toBe("400 out_of_range");
    expect(await send("cam-1", token, bytes(2_048), "width=64&height=32&more=1")).toBe("400 unknown_field");
    expect(await send("cam-1", token, bytes(2_048), "width=64&height=32", "image/jpeg")).toBe(
      "415 unsupported_media_type",
    );
    expect(await send("cam-1", token, bytes(largestPicture + 1))).toBe("413 too_large");
    expect(taken).toHaveLength(before);
  });

  test("are allowed to the page of such a lane alone: no other page may use a camera", async () => {
    expect((await page("gate-1")).permissions).toContain("camera=(self)");
    expect(await page("gate-3")).toEqual({ token: null, permissions: expect.stringContaining("camera=()") });
    const ping = await fetch(`${server.origin}/v1/ping`);
    expect(ping.headers.get("permissions-policy")).toContain("camera=()");
  });
});
