import { expect, test } from "vitest";
import { signE1J } from "../../fixtures/issuer/index.ts";
import type { Offered, TrustFaultCode } from "../../verifier/index.ts";
import { answer } from "./answer.ts";
import {
  at,
  change,
  emptyStatus,
  key,
  keys,
  listed,
  nobody,
  otherTenant,
  type Publication,
  type Published,
  pass,
  pin,
  publish,
  resigned,
  standardKeys,
  trustIn,
} from "./world.ts";

const dayS = 86_400;

const heads: readonly (readonly [string, Publication, Publication, TrustFaultCode, number])[] = [
  ["attack 24: an older head", { n: 5 }, { n: 4 }, "rollback", 0],
  ["attack 28: another head of the same number", { n: 5 }, { n: 5, issuedS: 1 }, "equivocation", 0],
  ["attack 24: an older keys document", { keysVersion: 3 }, { n: 2, keysVersion: 2 }, "rollback", 0],
  ["attack 28: another keys document of the same version", {}, { n: 2, keysIssuedS: 1 }, "equivocation", 0],
  ["attack 25: a head that ended", {}, { n: 2 }, "expired", 3 * dayS],
  ["a keys document that ended", {}, { n: 2, keysVersion: 2, issuedS: 60 * dayS }, "expired", 60 * dayS],
  ["a head signed a day and a second ahead", {}, { n: 2, issuedS: dayS + 1 }, "clock_ahead", 0],
  [
    "attack 24: a list of an older epoch",
    { lists: [emptyStatus({ epoch: 2 })] },
    { n: 2, keysVersion: 2 },
    "rollback",
    0,
  ],
  [
    "attack 24: a list of an older version",
    { lists: [emptyStatus({ version: 5 })] },
    { n: 2, lists: [emptyStatus({ version: 4 })] },
    "rollback",
    0,
  ],
  [
    "attack 24: a list that shrank",
    { lists: [emptyStatus()] },
    { n: 2, lists: [emptyStatus({ size: 2 ** 19, version: 2 })] },
    "rollback",
    0,
  ],
  [
    "attack 28: another list of the same version",
    {},
    { n: 2, lists: [{ ...change(emptyStatus(), { set: [1] }).state, version: 1 }] },
    "equivocation",
    0,
  ],
  ["attack 28: another manifest of the same version", {}, { n: 2, listsIssuedS: 1 }, "equivocation", 0],
  ["attack 33: a head signed by the status key", {}, { n: 2, headSigner: keys.status }, "wrong_role", 0],
  ["attack 33: a head signed by a pass key", {}, { n: 2, headSigner: keys.pass }, "wrong_role", 0],
  [
    "a head signed by a stranger",
    {},
    { n: 2, headSigner: { ...key("x", "1"), kid: keys.head.kid } },
    "bad_signature",
    0,
  ],
  ["a head whose key nobody knows", {}, { n: 2, headSigner: key("x", "32999") }, "bad_signature", 0],
  [
    "a keys document signed by a key it lists itself",
    {},
    { n: 2, keysVersion: 2, keysSigner: keys.pass },
    "bad_signature",
    0,
  ],
  ["attack 35: a publication of another tenant", {}, { n: 2, tenant: otherTenant }, "wrong_tenant", 0],
  ["attack 34: a publication of the other environment", {}, { n: 2, environment: "live" }, "wrong_environment", 0],
  ["attack 27: a version of 2^53 - 1", {}, { n: 2 ** 53 - 1 }, "bad_form", 0],
  ["attack 27: a number just above 2^48", {}, { n: 2 ** 48 + 1 }, "bad_form", 0],
  ["a head that lives a week", {}, { n: 2, headLifeS: 7 * dayS }, "bad_form", 0],
];

test.each(heads)("%s is refused and what is held stays", async (_, held, served, code, afterS) => {
  const trust = await trustIn(held);
  const { changed, codes, wanted } = await answer(trust, publish(served), at(afterS));
  expect({ changed, codes: [...new Set(codes)] }).toEqual({ changed: false, codes: [code] });
  expect(wanted.filter((one) => one.kind !== "root")).toEqual([]);
});

