import { BundleFault, readBundle } from "../../../agent/bundle/index.ts";
import { tarOf } from "../../bundle/samples.ts";
import type { FuzzTarget } from "../target.ts";

const blockBytes = 512;
/** POSIX.1-1988: where the size and the sum of a header stand. */
const size = { at: 124, length: 12 } as const;
const sum = { at: 148, length: 8 } as const;

/** Tar archives from a stick. The sums of the headers are put right first, or nothing behind them would ever be read. */
export const target: FuzzTarget = {
  name: "bundle",
  longest: 8_192,
  dictionary: [
    "keys.jws",
    "root/1.json",
    "blobs/",
    "lists/1/deltas/7.jws",
    "../",
    "ustar\x0000",
    "ustar  \x00",
    "x",
    "L",
    "00000000000 ",
    "77777777777 ",
    "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00",
  ],
  async seeds() {
    const blob = `blobs/${"A".repeat(43)}`;
    return [
      await tarOf([{ name: "keys.jws", body: "k" }]),
      await tarOf([
        { name: "root/1.json", body: "{}" },
        { name: "lists/3/manifest.jws", body: "m".repeat(600) },
        { name: "lists/3/deltas/17.jws", body: "d" },
        { name: blob, body: "b".repeat(1200) },
      ]),
      await tarOf([
        { name: "blobs", type: "directory" },
        { name: "head.jws", type: "symlink", linkname: "keys.jws" },
      ]),
      await tarOf([{ name: `${"x".repeat(120)}/keys.jws`, body: "long" }]),
      new Uint8Array(1024),
    ];
  },
  async run(input) {
    const bytes = withSums(input);
    try {
      const documents = await readBundle(halves(bytes));
      const total = [...documents.values()].reduce((all, document) => all + document.length, 0);
      if (total > bytes.length) throw new Error("more came out than went in");
      return documents.size > 3 ? "several files" : `${documents.size} files`;
    } catch (cause) {
      if (cause instanceof BundleFault) return cause.code;
      throw cause;
    }
  },
};

async function* halves(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.length >> 1);
  yield bytes.subarray(bytes.length >> 1);
}

/** Walks from header to header by the sizes they claim. */
function withSums(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  for (let at = 0; at + blockBytes <= bytes.length; ) {
    const header = bytes.subarray(at, at + blockBytes);
    if (header.some((byte) => byte !== 0)) {
      header.fill(" ", sum.at, sum.at + sum.length);
      const total = header.reduce((all, byte) => all + byte, 0);
      header.write(`${total.toString(8).padStart(6, "0")}\0 `, sum.at, "latin1");
    }
    const claimed = Number.parseInt(header.toString("latin1", size.at, size.at + size.length), 8);
    const body = Number.isFinite(claimed) && claimed > 0 ? Math.ceil(claimed / blockBytes) * blockBytes : 0;
    at += blockBytes + Math.min(body, bytes.length);
  }
  return bytes;
}
