import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodeIndices, type ListState, revokeIn, signJws } from "../../fixtures/issuer/index.ts";
import { admit, type Offered, revocationStatus, type Trust } from "../../verifier/index.ts";
import {
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
  primitives,
  publish,
  resigned,
  standardKeys,
  start,
  trustIn,
} from "./world.ts";

const dayS = 86_400;

async function answer(from: Trust, offered: Offered, judged = at(0)) {
  const admission = await admit(from, offered, judged, primitives);
  const { changed, wanted, trust, faults } = admission;
  return { changed, wanted, trust, codes: faults.map((fault) => fault.code), version: trust.lists.get(1)?.version };
}

/** Versions 1 to n + 1, each revoking one more index, and the deltas between. */
function ladder(
  steps: number,
  from = emptyStatus(),
): { readonly states: readonly ListState[]; readonly deltas: readonly string[] } {
  const states = [from];
  const deltas: string[] = [];
  for (let i = 0; i < steps; i++) {
    const next = change(known(states.at(-1)), { set: [i] });
    states.push(next.state);
    deltas.push(next.delta);
  }
  return { states, deltas };
}

const { states, deltas } = ladder(5);
const [first] = states;
const last = known(states.at(-1));
const held = await trustIn();
/** The head that names the last state, over the manifest of the first. */
const head = publish({ n: 2, lists: [known(first)], listsAtHead: [last] }).head;
const offer = (texts: readonly string[], more: Offered = {}): Offered => ({
  head,
  deltas: new Map([[1, texts]]),
  ...more,
});

test("attack 29: deltas in any order, repeated and mixed with older ones, lead to the state the head names", async () => {
  const shuffled = [...deltas.toReversed(), ...deltas];
  const next = await answer(held, offer(shuffled));
  expect(next).toMatchObject({ changed: true, codes: [], wanted: [], version: 6 });
  for (let index = 0; index < 6; index++) {
    expect(revocationStatus(next.trust, 1, index)).toBe(index < 5 ? "revoked" : "valid");
  }
  expect(await answer(next.trust, offer(shuffled))).toMatchObject({ changed: false, codes: [], wanted: [] });
});

test("a delta that spans versions is the shorter way", async () => {
  const { deltaPayload } = revokeIn(known(first), { set: [0, 1, 2, 3] }, start);
  const spanning = signJws("status-delta+jws", { ...deltaPayload, to: 5 }, keys.status);
  const next = await answer(held, offer([...deltas, spanning]));
  expect(next).toMatchObject({ changed: true, codes: [], version: 6 });
  expect([...next.trust.documents.keys()].filter((name) => name.includes("deltas"))).toEqual([
    "lists/1/deltas/1.jws",
    "lists/1/deltas/5.jws",
  ]);
});

test("attack 29: over a gap nothing is applied, and the deltas from its edge are wanted", async () => {
  expect(await answer(held, { head })).toMatchObject({
    changed: false,
    wanted: [{ kind: "deltas", list: 1, from: 1 }],
  });
  const gap = await answer(held, offer([known(deltas[0]), known(deltas[1]), known(deltas[4])]));
  expect(gap).toMatchObject({ changed: false, wanted: [{ kind: "deltas", list: 1, from: 3 }], codes: [], version: 1 });
});

test("attack 29: a delta beyond the head is held, not applied", async () => {
  const early = publish({ n: 2, lists: [known(first)], listsAtHead: [known(states[2])] }).head;
  const next = await answer(held, { head: early, deltas: new Map([[1, deltas]]) });
  expect(next).toMatchObject({ changed: true, version: 3, codes: [] });
  expect(revocationStatus(next.trust, 1, 2)).toBe("valid");
});

test("deltas without a head do nothing but ask for one", async () => {
  expect(await answer(held, { deltas: new Map([[1, deltas]]) })).toMatchObject({
    changed: false,
    wanted: [{ kind: "head" }],
  });
});

const full = publish({ n: 2, lists: [last] });

test("a server that no longer has the deltas makes the full list wanted, then its blobs, each once", async () => {
  const gone: Offered = { head: full.head, deltas: new Map([[1, []]]) };
  expect((await answer(held, gone)).wanted).toMatchObject([
    { kind: "manifest", list: 1, length: known(full.manifests.get(1)).length },
  ]);
  expect((await answer(held, { ...gone, manifests: full.manifests })).wanted).toMatchObject([{ kind: "blob" }]);
  expect(await answer(held, { ...gone, manifests: full.manifests, blobs: full.blobs })).toMatchObject({
    changed: true,
    version: 6,
  });
});

