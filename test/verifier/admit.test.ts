import { expect, test } from "vitest";
import { signE1B, signE1J } from "../../fixtures/issuer/index.ts";
import { type Algorithm, admit, type Offered, verify } from "../../verifier/index.ts";
import { answer } from "./answer.ts";
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
  pass,
  primitives,
  publish,
  standardKeys,
  trustIn,
} from "./world.ts";

const dayS = 86_400;

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
      await expect(trust.lists.get(1)?.version).toBe(2);
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