test("attack 27: a new epoch in the keys document brings a list back from a version nobody can top", async () => {
  const poisoned = await trustIn({ lists: [emptyStatus({ version: 2 ** 48 })] });
  const { changed, trust } = await answer(
    poisoned,
    publish({ n: 2, keysVersion: 2, lists: [emptyStatus({ epoch: 2 })] }),
  );
  expect(changed).toBe(true);
  expect(trust.lists.get(1)).toMatchObject({ epoch: 2, version: 1 });
});

test("an epoch that the keys document does not name does not count", async () => {
  const head = resigned(publish({ n: 2 }).head, keys.head, (payload) => ({
    ...payload,
    lists: [{ ...Object(payload["lists"])[0], epoch: 2 }],
  }));
  expect(await answer(await trustIn(), { head })).toMatchObject({ changed: false, codes: ["unnamed"] });
});

test("the counter of heads restarts with another key, and an older head of that key cannot return", async () => {
  const headTwo = key("head two", "32780");
  const both = [...standardKeys, listed(headTwo, ["head"])];
  const trust = await trustIn({ n: 900, keys: both, issuedS: 100 }, nobody(), at(100));
  const next = await answer(
    trust,
    { head: publish({ n: 1, keys: both, issuedS: 200, headSigner: headTwo }).head },
    at(200),
  );
  expect(next).toMatchObject({ changed: true, codes: [] });
  const sameSecond = { head: publish({ n: 7, keys: both, issuedS: 100, headSigner: headTwo }).head };
  expect(await answer(trust, sameSecond, at(200))).toMatchObject({ changed: true, codes: [] });
  const old = publish({ n: 901, keys: both, issuedS: 150 });
  expect(await answer(next.trust, { head: old.head }, at(200))).toMatchObject({ changed: false, codes: ["rollback"] });
});

test("a retired head key signs no more heads", async () => {
  const others = standardKeys.filter((one) => one.key !== keys.head);
  const retired = publish({ keys: [...others, listed(keys.head, ["head"], { state: "retired" })] });
  expect(await answer(nobody(), retired)).toMatchObject({ changed: false, codes: ["wrong_role"] });
});

test("a head from the future of a stolen key is left behind by retiring that key", async () => {
  const headTwo = key("head two", "32780");
  const trust = await trustIn({ n: 9, issuedS: dayS }, nobody(), at(dayS));
  const retired = [
    ...standardKeys.filter((one) => one.key !== keys.head),
    listed(keys.head, ["head"], { state: "compromised" }),
    listed(headTwo, ["head"]),
  ];
  const cure = publish({ n: 1, issuedS: 10, keysVersion: 2, keys: retired, headSigner: headTwo, timeEpoch: 1 });
  const { changed, trust: cured } = await answer(trust, cure, at(10));
  expect(changed).toBe(true);
  expect(cured.keys?.timeEpoch).toBe(1);
  expect(await answer(cured, publish({ n: 10, issuedS: dayS + 1 }), at(dayS))).toMatchObject({ changed: false });
});

function bent(server: Published, name: "keys" | "head", bend: (text: string) => string): Offered {
  return { ...server, [name]: bend(server[name]) };
}

const lastCharacter = (text: string) => `${text.slice(0, -2)}${text.at(-2) === "A" ? "B" : "A"}${text.slice(-1)}`;

test.each([
  ["a keys document of the right length and other bytes", bent(publish(), "keys", lastCharacter), "hash_mismatch"],
  ["a keys document with something behind it", bent(publish(), "keys", (text) => `${text}AAAA`), "length_mismatch"],
  ["a head with another signature", bent(publish(), "head", lastCharacter), "bad_signature"],
  ["a head that is a pass", bent(publish(), "head", () => signE1J(pass(), keys.pass)), "bad_form"],
  ["a head that is the keys document", bent(publish(), "head", () => publish().keys), "bad_form"],
  ["a head longer than 256 KiB", bent(publish(), "head", () => "A".repeat(262_145)), "too_large"],
  ["an empty head", bent(publish(), "head", () => ""), "bad_form"],
] as const)("attack 10, 20: %s is refused", async (_, offered, code) => {
  expect(await answer(nobody(), offered)).toMatchObject({ changed: false, codes: [code], wanted: [] });
});

test("a keys document that the head does not name is told apart from the one it names", async () => {
  const { changed, codes } = await answer(await trustIn(), {
    head: publish({ n: 2 }).head,
    keys: publish({ keysVersion: 2 }).keys,
  });
  expect({ changed, codes }).toEqual({ changed: true, codes: ["unnamed"] });
});