test("a full list that is behind the head is brought up by the deltas after it", async () => {
  const behind = publish({ n: 2, lists: [known(states[2])], listsAtHead: [last] });
  expect(await answer(nobody(), behind)).toMatchObject({
    changed: false,
    wanted: [{ kind: "deltas", list: 1, from: 3 }],
  });
  const next = await answer(nobody(), { ...behind, deltas: new Map([[1, deltas]]) });
  expect(next).toMatchObject({ changed: true, version: 6, codes: [] });
});

test("a blob that is held already is not wanted again", async () => {
  const wide = emptyStatus({ size: 3 * 2 ** 20 });
  const one = change(wide, { set: [1, 2 ** 20 + 1] }).state;
  const trust = await trustIn({ lists: [one] });
  const two = change(one, { set: [2 * 2 ** 20] }).state;
  const server = publish({ n: 2, keysVersion: 1, lists: [two] });
  const { wanted } = await answer(trust, {
    head: server.head,
    deltas: new Map([[1, []]]),
    manifests: server.manifests,
  });
  expect(wanted).toHaveLength(1);
  const blobs = new Map(
    [...server.blobs].filter(([name]) => wanted.some((one) => one.kind === "blob" && one.sha256 === name)),
  );
  const next = await answer(trust, {
    head: server.head,
    deltas: new Map([[1, []]]),
    manifests: server.manifests,
    blobs,
  });
  expect(next).toMatchObject({ changed: true, version: 3, codes: [] });
});

const good = revokeIn(known(first), { set: [0] }, start).deltaPayload;
const headAtTwo = publish({ n: 2, lists: [known(first)], listsAtHead: [known(states[1])] }).head;

const otherWidth = signJws("status-delta+jws", { ...good, bits: 2 }, keys.status);

const bent: readonly (readonly [string, string, string])[] = [
  ["attack 33: signed by a pass key", signJws("status-delta+jws", good, keys.pass), "wrong_role"],
  ["attack 33: signed by the head key", signJws("status-delta+jws", good, keys.head), "wrong_role"],
  [
    "signed by a stranger",
    signJws("status-delta+jws", good, { ...key("x", "1"), kid: keys.status.kid }),
    "bad_signature",
  ],
  ["of another tenant", signJws("status-delta+jws", { ...good, iss: otherTenant }, keys.status), "wrong_tenant"],
  ["of the other environment", signJws("status-delta+jws", { ...good, env: "live" }, keys.status), "wrong_environment"],
  ["of another list", signJws("status-delta+jws", { ...good, list: 2 }, keys.status), "bad_form"],
  ["attack 10: of another type", signJws("status+jws", good, keys.status), "bad_form"],
  [
    "attack 29: with another root",
    signJws("status-delta+jws", { ...good, root: "A".repeat(43) }, keys.status),
    "hash_mismatch",
  ],
  [
    "attack 29: that revokes something else",
    signJws("status-delta+jws", { ...good, set: encodeIndices([9]) }, keys.status),
    "hash_mismatch",
  ],
  [
    "attack 29: that revokes nothing",
    signJws("status-delta+jws", { ...good, ns: 0, set: "" }, keys.status),
    "hash_mismatch",
  ],
  [
    "attack 29: with a smuggled clr in a one-bit list",
    signJws("status-delta+jws", { ...good, nc: 1, clr: encodeIndices([4]) }, keys.status),
    "bad_form",
  ],
  ["of another width", otherWidth, "bad_form"],
  ["with a wrong count", signJws("status-delta+jws", { ...good, ns: 2 }, keys.status), "bad_form"],
  [
    "with an index outside",
    signJws("status-delta+jws", { ...good, set: encodeIndices([2 ** 20]) }, keys.status),
    "bad_form",
  ],
  ["that shrinks the list", signJws("status-delta+jws", { ...good, size: 2 ** 20 - 1 }, keys.status), "rollback"],
  ["that goes nowhere", signJws("status-delta+jws", { ...good, to: 1 }, keys.status), "bad_form"],
  ["cut", known(deltas[0]).slice(0, -1), "bad_form"],
];

test.each(bent)("a delta %s is refused, the list stays, and another way is wanted", async (_, delta, code) => {
  const refused = { changed: false, version: 1, codes: [code] };
  const next = await answer(held, { head: headAtTwo, deltas: new Map([[1, [delta]]]) });
  expect(next).toMatchObject({ ...refused, wanted: [{ kind: "deltas", list: 1, from: 1 }] });
  const newer = publish({ n: 2, lists: [known(states[1])] });
  const full = await answer(held, { head: newer.head, deltas: new Map([[1, [delta]]]) });
  expect(full).toMatchObject({ ...refused, wanted: [{ kind: "manifest", list: 1 }] });
  expect(await answer(held, { ...newer, deltas: new Map([[1, [delta]]]) })).toMatchObject({
    changed: true,
    version: 2,
  });
});

