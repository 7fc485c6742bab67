import { signJws } from "../../../fixtures/issuer/index.ts";
import { parseJson } from "../../../verifier/json.ts";
import { admit, type Trust } from "../../../verifier/index.ts";
import { at, keys, known, nobody, primitives, publish, rootOne, trustIn } from "../../verifier/world.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

/** First byte of an input: what the rest is. */
const sorts = ["head text", "keys text", "root text", "head payload", "keys payload", "root payload"] as const;

const published = publish();
const next = publish({ n: 2, keysVersion: 2 });

function payloadOf(jws: string): string {
  return Buffer.from(known(jws.split(".")[1]), "base64url").toString("latin1");
}

/** Signs whatever parses, so that mutants get past the signature. */
function signed(typ: string, signer: typeof keys.head, text: string): string {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? signJws(typ, value, signer) : text;
}

function trusting(): () => Promise<Trust> {
  let trust: Promise<Trust> | null = null;
  return () => {
    trust ??= trustIn();
    return trust;
  };
}

const held = trusting();

/** Root, keys and head: spelled, bent, and bent but well signed. */
export const target: FuzzTarget = {
  name: "documents",
  longest: 8192,
  dictionary: ['"ver":', '"iss":', '"env":"live"', '"docs":[]', '"lists":[]', '"roots":[]', '"kid":"', '"st":"compromised"', '"d":"', "[[[[", "null", "1e99", "\\ud800"],
  async seeds() {
    const root: readonly string[] = JSON.parse(rootOne).signed;
    const texts = [next.head, next.keys, rootOne, payloadOf(next.head), payloadOf(next.keys), payloadOf(known(root[0]))];
    return texts.map((text, sort) => Buffer.concat([Uint8Array.of(sort), Buffer.from(text, "latin1")]));
  },
  async run(input) {
    const sort = sorts[(input[0] ?? 0) % sorts.length] ?? "head text";
    const text = latin1(input.subarray(1));
    const offered = (() => {
      switch (sort) {
        case "head text":
          return { head: text };
        case "keys text":
          return { head: next.head, keys: text };
        case "root text":
          return { head: published.head, roots: [text] };
        case "head payload":
          return { ...published, head: signed("trust-head+jws", keys.head, text) };
        case "keys payload":
          return { head: next.head, keys: signed("trust-keys+jws", keys.keys, text) };
        case "root payload":
          return { roots: [JSON.stringify({ signed: [keys.rootA, keys.rootB].map((key) => signed("trust-root+jws", key, text)) })] };
      }
    })();
    const from = sort === "root text" ? nobody() : await held();
    const { changed, trust, faults, wanted } = await admit(from, offered, at(0), primitives);
    if (!changed && trust !== from) throw new Error("a refused update changed the trust");
    const codes = [...new Set(faults.map((fault) => fault.code))].toSorted().join(",");
    return `${sort}: ${changed} ${codes} ${[...new Set(wanted.map((one) => one.kind))].toSorted().join(",")}`;
  },
};
