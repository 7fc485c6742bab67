import { signJws } from "../../../fixtures/issuer/index.ts";
import { admit, emptyTrust, type Offered, type Trust } from "../../../verifier/index.ts";
import { parseJson } from "../../../verifier/json.ts";
import { readKeySet } from "../../../verifier/key-set.ts";
import { at, keys, known, nobody, primitives, publish, rootOne, tenant, trustIn } from "../../verifier/world.ts";
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
const unpinned = emptyTrust(tenant, "sandbox", null);

/** Root, keys and head: spelled, bent, and bent but well signed. */
export const target: FuzzTarget = {
  name: "documents",
  longest: 8192,
  dictionary: [
    '"ver":',
    '"iss":',
    '"env":"live"',
    '"docs":[]',
    '"lists":[]',
    '"roots":[]',
    '"kid":"',
    '"st":"compromised"',
    '"d":"',
    "[[[[",
    "null",
    "1e99",
    "\\ud800",
  ],
  async seeds() {
    const root: readonly string[] = JSON.parse(rootOne).signed;
    const texts = [
      next.head,
      next.keys,
      rootOne,
      payloadOf(next.head),
      payloadOf(next.keys),
      payloadOf(known(root[0])),
    ];
    return texts.map((text, sort) => Buffer.concat([Uint8Array.of(sort), Buffer.from(text, "latin1")]));
  },
  async run(input) {
    const sort = sorts[(input[0] ?? 0) % sorts.length] ?? "head text";
    const text = latin1(input.subarray(1));
    switch (sort) {
      case "head text":
        return `${sort} ${await offer(await held(), { head: text })}`;
      case "head payload":
        return `${sort} ${await offer(await held(), { ...published, head: signed("trust-head+jws", keys.head, text) })}`;
      case "root text":
        return `${sort} ${await offer(nobody(), { head: published.head, roots: [text] })}`;
      case "root payload": {
        const signatures = [keys.rootA, keys.rootB].map((key) => signed("trust-root+jws", key, text));
        return `${sort} ${await offer(unpinned, { ...published, roots: [JSON.stringify({ signed: signatures })] })}`;
      }
      // The head would refuse any bent keys document by its hash, so its parser is asked directly.
      case "keys text":
        return `${sort} ${await readKeys(text)}`;
      case "keys payload":
        return `${sort} ${await readKeys(signed("trust-keys+jws", keys.keys, text))}`;
    }
  },
};

async function offer(from: Trust, offered: Offered): Promise<string> {
  const { changed, trust, faults, wanted } = await admit(from, offered, at(0), primitives);
  if (!changed && trust !== from) throw new Error("a refused update changed the trust");
  const codes = [...new Set(faults.map((fault) => fault.code))].toSorted().join(",");
  return `${changed} ${codes} ${[...new Set(wanted.map((one) => one.kind))].toSorted().join(",")}`;
}

async function readKeys(text: string): Promise<string> {
  const read = await readKeySet(text, known((await held()).root), { tenant, environment: "sandbox" }, primitives);
  return read.ok ? "read" : read.fault.code;
}
