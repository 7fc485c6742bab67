import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { epochStart } from "../../../verifier/index.ts";
import { buildList, type StatusManifest } from "../../../verifier/status-manifest.ts";
import { primitives } from "../../verifier/world.ts";
import type { FuzzTarget } from "../target.ts";

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

const raw = new Uint8Array(131_072).fill(0b1001, 77, 99);
const hash = sha256(raw);

/** The manifest that names the input as its only blob: the name is right, so every byte reaches zlib. */
function manifestFor(blob: Uint8Array): StatusManifest {
  return {
    name: "lists/1/manifest.jws",
    list: 1,
    bits: 1,
    size: 2 ** 20,
    epoch: 1,
    version: 1,
    issuedAt: epochStart,
    expiresAt: epochStart,
    shards: [{ blob: sha256(blob).toString("base64url"), length: blob.length, hash }],
    root: sha256(hash),
    kid: "1",
    sha256: "",
    bytes: blob,
  };
}

/** zlib streams that should be one shard. */
export const target: FuzzTarget = {
  name: "shards",
  longest: 262_144,
  dictionary: ["\x78\x9c", "\x78\xda", "\x78\xbb", "\x01\xff\xff\x00\x00", "\x03\x00", "\x00\x00\xff\xff"],
  async seeds() {
    const bomb = deflateSync(new Uint8Array(8 << 20), { level: 9 });
    const streams = [1, 6, 9].map((level) => deflateSync(raw, { level }));
    const stored = deflateSync(raw.subarray(0, 1000), { level: 0 });
    return [
      ...streams,
      stored,
      bomb,
      deflateSync(new Uint8Array(131_072)),
      deflateSync(raw, { strategy: 4 }),
      new Uint8Array(0),
    ];
  },
  async run(input) {
    const manifest = manifestFor(input);
    const list = await buildList(manifest, new Map([[manifest.shards[0]?.blob ?? "", input]]), primitives);
    if (!list.ok) return list.fault.code;
    if (!list.value.shards.every((shard) => shard.bytes?.length === 131_072))
      throw new Error("a shard of another length");
    return "one whole shard";
  },
};
