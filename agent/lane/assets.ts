import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** One file of the page, ready to send. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}
export type LaneAssets = ReadonlyMap<string, Asset>;

/** The page's files are missing or not readable as what they are. */
export class AssetFault extends Error {
  override readonly name = "AssetFault";
  readonly code: "assets_missing" | "assets_broken";
  constructor(code: AssetFault["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
  ".ts": "text/javascript; charset=utf-8",
};

/**
 * Reads the files of the lane page. Scripts keep their `.ts` names, and with them their imports: only the types are taken
 * out, here or by the build, which then left `x.ts.js` for `x.ts`. Without `assetsDir` they lie in `page/` beside this file, or in `lane/` beside the bundle.
 *
 * @throws AssetFault
 */
export async function laneAssets(assetsDir?: string): Promise<LaneAssets> {
  const folder = assetsDir ?? assetsFolder();
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new AssetFault("assets_missing", `The files of the lane page are not in ${folder}`, cause);
  });
  const files = await Promise.all(
    names
      .filter((name) => mediaTypes[extname(name)] !== undefined)
      .map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
  const scripts = files.filter(({ name }) => extname(name) === ".ts");
  const plain = await stripTypes(scripts.map(({ text }) => text));
  const bodies = new Map(scripts.map(({ name }, i) => [name, plain[i] ?? ""]));
  return new Map(
    files.map(({ name, text }) => [
      name.replace(/\.ts\.js$/, ".ts"),
      { type: mediaTypes[extname(name)] ?? "", body: bodies.get(name) ?? text },
    ]),
  );
}

function assetsFolder(): string {
  const candidates = ["page", "lane"].map((name) => fileURLToPath(new URL(`./${name}/`, import.meta.url)));
  return candidates.find((folder) => existsSync(join(folder, "lane.css"))) ?? candidates[0] ?? "";
}

/** Runs Node's own type stripper in a worker, because only there can its "experimental" warning be kept off the log. */
const stripper = `
const { parentPort, workerData } = require("node:worker_threads");
const { stripTypeScriptTypes } = require("node:module");
parentPort.postMessage(workerData.map((text) => stripTypeScriptTypes(text)));
`;
const stripWithinMs = 10_000;

async function stripTypes(texts: readonly string[]): Promise<readonly string[]> {
  if (texts.length === 0) return [];
  const worker = new Worker(stripper, {
    eval: true,
    workerData: texts,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  let late: NodeJS.Timeout | undefined;
  try {
    const stripped: unknown = await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      late = setTimeout(() => reject(new Error(`no answer within ${stripWithinMs} ms`)), stripWithinMs);
    });
    if (Array.isArray(stripped) && stripped.length === texts.length) return stripped.map(String);
    throw new Error("the stripper gave another number of files");
  } catch (cause) {
    throw new AssetFault("assets_broken", "The scripts of the lane page cannot be read as TypeScript", cause);
  } finally {
    clearTimeout(late);
    await worker.terminate();
  }
}