test.each(bent)(
  "a delta %s does not keep the genuine one out, unless the status key signed both",
  async (_, delta, code) => {
    const next = await answer(held, { head: headAtTwo, deltas: new Map([[1, [delta, known(deltas[0])]]]) });
    // These say something else under the key that may say it; all others fall before that.
    const isEquivocal = code === "hash_mismatch" || code === "rollback" || delta === otherWidth;
    expect(next).toMatchObject({ changed: !isEquivocal, codes: [isEquivocal ? "equivocation" : code] });
    expect(revocationStatus(next.trust, 1, 0)).toBe(isEquivocal ? "valid" : "revoked");
  },
);

test("attack 28: two genuine deltas over one span refuse each other, and the full list decides", async () => {
  const other = signJws("status-delta+jws", revokeIn(known(first), { set: [9] }, start).deltaPayload, keys.status);
  const server = publish({ n: 2, lists: [known(states[1])] });
  const next = await answer(held, { head: server.head, deltas: new Map([[1, [known(deltas[0]), other]]]) });
  expect(next).toMatchObject({ changed: false, codes: ["equivocation"], wanted: [{ kind: "manifest" }] });
  const whole = await answer(held, { ...server, deltas: new Map([[1, [known(deltas[0]), other]]]) });
  expect(whole).toMatchObject({ changed: true, version: 2 });
  expect(revocationStatus(whole.trust, 1, 9)).toBe("valid");
});

test("a delta of an older epoch is left alone", async () => {
  const server = publish({ n: 2, keysVersion: 2, lists: [emptyStatus({ epoch: 2 })] });
  const next = await answer(held, { ...server, deltas: new Map([[1, deltas]]) });
  expect(next).toMatchObject({ changed: true, version: 1, codes: [] });
  expect(next.trust.lists.get(1)?.epoch).toBe(2);
});

test("more deltas than one call looks at are refused as too many", async () => {
  const many = Array.from({ length: 4097 }, (_, i) => `x${i}`);
  const { codes } = await answer(held, { head: headAtTwo, deltas: new Map([[1, [known(deltas[0]), ...many]]]) });
  expect(codes).toContain("too_large");
});

const twoBits = emptyStatus({ bits: 2 });
const suspended = change(twoBits, { set: [1], set2: [2, 3] });
const reinstated = change(suspended.state, { set: [3], clr: [2] });

test("attack 29: suspended may come back, revoked never", async () => {
  const trust = await trustIn({ lists: [twoBits] });
  const status = (from: Trust) => [1, 2, 3, 4].map((index) => revocationStatus(from, 1, index));
  const one = await answer(trust, {
    head: publish({ n: 2, lists: [twoBits], listsAtHead: [suspended.state] }).head,
    deltas: new Map([[1, [suspended.delta]]]),
  });
  expect(status(one.trust)).toEqual(["revoked", "suspended", "suspended", "valid"]);
  const two = await answer(one.trust, {
    head: publish({ n: 3, lists: [twoBits], listsAtHead: [reinstated.state] }).head,
    deltas: new Map([[1, [reinstated.delta]]]),
  });
  expect(status(two.trust)).toEqual(["revoked", "valid", "revoked", "valid"]);
});

test.each([
  ["clr", { nc: 1, clr: encodeIndices([1]) }],
  ["set2", { n2: 1, set2: encodeIndices([1]) }],
])(
  "attack 29: a signed delta that takes an entry out of revoked by %s is refused though its root is right",
  async (_, change) => {
    const trust = await trustIn({ lists: [suspended.state] });
    // The state such a delta would lead to, with the root of exactly that state.
    const bytes = known(known(suspended.state.shards[0])?.slice());
    bytes[0] = (known(bytes[0]) & ~0b1100) | ("set2" in change ? 0b1000 : 0);
    const after: ListState = { ...suspended.state, version: 3, shards: [bytes] };
    const { deltaPayload } = revokeIn(suspended.state, {}, start);
    const { root } = Object(
      JSON.parse(Buffer.from(known(publish({ lists: [after] }).head.split(".")[1]), "base64url").toString()),
    ).lists[0];
    const delta = signJws(
      "status-delta+jws",
      { ...deltaPayload, n2: 0, set2: "", nc: 0, clr: "", ...change, root },
      keys.status,
    );
    const server = publish({ n: 2, lists: [suspended.state], listsAtHead: [after] });
    const next = await answer(trust, { head: server.head, deltas: new Map([[1, [delta]]]) });
    expect(next).toMatchObject({ changed: false, codes: ["bad_form"] });
    expect(revocationStatus(next.trust, 1, 1)).toBe("revoked");
  },
);

