import { startEngine } from "../../../drivers/serial/engines/engine.ts";
import { type Framed7eOptions, framed7eEngine } from "../../../drivers/serial/engines/framed-7e.ts";
import { heardFrom, piecesOf, recordedStreams, sortsOf, streamOf } from "../streams.ts";

/** The first byte sets the cap, the second how the rest is cut, the third whose answers stand between the codes. */
export const target = {
  name: "framed-7e",
  dictionary: [
    "\x02\x00\x00\x01\x00\x33\x31",
    "\x02\x00\x00\x00",
    "~\x0e\x00\x01\x00\x00\x00\x0f~",
    "~\x0e",
    "\xfe\xfe",
    "\r\n",
    "%%NoRead\r",
  ],
  async seeds(): Promise<readonly Uint8Array[]> {
    const gm65 = recordedStreams(["gm65", "low-cost", "newland"]);
    const cino = recordedStreams(["cino"]);
    return [
      ...gm65.map((stream) => Buffer.concat([Uint8Array.of(64, 3, 0), stream])),
      ...cino.map((stream) => Buffer.concat([Uint8Array.of(64, 3, 1), stream])),
    ];
  },
  /** Throws when a cut changes what is heard, something is sent back, or a bound does not hold. */
  run(input: Uint8Array): string {
    const cap = 1 + (input[0] ?? 0);
    const options: Framed7eOptions = {
      maxFrameBytes: cap,
      terminators: [0x0d, 0x0a],
      ignored: ["%%NoRead"],
      answers: (input[2] ?? 0) % 2 === 0 ? "gm65" : "cino",
    };
    const stream = streamOf(input.subarray(3));
    const cut = piecesOf(stream, 1 + (input[1] ?? 0));
    const whole = heardFrom(startEngine(framed7eEngine(options)), stream, cap);
    if (whole.join() !== heardFrom(watchedEngine(options), cut, cap).join())
      throw new Error("a cut changed what was heard");
    if (whole.some((line) => line.startsWith("reply"))) throw new Error("something is sent back");
    return sortsOf(whole);
  },
};

/** The engine, with its bounds looked at after each input. */
function watchedEngine(options: Framed7eOptions) {
  const engine = framed7eEngine(options);
  return startEngine({
    ...engine,
    next(before, input) {
      const step = engine.next(before, input);
      const { held, line } = step.state;
      if (held.length > 1_025) throw new Error("more than the longest answer is held");
      if (line.kind === "collecting" && line.held.length > options.maxFrameBytes)
        throw new Error("more than the cap is held");
      return step;
    },
  });
}
