import { expect, test } from "vitest";
import { revokeIn, signJws } from "../../fixtures/issuer/index.ts";
import { admit, type Offered, revocationStatus } from "../../verifier/index.ts";
import { answer, ladder } from "./answer.ts";
import { at, change, emptyStatus, key, keys, known, nobody, primitives, publish, start, trustIn } from "./world.ts";

const dayS = 86_400;
const { states, deltas } = ladder(5);
const [first] = states;
const last = known(states.at(-1));
const held = await trustIn();
/** The head that names the last state, over the manifest of the first. */
const head = publish({ n: 2, lists: [known(first)], listsAtHead: [last] }).head;
const headAtTwo = publish({ n: 2, lists: [known(first)], listsAtHead: [known(states[1])] }).head;
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

test("what lies before the held version or beyond the head is not even judged", async () => {
  const forged = { ...key("x", "1"), kid: keys.status.kid };
  const [second, third] = [known(states[1]), known(states[2])];
  const beyond = change(second, { set: [9] }, forged).delta;
  const next = await answer(held, { head: headAtTwo, deltas: new Map([[1, [known(deltas[0]), beyond]]]) });
  expect(next).toMatchObject({ changed: true, version: 2, codes: [] });
  const before = change(known(first), { set: [9] }, forged).delta;
  const head = publish({ n: 3, lists: [known(first)], listsAtHead: [third] }).head;
  expect(await answer(next.trust, { head, deltas: new Map([[1, [before, known(deltas[1])]]]) })).toMatchObject({
    changed: true,
    version: 3,
    codes: [],
  });
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

test("the shortest way is asked for first, and a full list is taken when it is offered", async () => {
  expect((await answer(held, { head: full.head })).wanted).toEqual([{ kind: "deltas", list: 1, from: 1 }]);
  const { head, manifests, blobs } = full;
  expect(await answer(held, { head, manifests, blobs })).toMatchObject({ changed: true, version: 6, wanted: [] });
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

test("a delta of an older epoch is left alone", async () => {
  const server = publish({ n: 2, keysVersion: 2, lists: [emptyStatus({ epoch: 2 })] });
  const next = await answer(held, { ...server, deltas: new Map([[1, deltas]]) });
  expect(next).toMatchObject({ changed: true, version: 1, codes: [] });
  expect(next.trust.lists.get(1)?.epoch).toBe(2);
});

test("more deltas than one call looks at are refused as too many", async () => {
  const codes = async (count: number) => {
    const junk = Array.from({ length: count - 1 }, (_, i) => `x${i}`);
    return (await answer(held, { head: headAtTwo, deltas: new Map([[1, [known(deltas[0]), ...junk]]]) })).codes;
  };
  expect(await codes(4096)).toEqual(["bad_form"]);
  expect(await codes(4097)).toEqual(["too_large", "bad_form"]);
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

test("a list that the head no longer names is forgotten, and its passes are unknown", async () => {
  const trust = await trustIn({ lists: [emptyStatus(), emptyStatus({ list: 2 })] });
  const next = await answer(trust, publish({ n: 2, keysVersion: 2 }));
  expect(next.changed).toBe(true);
  expect(revocationStatus(next.trust, 2, 0)).toBe("unknown");
  expect([...next.trust.documents.keys()].some((name) => name.startsWith("lists/2/"))).toBe(false);
});

test("a delta that was tried and refused, or admitted and not adopted, leaves the list in force as it was", async () => {
  const before = emptyStatus();
  const listed = change(before, { set: [1, 2 ** 20 - 1] }).state;
  const trust = await trustIn({ lists: [listed] });
  const next = change(listed, { set: [8] });
  const head = publish({ n: 2, lists: [listed], listsAtHead: [next.state] }).head;
  const offered = { head, deltas: new Map([[1, [next.delta]]]) };
  for (let i = 0; i < 2; i++) {
    const admission = await admit(trust, offered, at(0), primitives);
    expect(admission.changed).toBe(true);
    expect(revocationStatus(admission.trust, 1, 8)).toBe("revoked");
    expect(revocationStatus(trust, 1, 8)).toBe("valid");
  }
});

test("a delta of 100,000 passes fits in one document, and one past 512 KiB is refused", async () => {
  const before = emptyStatus({ size: 2 ** 24 });
  const trust = await trustIn({ lists: [before] });
  const many = change(before, { set: Array.from({ length: 100_000 }, (_, i) => i * 160) });
  expect(many.delta.length).toBeLessThan(512 * 1024);
  const head = publish({ n: 2, lists: [before], listsAtHead: [many.state] }).head;
  const taken = await admit(trust, { head, deltas: new Map([[1, [many.delta]]]) }, at(0), primitives);
  expect(revocationStatus(taken.trust, 1, 99_999 * 160)).toBe("revoked");
  const tooLong = await admit(trust, { head, deltas: new Map([[1, ["A".repeat(512 * 1024 + 1)]]]) }, at(0), primitives);
  expect(tooLong.faults.map(({ code }) => code)).toEqual(["too_large"]);
});