test("one index in two sets of a delta is refused", async () => {
  const { deltaPayload } = revokeIn(twoBits, { set: [1] }, start);
  const delta = signJws("status-delta+jws", { ...deltaPayload, n2: 1, set2: encodeIndices([1]) }, keys.status);
  const server = publish({ n: 2, lists: [twoBits], listsAtHead: [change(twoBits, { set: [1] }).state] });
  const trust = await trustIn({ lists: [twoBits] });
  expect(await answer(trust, { head: server.head, deltas: new Map([[1, [delta]]]) })).toMatchObject({
    changed: false,
    codes: ["bad_form"],
  });
});

test("a list grows by a delta, and its new entries are valid", async () => {
  const grown = change(emptyStatus(), { set: [2 ** 20], size: 2 ** 20 + 2 });
  const next = await answer(held, {
    head: publish({ n: 2, lists: [emptyStatus()], listsAtHead: [grown.state] }).head,
    deltas: new Map([[1, [grown.delta]]]),
  });
  expect(next.codes).toEqual([]);
  expect([0, 2 ** 20, 2 ** 20 + 1, 2 ** 20 + 2].map((index) => revocationStatus(next.trust, 1, index))).toEqual([
    "valid",
    "revoked",
    "valid",
    "out_of_range",
  ]);
});

const served = publish({ lists: [last] });
const [blobName, blob] = known([...served.blobs][0]);
const manifestWith = (bend: (payload: Record<string, unknown>) => object, bytes = blob): Offered => {
  const manifest = resigned(known(served.manifests.get(1)), keys.status, bend);
  const named = resigned(served.head, keys.head, (payload) => ({
    ...payload,
    docs: Object(payload["docs"]).map((doc: { typ: string }) =>
      doc.typ === "status+jws" ? { ...doc, sha256: hash(manifest), len: manifest.length } : doc,
    ),
  }));
  return { ...served, head: named, manifests: new Map([[1, manifest]]), blobs: new Map([[hash(bytes), bytes]]) };
};

function hash(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}

const shard =
  (bytes: Uint8Array, more: object = {}) =>
  (payload: Record<string, unknown>) => ({
    ...payload,
    sh: [{ ...Object(payload["sh"])[0], z: hash(bytes), zl: bytes.length, ...more }],
  });

const raw = known(known(last.shards[0]));
const bomb = deflateSync(new Uint8Array(64 * 1024 * 1024));
const short = deflateSync(raw.subarray(1));
const trailing = Buffer.concat([blob, Uint8Array.of(0)]);
const doubled = Buffer.concat([blob, blob]);
const cut = blob.subarray(0, -1);
const other = deflateSync(new Uint8Array(131_072).fill(1));

test.each([
  ["attack 20: a blob that swells to 64 MiB", manifestWith(shard(bomb), bomb), "length_mismatch"],
  ["attack 21: a blob with a byte behind it", manifestWith(shard(trailing), trailing), "length_mismatch"],
  ["attack 21: two streams in one blob", manifestWith(shard(doubled), doubled), "length_mismatch"],
  ["attack 21: a blob cut short", manifestWith(shard(cut), cut), "length_mismatch"],
  ["attack 21: a blob that inflates to too little", manifestWith(shard(short), short), "length_mismatch"],
  ["a blob that inflates to other bytes", manifestWith(shard(other), other), "hash_mismatch"],
  [
    "a blob of another hash than its name",
    { ...served, blobs: new Map([[blobName, Uint8Array.from(blob).fill(7, 10, 11)]]) },
    "hash_mismatch",
  ],
  ["a blob of another length than named", { ...served, blobs: new Map([[blobName, trailing]]) }, "length_mismatch"],
  [
    "a manifest whose root is another",
    manifestWith((payload) => ({ ...payload, root: "A".repeat(43) })),
    "hash_mismatch",
  ],
  [
    "attack 41: a manifest that calls a revoked shard untouched",
    manifestWith((payload) => ({ ...payload, sh: [{ z: null }] })),
    "hash_mismatch",
  ],
  ["attack 41: a manifest without shards", manifestWith((payload) => ({ ...payload, sh: [] })), "bad_form"],
  [
    "a manifest of too many shards",
    manifestWith((payload) => ({ ...payload, sh: [{ z: null }, { z: null }] })),
    "bad_form",
  ],
  ["a manifest with shards of another size", manifestWith((payload) => ({ ...payload, sl2: 21 })), "bad_form"],
  ["a blob length beyond 256 KiB", manifestWith(shard(blob, { zl: 262_145 })), "bad_form"],
  ["a manifest that lives a year", manifestWith((payload) => ({ ...payload, exp: start + 365 * dayS })), "bad_form"],
  ["a manifest of another list", manifestWith((payload) => ({ ...payload, list: 2 })), "bad_form"],
  ["a manifest of another epoch", manifestWith((payload) => ({ ...payload, epoch: 2 })), "unnamed"],
  ["a manifest of another version", manifestWith((payload) => ({ ...payload, ver: 3 })), "unnamed"],
  [
    "attack 23: a manifest of another tenant",
    manifestWith((payload) => ({ ...payload, iss: otherTenant })),
    "wrong_tenant",
  ],
  ["attack 26: a manifest the head does not name", { ...served, manifests: publish().manifests }, "length_mismatch"],
  ["attack 33: a manifest signed by a pass key", publish({ lists: [last], statusSigner: keys.pass }), "wrong_role"],
] as const)("%s leaves the list unknown", async (_, offered, code) => {
  const next = await answer(nobody(), offered);
  expect(next).toMatchObject({ changed: false, codes: [code], wanted: [] });
  expect(revocationStatus(next.trust, 1, 0)).toBe("unknown");
});

