import { type Reference, r1Reference, signJws } from "../../../fixtures/issuer/index.ts";
import { buildDirectory, directoryRecord, readDirectoryManifest } from "../../../verifier/directory.ts";
import type { KeySet } from "../../../verifier/index.ts";
import { isRecord, parseJson } from "../../../verifier/json.ts";
import { readReference } from "../../../verifier/reference.ts";
import { keys, known, pass, primitives, publish, tenant, trustIn } from "../../verifier/world.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

const scope = { tenant, environment: "sandbox" } as const;

function keySet(): () => Promise<KeySet> {
  let made: Promise<KeySet> | null = null;
  return () => {
    made ??= trustIn().then((trust) => known(trust.keys));
    return made;
  };
}

const held = keySet();
const reference: Reference = r1Reference(pass(), new Uint8Array(16));
const published = publish({
  directories: [{ list: 1, version: 1, records: new Map([[pass().index, reference.record]]) }],
});
const manifest = known(published.directories.get(1));

/** First byte: an R1, a manifest as it stands, or a payload that is signed well. */
export const target: FuzzTarget = {
  name: "directory",
  longest: 4096,
  dictionary: ["D1", '"sl2":13', '"ch":[]', '"size":0', '"size":1073741824', '"list":1', "null"],
  async seeds() {
    const payload = Buffer.from(known(manifest.split(".")[1]), "base64url");
    const parts = [Buffer.from(reference.text), Buffer.from(manifest), payload];
    return parts.map((part, sort) => Buffer.concat([Uint8Array.of(sort), part]));
  },
  async run(input) {
    const sort = (input[0] ?? 0) % 3;
    const text = latin1(input.subarray(1));
    if (sort === 0) return readReference(text) === null ? "no reference" : "reference";
    const value = sort === 2 ? parseJson(text) : null;
    const jws = isRecord(value) ? signJws("passdir+jws", value, keys.status) : text;
    const read = await readDirectoryManifest(1, jws, await held(), scope, primitives);
    if (!read.ok) return `${sort} ${read.fault.code}`;
    const directory = buildDirectory(read.value, published.blobs);
    if (directory === null) return `${sort} chunk missing`;
    for (const index of [0, directory.size - 1, directory.size, 2 ** 30]) {
      const record = directoryRecord(directory, index);
      if ((record?.length === 16) !== (index >= 0 && index < directory.size)) throw new Error(`record ${index}`);
    }
    return `${sort} directory`;
  },
};
