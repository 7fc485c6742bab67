import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Files of one target's corpus, and bytes of one file: it lives in the repository. */
const mostFiles = 200;
const largestFile = 4096;

function folderOf(target: string): string {
  return fileURLToPath(new URL(`./corpus/${target}/`, import.meta.url));
}

/** Inputs that earlier campaigns kept, in a stable order. */
export function readCorpus(target: string): readonly Uint8Array[] {
  const folder = folderOf(target);
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return names.map((name) => new Uint8Array(readFileSync(`${folder}${name}`)));
}

/** Adds inputs, each under the start of its SHA-256, while there is room; says how many are new. */
export function keepInCorpus(target: string, inputs: readonly Uint8Array[]): number {
  if (inputs.length === 0) return 0;
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const names = new Set(readdirSync(folder));
  const before = names.size;
  for (const input of inputs) {
    const name = createHash("sha256").update(input).digest("hex").slice(0, 16);
    if (names.size >= mostFiles || input.length > largestFile || names.has(name)) continue;
    writeFileSync(`${folder}${name}`, input);
    names.add(name);
  }
  return names.size - before;
}