test("a manifest that ended is refused", async () => {
  const server: Publication = { lists: [last], issuedS: 8 * dayS };
  expect(await answer(nobody(), publish(server), at(8 * dayS))).toMatchObject({ changed: false, codes: ["expired"] });
});

test("from the middle of its life a list wants a newer base, and stays in use until it is whole", async () => {
  const stepped = ladder(1);
  const later = known(stepped.states[1]);
  const renewed = publish({ n: 2, issuedS: 4 * dayS, listsIssuedS: 4 * dayS, lists: [later] });
  const beside: Offered = { head: renewed.head, deltas: new Map([[1, stepped.deltas]]) };
  const early = await answer(held, beside, at(3 * dayS));
  expect(early).toMatchObject({ changed: true, version: 2, wanted: [] });
  const late = await answer(held, beside, at(4 * dayS));
  expect(late).toMatchObject({ changed: true, version: 2, wanted: [{ kind: "manifest", list: 1 }] });
  const whole = await answer(
    late.trust,
    { ...beside, manifests: renewed.manifests, blobs: renewed.blobs },
    at(4 * dayS),
  );
  expect(whole).toMatchObject({ changed: true, wanted: [], codes: [] });
  expect(whole.trust.lists.get(1)).toMatchObject({ version: 2, deltas: [], expiresAt: start + 11 * dayS });
  expect([...whole.trust.documents.keys()].filter((name) => name.includes("deltas"))).toEqual([]);
});

test("after 64 deltas a newer base is wanted", async () => {
  const long = ladder(64);
  const end = known(long.states.at(-1));
  const server = publish({ n: 2, lists: [end] });
  const offered: Offered = { head: server.head, deltas: new Map([[1, long.deltas]]) };
  expect(await answer(held, offered)).toMatchObject({ changed: true, version: 65, wanted: [{ kind: "manifest" }] });
});

test("a list whose signer was compromised is built again from a document of another", async () => {
  const statusTwo = key("status two", "32781");
  const listedKeys = [
    ...standardKeys.filter((one) => one.key !== keys.status),
    listed(keys.status, ["status"], { state: "compromised" }),
    listed(statusTwo, ["status"]),
  ];
  const again = publish({ n: 2, keysVersion: 2, keys: listedKeys });
  expect(await answer(held, again)).toMatchObject({ changed: false, codes: ["wrong_role"] });
  const fresh = emptyStatus({ version: 2 });
  const server = publish({ n: 2, keysVersion: 2, keys: listedKeys, lists: [fresh], statusSigner: statusTwo });
  expect(await answer(held, server)).toMatchObject({ changed: true, version: 2, codes: [] });
});

test("a list that the head no longer names is forgotten, and its passes are unknown", async () => {
  const trust = await trustIn({ lists: [emptyStatus(), emptyStatus({ list: 2 })] });
  const next = await answer(trust, publish({ n: 2, keysVersion: 2 }));
  expect(next.changed).toBe(true);
  expect(revocationStatus(next.trust, 2, 0)).toBe("unknown");
  expect([...next.trust.documents.keys()].some((name) => name.startsWith("lists/2/"))).toBe(false);
});
