import { spawnSync } from "node:child_process";
import { pack } from "tar-stream";
import { BundleFault, readBundle, writeBundle } from "../../agent/bundle/index.ts";
import { emptyStatus, publish, trustIn } from "../verifier/world.ts";

/** Bytes in pieces of `size`, as a slow source gives them. */
export async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  return Buffer.concat(parts);
}

/** The documents of a terminal that holds two lists, one of them with a directory. */
export async function sampleDocuments(): Promise<ReadonlyMap<string, Uint8Array>> {
  return (await trustIn(sample)).documents;
}

export const sample = {
  lists: [emptyStatus(), emptyStatus({ list: 7, bits: 2, size: 3_000_000 })],
  directories: [{ list: 7, version: 1, records: new Map([[4711, new Uint8Array(16).fill(3)]]) }],
};

export function samplePublication() {
  return publish(sample);
}

export async function sampleBundle(): Promise<Buffer> {
  return bytesOf(writeBundle(await sampleDocuments()));
}

/** One entry of a tar made to be refused. */
export type Entry = Parameters<ReturnType<typeof pack>["entry"]>[0] & { readonly body?: Uint8Array | string };

/** A tar of these entries as the library writes them. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  const parts: Uint8Array[] = [];
  for (const { body, ...header } of entries) {
    if (body === undefined) tar.entry(header);
    else tar.entry(header, Buffer.from(body));
  }
  tar.finalize();
  for await (const part of tar) if (part instanceof Uint8Array) parts.push(part);
  return Buffer.concat(parts);
}

/** Why a bundle is refused; null when it is not. Anything but a `BundleFault` fails the test. */
export async function refusal(bytes: Uint8Array, size?: number): Promise<BundleFault | null> {
  try {
    await readBundle(pieces(bytes, size));
    return null;
  } catch (cause) {
    if (cause instanceof BundleFault) return cause;
    throw cause;
  }
}

/** Is GNU tar here? Every Debian has it. */
export const hasTar = spawnSync("tar", ["--version"]).status === 0;