test.each([0, 2])("a head that calls the held keys document version %i is refused", async (version) => {
  const head = resigned(publish({ n: 2 }).head, keys.head, (payload) => {
    const [first, ...others] = Object(payload["docs"]);
    return { ...payload, docs: [{ ...first, ver: version }, ...others] };
  });
  expect(await answer(await trustIn(), { head })).toMatchObject({ changed: false, codes: ["unnamed"] });
});

test("a head that names no keys document is refused", async () => {
  const head = resigned(publish().head, keys.head, (payload) => ({ ...payload, docs: [] }));
  expect(await answer(nobody(), { ...publish(), head })).toMatchObject({ changed: false, codes: ["unnamed"] });
});

const otherHash = "A".repeat(43);
test.each([
  ["a newer root, which is fetched first", 2, otherHash, { changed: false, codes: [], kinds: ["root"] }],
  ["the root that is held", 1, pin, { changed: true, codes: [], kinds: [] }],
  [
    "another root of that version, which is refused",
    1,
    otherHash,
    { changed: false, codes: ["equivocation"], kinds: [] },
  ],
  ["an older root, which is left alone", 0, otherHash, { changed: true, codes: [], kinds: [] }],
])("a head may name %s", async (_, ver, sha256, expected) => {
  const head = resigned(publish({ n: 2 }).head, keys.head, (payload) => ({
    ...payload,
    docs: [...Object(payload["docs"]), { typ: "trust-root+jws", ver, sha256, len: 10 }],
  }));
  expect(await answer(await trustIn(), { head })).toMatchObject(expected);
});

const documents: readonly (readonly [string, (payload: Record<string, unknown>) => object])[] = [
  ["without a time to live", (payload) => ({ ...payload, ttl: 0 })],
  [
    "with a document named twice",
    (payload) => ({ ...payload, docs: [...Object(payload["docs"]), ...Object(payload["docs"])] }),
  ],
  [
    "with a list named twice",
    (payload) => ({ ...payload, lists: [...Object(payload["lists"]), ...Object(payload["lists"])] }),
  ],
  [
    "with a document of list 256",
    (payload) => ({ ...payload, docs: [Object(payload["docs"])[0], { ...Object(payload["docs"])[1], list: 256 }] }),
  ],
  ["with a list of number 256", (payload) => ({ ...payload, lists: [{ ...Object(payload["lists"])[0], id: 256 }] })],
  [
    "with a length beyond 256 KiB",
    (payload) => ({ ...payload, docs: [{ ...Object(payload["docs"])[0], len: 262_145 }] }),
  ],
  [
    "with a hash of 42 characters",
    (payload) => ({ ...payload, docs: [{ ...Object(payload["docs"])[0], sha256: "A".repeat(42) }] }),
  ],
  [
    "with a list of 2^30 + 1 entries",
    (payload) => ({ ...payload, lists: [{ ...Object(payload["lists"])[0], size: 2 ** 30 + 1 }] }),
  ],
  ["with an integer-like member", (payload) => ({ ...payload, 7: 1 })],
  ["nested too deep", (payload) => ({ ...payload, x: JSON.parse("[".repeat(40) + "]".repeat(40)) })],
];

test.each(documents)("attack 18: a head %s is refused for its form", async (_, bend) => {
  const head = resigned(publish().head, keys.head, bend);
  expect(await answer(nobody(), { ...publish(), head })).toMatchObject({ changed: false, codes: ["bad_form"] });
});

test("attack 19: a document nested a hundred thousand deep is refused like any other", async () => {
  const deep = `{"v":1,"x":${"[".repeat(90_000)}${"]".repeat(90_000)}}`;
  const head = `${publish().head.split(".")[0]}.${Buffer.from(deep).toString("base64url")}.${"A".repeat(86)}`;
  expect(head.length).toBeLessThan(262_144);
  expect(await answer(nobody(), { ...publish(), head })).toMatchObject({ changed: false, codes: ["bad_form"] });
});

test("members of later versions are ignored in a trust document", async () => {
  const head = resigned(publish().head, keys.head, (payload) => ({
    ...payload,
    novel: { a: [1] },
    ...JSON.parse('{"__proto__":{"n":9}}'),
  }));
  expect(await answer(nobody(), { ...publish(), head })).toMatchObject({ changed: true, codes: [] });
});
