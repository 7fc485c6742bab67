import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imageEngines } from "../../drivers/image/index.ts";
import { frameParts, frameReader, parseReading, readyHead } from "../../drivers/image/wire.ts";
import { bundle } from "../../scripts/build/bundle.ts";
import { barcode, picture } from "./barcodes.ts";
import { told } from "./open-decoder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pass-agent-image-"));
  await bundle(root, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(imageEngines)("the built decoding process works from its folder alone, with %s", async (engine) => {
  const { width, height, pixels } = picture(barcode("qr", "P1:BUILT"), { module: 4 });
  const program = join(folder, "image-decoder.mjs");
  const child = spawn(
    process.execPath,
    ["--permission", `--allow-fs-read=${folder}/`, program, engine, String(1 << 20), String(1 << 20)],
    { cwd: "/", env: {}, stdio: ["pipe", "ignore", "inherit", "pipe"], timeout: 20_000 },
  );
  // Node's types know the kinds of the first three streams only.
  const answers = child.stdio[3] as Readable;
  const read = frameReader(0);
  const heads: string[] = [];
  answers.on("data", (chunk: Uint8Array) => heads.push(...(read(chunk) ?? []).map(({ head }) => head)));
  const request = JSON.stringify({ kind: "grey", width, height, symbologies: ["qr"] });
  for (const part of frameParts(request, pixels)) child.stdin?.write(part);
  // It answers what it was given, then ends with its input.
  child.stdin?.end();
  const [code] = await once(child, "exit");
  expect({ code, ready: heads[0] }).toEqual({ code: 0, ready: readyHead });
  expect(told(parseReading(heads[1] ?? "") ?? { outcome: "codes", codes: [] })).toEqual(["qr P1:BUILT"]);
});
