import { expect, test } from "vitest";
import { signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { type Algorithm, admit, type Offered, type Trust, type TrustFaultCode, verify } from "../../verifier/index.ts";
import {
  ascii,
  at,
  change,
  emptyStatus,
  key,
  keys,
  known,
  listed,
  nobody,
  otherTenant,
  type Publication,
  type Published,
  pass,
  primitives,
  publish,
  resigned,
  standardKeys,
  start,
  trustIn,
} from "./world.ts";

const dayS = 86_400;

/** What one call said, in short. */
async function answer(from: Trust, offered: Offered, judged = at(0)) {
  const admission = await admit(from, offered, judged, primitives);
  expect(admission.changed || admission.trust === from).toBe(true);
  return {
    ...admission,
    codes: admission.faults.map((fault) => fault.code),
    kinds: admission.wanted.map((one) => one.kind),
  };
}

test("an update run fetches what is wanted, round by round, until nothing is", async () => {
  const revoked = change(emptyStatus(), { set: [1] }).state;
  const records = new Map([[4711, new Uint8Array(16).fill(1)]]);
  const server = publish({ lists: [revoked], directories: [{ list: 1, version: 1, records }] });
  let offered: { -readonly [Name in keyof Offered]: Offered[Name] } = {};
  const rounds: string[][] = [];
  for (;;) {
    const { wanted, trust, faults } = await admit(nobody(), offered, at(0), primitives);
    expect(faults).toEqual([]);
    if (wanted.length === 0) {
      expect(trust.lists.get(1)?.version).toBe(2);
      break;
    }
    rounds.push(wanted.map((one) => one.kind));
    offered = { ...offered };
    for (const one of wanted) {
      if (one.kind === "root") offered.roots = server.roots;
      if (one.kind === "head") offered.head = server.head;
      if (one.kind === "keys") offered.keys = server.keys;
      if (one.kind === "manifest") offered.manifests = server.manifests;
      if (one.kind === "directory") offered.directories = server.directories;
      if (one.kind === "blob") {
        const blob = known(server.blobs.get(one.sha256));
        expect(blob.length).toBe(one.length);
        offered.blobs = new Map([...(offered.blobs ?? []), [one.sha256, blob]]);
      }
    }
  }
  expect(rounds).toEqual([["root", "head"], ["keys"], ["manifest", "directory"], ["blob", "blob", "blob"]]);
});

test("attack 31: every wanted document and blob names the signed length that bounds its download", async () => {
  const revoked = change(emptyStatus(), { set: [1] }).state;
  const server = publish({ lists: [revoked] });
  const { wanted } = await answer(nobody(), { roots: server.roots, head: server.head });
  expect(wanted).toEqual([{ kind: "keys", sha256: expect.any(String), length: server.keys.length }]);
  const { wanted: then } = await answer(nobody(), { ...server, blobs: new Map() });
  const [name, blob] = known([...server.blobs][0]);
  expect(then).toEqual([{ kind: "blob", sha256: name, length: blob.length }]);
});

test("what was admitted once is not a change the second time", async () => {
  const trust = await trustIn();
  const again = await answer(trust, publish());
  expect(again).toMatchObject({ changed: false, codes: [], wanted: [] });
  expect(again.trust).toBe(trust);
});

test("a newer head over the same documents is a change of the head alone", async () => {
  const trust = await trustIn();
  const { trust: next, changed } = await answer(trust, { head: publish({ n: 2, issuedS: 300 }).head }, at(300));
  expect(changed).toBe(true);
  expect(next.head?.n).toBe(2);
  expect(next.keys).toBe(trust.keys);
  expect(next.lists.get(1)).toBe(trust.lists.get(1));
});

test("attack 26, 40: with one list of two missing, keys, head and the other list stay as they were", async () => {
  const [one, two] = [emptyStatus(), emptyStatus({ list: 2 })];
  const trust = await trustIn({ lists: [one, two] });
  const [oneNext, twoNext] = [change(one, { set: [4711] }), change(two, { set: [1] })];
  const server = publish({ n: 2, keysVersion: 2, lists: [one, two], listsAtHead: [oneNext.state, twoNext.state] });
  const partial = { head: server.head, keys: server.keys, deltas: new Map([[1, [oneNext.delta]]]) };
  const half = await answer(trust, partial);
  expect(half).toMatchObject({ changed: false, wanted: [{ kind: "deltas", list: 2, from: 1 }], codes: [] });
  const whole = await answer(trust, {
    ...partial,
    deltas: new Map([
      [1, [oneNext.delta]],
      [2, [twoNext.delta]],
    ]),
  });
  expect(whole).toMatchObject({ changed: true, wanted: [], codes: [] });
  expect([...whole.trust.lists.values()].map((list) => list.version)).toEqual([2, 2]);
});

/** What an attacker serves, over what is held, and the code that refuses it. */
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
  const old = publish({ n: 901, keys: both, issuedS: 150 });
  expect(await answer(next.trust, { head: old.head }, at(200))).toMatchObject({ changed: false, codes: ["rollback"] });
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

test("a clock that ran ahead does not lock out the signed time that would cure it", async () => {
  const trust = await trustIn();
  const years = 3 * 365 * dayS;
  const server = publish({ n: 2, issuedS: 60 });
  for (const clock of ["suspect", "unknown"] as const) {
    expect(await answer(trust, server, at(years, clock))).toMatchObject({ changed: true, codes: [] });
  }
  expect(await answer(trust, server, at(years, "trusted"))).toMatchObject({ changed: false, codes: ["expired"] });
});

test("a clock far behind is not a reason to refuse a head, unless it is trusted", async () => {
  const early = (clock: "trusted" | "held" | "unknown") => at(-400 * dayS, clock);
  expect((await answer(nobody(), publish(), early("unknown"))).changed).toBe(true);
  expect((await answer(nobody(), publish(), early("held"))).changed).toBe(true);
  expect((await answer(nobody(), publish(), early("trusted"))).codes).toEqual(["clock_ahead"]);
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

test("a head may name a newer root, which is fetched first", async () => {
  const head = resigned(publish({ n: 2 }).head, keys.head, (payload) => ({
    ...payload,
    docs: [...Object(payload["docs"]), { typ: "trust-root+jws", ver: 2, sha256: "A".repeat(43), len: 10 }],
  }));
  expect(await answer(await trustIn(), { head })).toMatchObject({
    changed: false,
    codes: [],
    wanted: [{ kind: "root", version: 2 }],
  });
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

function withKey(more: Parameters<typeof listed>[2], signing = key("another", "32790")): Publication {
  return { keys: [...standardKeys, listed(signing, ["pass"], more)] };
}

test.each([
  ["attack 7: one kid twice", withKey({}, key("another", keys.pass.kid)), "weak_key"],
  ["attack 7: one key under two kids", withKey({}, { ...keys.pass, kid: "32790" }), "weak_key"],
  ["a window that ends before it starts", withKey({ notBefore: start, expiresAt: start }), "bad_form"],
  ["attack 34: a live kid in the sandbox", withKey({}, key("another", "7")), "wrong_environment"],
  ["a kid with a leading zero", withKey({}, key("another", "032790")), "bad_form"],
  ["a kid of 65536", withKey({}, key("another", "65536")), "bad_form"],
] as const)("%s refuses the whole keys document", async (_, what, code) => {
  expect(await answer(nobody(), publish(what))).toMatchObject({ changed: false, codes: [code] });
  expect(await answer(await trustIn(), publish({ ...what, n: 2, keysVersion: 2 }))).toMatchObject({
    changed: false,
    codes: [code],
  });
});

test.each([
  ["a small-order point", { x: Buffer.alloc(32).toString("base64url") }, "weak_key"],
  ["a private member", { d: "A".repeat(43) }, "weak_key"],
  ["the alg EdDSA", { alg: "EdDSA" }, "weak_key"],
  ["no alg", { alg: undefined }, "bad_form"],
  ["a use other than sig", { use: "enc" }, "bad_form"],
  ["an unknown role", { roles: ["root"] }, "bad_form"],
  ["a repeated role", { roles: ["pass", "pass"] }, "bad_form"],
  ["an unknown kind", { kinds: ["ticket"] }, "bad_form"],
  ["an unknown state", { st: "lost" }, "bad_form"],
] as const)("attack 15: a key with %s refuses the whole keys document", async (_, bend, code) => {
  const body: { keys: object[] } = JSON.parse(Buffer.from(known(publish().keys.split(".")[1]), "base64url").toString());
  const [first, ...others] = body.keys;
  const keysDocument = { ...body, keys: [{ ...first, ...bend }, ...others] };
  expect(await answer(nobody(), publish({ keysDocument }))).toMatchObject({ changed: false, codes: [code] });
});

test("a kid is never used again for another key", async () => {
  const others = standardKeys.filter((one) => one.key !== keys.pass);
  const reused = publish({ n: 2, keysVersion: 2, keys: [...others, listed(key("reused", keys.pass.kid), ["pass"])] });
  expect(await answer(await trustIn(), reused)).toMatchObject({ changed: false, codes: ["weak_key"] });
});

test("attack 32: a compromised key counts from the moment its keys document is admitted", async () => {
  const payload = signE1B(pass(), keys.pass);
  const before = await trustIn();
  expect((await verify(payload, before, at(10), primitives)).reason).toBe("ok");
  const others = standardKeys.filter((one) => one.key !== keys.pass);
  const server = publish({
    n: 2,
    keysVersion: 2,
    keys: [...others, listed(keys.pass, ["pass"], { state: "compromised" })],
  });
  const { trust } = await answer(before, server);
  expect((await verify(payload, trust, at(10), primitives)).reason).toBe("key_compromised");
});

test("attack 30: nothing unsigned makes a refused pass good again", async () => {
  const revoked = change(emptyStatus(), { set: [4711] }).state;
  const trust = await trustIn({ lists: [revoked] });
  const junk: Offered = {
    roots: ["{}"],
    keys: "x",
    head: publish({ n: 2, lists: [emptyStatus({ version: 3 })], headSigner: { ...key("x", "1"), kid: keys.head.kid } })
      .head,
    manifests: new Map([[1, "x"]]),
    deltas: new Map([[1, ["x", ""]]]),
    blobs: new Map([["x", new Uint8Array(3)]]),
  };
  const next = await answer(trust, junk);
  expect(next.changed).toBe(false);
  expect(await verify(ascii(signE1J(pass(), keys.pass)), next.trust, at(0), primitives)).toMatchObject({
    reason: "revoked",
  });
});

test.each<Algorithm>(["Ed25519", "ES256"])("trust documents may be signed with %s", async (alg) => {
  const headKey = key(`head ${alg}`, "32791", alg);
  const statusKey = key(`status ${alg}`, "32792", alg);
  const all = [...standardKeys, listed(headKey, ["head"]), listed(statusKey, ["status"])];
  const trust = await trustIn({ keys: all, headSigner: headKey, statusSigner: statusKey });
  expect(trust.head?.kid).toBe("32791");
});

test("a fault names its document and never what is in it", async () => {
  const forged = publish({ n: 2, headSigner: { ...key("x", "1"), kid: keys.head.kid } });
  const { faults } = await answer(await trustIn(), forged);
  expect(faults).toEqual([
    { code: "bad_signature", document: "head.jws", detail: `signature of key ${keys.head.kid} does not verify` },
  ]);
});
