import { startEngine } from "../../../drivers/serial/engines/engine.ts";
import { ssiEngine } from "../../../drivers/serial/engines/ssi.ts";
import { readSsiMessage } from "../../../drivers/serial/engines/ssi-packet.ts";
import { heardFrom, piecesOf, recordedStreams, sortsOf, streamOf } from "../streams.ts";

/** The first byte sets the cap, the second how the rest is cut, the third whether its checksums are mended first. */
export const target = {
  name: "ssi",
  dictionary: [
    "\x06\xf3\x00\x00\x1cA",
    "\x06\xf3\x00\x02\x1cA",
    "\x06\xf3\x00\x01\x1cA",
    "\x04\xd0\x00\x00",
    "\xfe\xfe",
  ],
  async seeds(): Promise<readonly Uint8Array[]> {
    const streams = recordedStreams(["zebra-ssi"]);
    return [0, 1].flatMap((mend) => streams.map((stream) => Buffer.concat([Uint8Array.of(64, 3, mend), stream])));
  },
  /** Throws when a cut changes what is heard or answered, or a bound does not hold. */
  run(input: Uint8Array): string {
    const cap = 1 + (input[0] ?? 0);
    const bytes = input.subarray(3);
    const stream = streamOf((input[2] ?? 0) % 2 === 1 ? mended(bytes) : bytes);
    const cut = piecesOf(stream, 1 + (input[1] ?? 0));
    const whole = heardFrom(startEngine(ssiEngine(cap)), stream, cap);
    if (whole.join() !== heardFrom(watchedEngine(cap), cut, cap).join())
      throw new Error("a cut changed what was heard");
    // One answer to each packet, which has six bytes at least, or to a pause.
    const replies = whole.filter((line) => line.startsWith("reply")).length;
    if (replies > bytes.length / 6 + stream.length) throw new Error("more answers than packets");
    return sortsOf(whole);
  },
};

/** The engine, with its bounds looked at after each input. */
function watchedEngine(cap: number) {
  const engine = ssiEngine(cap);
  return startEngine({
    ...engine,
    next(before, input) {
      const step = engine.next(before, input);
      if (step.state.held.length > 257) throw new Error("more than a packet is held");
      if ((step.state.message?.content?.length ?? 0) > cap) throw new Error("more than the longest code is held");
      return step;
    },
  });
}

/** Packets one after the other get the checksum that their bytes have, so that mutants come past it. */
function mended(bytes: Uint8Array): Uint8Array {
  const out = Buffer.from(bytes);
  for (let at = 0; at < out.length; ) {
    const length = out[at] ?? 0;
    const end = at + length;
    if (length < 4 || end + 2 > out.length) {
      at += 1;
      continue;
    }
    out[at + 2] = 0;
    const sum = out.subarray(at, end).reduce((total, byte) => total + byte, 0);
    out.writeUInt16BE(-sum & 0xffff, end);
    if (readSsiMessage(out.subarray(at, end + 2)) === null) throw new Error("a right checksum is refused");
    at = end + 2;
  }
  return out;
}
