import { base64Text, qrText, r1Reference, signE1B, signE1J } from "../../../fixtures/issuer/index.ts";
import { readPayload } from "../../../verifier/payload.ts";
import { keys, pass } from "../../verifier/world.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

/** A JWS whose two readable segments are given as text: mutants get past the base64url. */
function spelled(input: Uint8Array): Uint8Array {
  const [header = "", payload = ""] = latin1(input).split("\n");
  const segment = (text: string) => Buffer.from(text, "latin1").toString("base64url");
  return Buffer.from(`${segment(header)}.${segment(payload)}.${"A".repeat(86)}`);
}

const unspelled = 0x0a;

/** Everything a reader may deliver, up to but without the signature. */
export const target: FuzzTarget = {
  name: "envelope",
  longest: 6000,
  dictionary: [
    "P1:",
    "P1.",
    "P2:",
    "D1",
    "eyJ",
    ".",
    "/1779185600/01234567",
    "pass_",
    "https://",
    '"v":1,',
    '"__proto__":',
    '"alg":',
    "1e3",
    "\\u0000",
    "\ufeff",
  ],
  async seeds() {
    const binary = signE1B(pass(), keys.pass);
    const rotating = signE1B(pass(), keys.pass, { rotating: true });
    const compact = signE1J(pass({ notBefore: 5, revision: 1 }), keys.pass);
    const texts = [
      qrText(binary),
      base64Text(binary),
      `${qrText(rotating)}/1779185600/01234567`,
      compact,
      r1Reference(pass(), new Uint8Array(16)).text,
      `loyalty:${pass().passId}`,
      `https://example.com/p/${pass().passId}`,
      // Opened: the newline says that header and payload are to be spelled as a JWS.
      compact
        .split(".")
        .slice(0, 2)
        .map((part) => Buffer.from(part, "base64url").toString("latin1"))
        .join("\n"),
    ];
    return [binary, ...texts.map((text) => Buffer.from(text, "latin1"))];
  },
  run(input) {
    const payload = readPayload(input.includes(unspelled) ? spelled(input) : input);
    switch (payload.sort) {
      case "refused":
        return `${payload.reason} ${payload.form}`;
      case "plain":
        return `plain ${payload.reference.kind} ${payload.reference.passId === null ? "no id" : "id"}`;
      case "reference":
        return `r1 ${payload.reference.kind}`;
      case "envelope": {
        const { form, kind, notBefore, revision, rotating } = payload.envelope;
        return `${form} ${kind} ${notBefore !== null} ${revision !== null} ${rotating}`;
      }
    }
  },
};
