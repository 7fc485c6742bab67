import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { scanImage } from "../../agent/scan-image.ts";
import { barcode, blank, draw } from "../image/barcodes.ts";
import { greyPng } from "../image/png-files.ts";
import { type Bench, openBench, type Routes } from "./bench.ts";
import { samplePass } from "./samples.ts";

/** The command with the real decoder, against an agent that answers what a test wants. */

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

const commands = { scanImage };
const otherPass = samplePass.replace(/.$/, "A");
const invalid = { result: "invalid", reason: "revoked", claims: null };
const claims = { tenant: "tnt_1", environment: "sandbox", list: 0, index: 7, pass_id: samplePass };
const valid = { result: "valid", reason: "ok", claims };
const otherValid = { ...valid, claims: { ...claims, index: 8, pass_id: otherPass } };

/** Writes a picture with these QR codes side by side. */
function show(...contents: readonly string[]): string {
  const canvas = blank(Math.max(1, contents.length) * 300, 300);
  for (const [at, text] of contents.entries()) {
    draw(canvas, barcode("qr", text), { module: 6, centre: { x: 150 + at * 300, y: 150 } });
  }
  writeFileSync(join(bench.folder, "picture.png"), greyPng(canvas.width, canvas.height, canvas.pixels));
  return "picture.png";
}

/** Answers each payload with its verdict. */
function judging(verdicts: Readonly<Record<string, object>>): Routes {
  return {
    "POST /v1/verify": ({ body }, response) => {
      const { payload_b64: payload }: { readonly payload_b64: string } = JSON.parse(body);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(verdicts[Buffer.from(payload, "base64url").toString("latin1")] ?? invalid));
    },
  };
}

describe("scan --image", () => {
  test("one valid pass: exit 0, and what it is; the content is not printed", async () => {
    const asked = await bench.serve(judging({ "P1:GOOD": valid }));
    const { code, out, err } = await bench.run(["scan", "--image", show("P1:GOOD")], { commands });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")).toEqual([
      "  CODE  AIM  BYTES  ANSWER  PASS",
      `  qr    ]Q1  7      valid   ${samplePass}`,
      "",
    ]);
    expect(asked.requests.map(({ line }) => line)).toEqual(["POST /v1/verify"]);
  });

  test.each<readonly [string, readonly string[], Readonly<Record<string, object>>, number, string]>([
    ["a valid one beside one that is not", ["P1:GOOD", "P1:BAD"], { "P1:GOOD": valid }, 0, "valid"],
    ["the same pass twice", ["P1:GOOD", "P1.good"], { "P1:GOOD": valid, "P1.good": valid }, 0, "valid"],
    ["two valid passes", ["P1:GOOD", "P1:ALSO"], { "P1:GOOD": valid, "P1:ALSO": otherValid }, 1, "ambiguous"],
    ["none that is valid", ["P1:BAD"], {}, 1, "none"],
    ["no code", [], {}, 1, "none"],
  ])("%s", async (_, contents, verdicts, code, outcome) => {
    await bench.serve(judging(verdicts));
    const answer = await bench.run(["scan", "--image", show(...contents), "--json"], { commands });
    expect({ code: answer.code, err: answer.err }).toEqual({ code, err: "" });
    const scan = JSON.parse(answer.out);
    expect(scan.outcome).toBe(outcome);
    expect(scan.codes).toHaveLength(contents.length);
    for (const { symbology, aim, bytes } of scan.codes)
      expect([symbology, aim, bytes]).toEqual(["qr", "]Q1", expect.any(Number)]);
  });

  test("people are told why it is refused, and that it is ambiguous", async () => {
    await bench.serve(judging({ "P1:GOOD": valid, "P1:ALSO": otherValid }));
    const refused = await bench.run(["scan", "--image", show("P1:BAD")], { commands });
    expect(refused.out).toContain("invalid: revoked");
    const ambiguous = await bench.run(["scan", "--image", show("P1:GOOD", "P1:ALSO")], { commands });
    expect(ambiguous.out).toContain("ambiguous: more than one pass in this picture is valid; show one alone.");
    expect((await bench.run(["scan", "--image", show()], { commands })).out).toBe(
      "There is no code in this picture.\n",
    );
  });

  test("the other engine gives the same answer", async () => {
    await bench.serve(judging({ "P1:GOOD": valid }));
    const argv = ["scan", "--image", show("P1:GOOD"), "--engine", "zxing-library"];
    expect(await bench.run(argv, { commands })).toMatchObject({ code: 0, err: "" });
  });

  test("without an agent it says so", async () => {
    const { code, err } = await bench.run(["scan", "--image", show("P1:GOOD")], { commands });
    expect(code).toBe(69);
    expect(err).toContain("[agent_not_running]");
  });

  test.each<readonly [string, () => string, readonly string[], number, string]>([
    ["no picture named", () => "", [], 2, "bad_usage"],
    ["no such engine", () => show("x"), ["--engine", "opencv"], 2, "bad_usage"],
    ["a file that is not there", () => "nowhere.png", [], 1, "image_unreadable"],
    ["a folder", () => ".", [], 1, "image_unreadable"],
    ["a device without end", () => "/dev/zero", [], 1, "image_unreadable"],
    ["a text", () => file("<svg/>"), [], 1, "unsupported_image"],
    ["a broken PNG", () => file(greyPng(9, 9, new Uint8Array(81)).subarray(0, -20)), [], 1, "damaged_image"],
    ["a file of 11 MiB", () => file("", 11 << 20), [], 1, "too_large"],
  ])("%s is refused", async (_, make, more, code, reason) => {
    await bench.serve({});
    const image = make();
    const answer = await bench.run(["scan", ...(image === "" ? [] : ["--image", image]), ...more], { commands });
    expect({ code: answer.code, out: answer.out }).toEqual({ code, out: "" });
    expect(answer.err).toMatch(new RegExp(`^pass-agent: .*\\[${reason}\\]\\n$`));
  });
});

function file(content: string | Uint8Array, length?: number): string {
  writeFileSync(join(bench.folder, "file"), content);
  if (length !== undefined) truncateSync(join(bench.folder, "file"), length);
  return "file";
}
