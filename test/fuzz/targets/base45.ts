import { encodeBase45 } from "../../../fixtures/issuer/index.ts";
import { decodeBase45 } from "../../../verifier/base45.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

/** Decoding is the inverse of encoding and accepts nothing else. */
export const target: FuzzTarget = {
  name: "base45",
  longest: 4096,
  dictionary: ["GGW", ":::", "FGW", "  ", "%$*"],
  seeds: async () => ["", "BB8", "%69 VD92EX0", "UJCLQE7W581", "QED8WEX0"].map((text) => Buffer.from(text)),
  run(input) {
    const text = latin1(input);
    const bytes = decodeBase45(text);
    if (bytes === null) return `refused, rest ${text.length % 3}`;
    if (encodeBase45(bytes) !== text) throw new Error("two spellings of one byte string");
    return `accepted, rest ${text.length % 3}`;
  },
};
