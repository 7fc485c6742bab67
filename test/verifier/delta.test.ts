import { expect, test } from "vitest";
import { encodeIndices, type ListState, revokeIn, signJws } from "../../fixtures/issuer/index.ts";
import { revocationStatus, type Trust } from "../../verifier/index.ts";
import { answer, ladder } from "./answer.ts";
import { change, emptyStatus, key, keys, known, otherTenant, publish, start, trustIn } from "./world.ts";

const { states, deltas } = ladder(5);
const [first] = states;
const held = await trustIn();
const headAtTwo = publish({ n: 2, lists: [known(first)], listsAtHead: [known(states[1])] }).head;

const good = revokeIn(known(first), { set: [0] }, start).deltaPayload;

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

test.each(bent)("%s: the delta is refused, the list stays, and another way is wanted", async (_, delta, code) => {
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
  "%s: the delta does not keep the genuine one out, unless the status key signed both",
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

test.each([
  ["one index revoked and suspended", { set: [1] }, { n2: 1, set2: encodeIndices([1]) }],
  ["one index revoked and cleared", { set: [1] }, { nc: 1, clr: encodeIndices([1]) }],
  ["one index suspended and cleared", { set2: [1] }, { nc: 1, clr: encodeIndices([1]) }],
  ["a count without its set", {}, { n2: 1, set2: undefined }],
  ["a set without its count", {}, { n2: undefined, set2: encodeIndices([1]) }],
  ["a count of cleared without its set", {}, { nc: 1, clr: undefined }],
])("a delta of two bits with %s is refused", async (_, what, bend) => {
  const { deltaPayload } = revokeIn(twoBits, what, start);
  const delta = signJws("status-delta+jws", { ...deltaPayload, ...bend }, keys.status);
  const server = publish({ n: 2, lists: [twoBits], listsAtHead: [revokeIn(twoBits, what, start).state] });
  const trust = await trustIn({ lists: [twoBits] });
  const offered = { head: server.head, deltas: new Map([[1, [delta]]]) };
  expect(await answer(trust, offered)).toMatchObject({ changed: false, codes: ["bad_form"] });
});

test("a delta of two bits may leave out what it does not change", async () => {
  const { state, deltaPayload } = revokeIn(twoBits, { set: [1] }, start);
  const { n2: _, set2: __, nc: ___, clr: ____, ...bare } = deltaPayload;
  const server = publish({ n: 2, lists: [twoBits], listsAtHead: [state] });
  const delta = signJws("status-delta+jws", bare, keys.status);
  const next = await answer(await trustIn({ lists: [twoBits] }), {
    head: server.head,
    deltas: new Map([[1, [delta]]]),
  });
  expect(next).toMatchObject({ changed: true, codes: [] });
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
