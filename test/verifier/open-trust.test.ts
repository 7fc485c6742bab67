import { expect, test } from "vitest";
import { rootFile, signE1B } from "../../fixtures/issuer/index.ts";
import { admit, emptyTrust, openTrust, revocationStatus, type Trust, verify } from "../../verifier/index.ts";
import {
  at,
  change,
  emptyStatus,
  key,
  keys,
  known,
  nobody,
  otherTenant,
  pass,
  primitives,
  publish,
  rootShape,
  trustIn,
} from "./world.ts";

const base = change(emptyStatus(), { set: [4711] }).state;
const one = change(base, { set: [1] });
const two = change(one.state, { set: [2] });
const other = change(emptyStatus({ list: 2 }), { set: [5] }).state;
const records = new Map([[9, new Uint8Array(16).fill(9)]]);
const server = {
  ...publish({
    lists: [base, other],
    listsAtHead: [two.state, other],
    directories: [{ list: 1, version: 1, records }],
  }),
  deltas: new Map([[1, [one.delta, two.delta]]]),
};
const rootTwo = rootFile(rootShape(2), [keys.rootA, keys.rootB]);
const whole = (await admit(nobody(), { ...server, roots: [...server.roots, rootTwo] }, at(0), primitives)).trust;

async function reopened(documents: ReadonlyMap<string, Uint8Array>, from: Trust = whole) {
  const { trust, faults } = await openTrust({ ...from, documents }, primitives);
  return { trust, codes: faults.map((fault) => `${fault.document} ${fault.code}`) };
}

test("what was stored is the same trust again, and needs nothing from the network", async () => {
  const { trust, codes } = await reopened(whole.documents);
  expect(codes).toEqual([]);
  expect(trust).toEqual(whole);
  const again = await admit(trust, server, at(0), primitives);
  expect(again).toMatchObject({ changed: false, wanted: [], faults: [] });
});

test("an empty store is a terminal that knows nothing, without a fault", async () => {
  const { trust, codes } = await reopened(new Map());
  expect(codes).toEqual([]);
  expect(trust).toEqual({ ...emptyTrust(whole.tenant, whole.environment, whole.pin) });
});

test("expired trust is opened, not deleted: it degrades", async () => {
  const { trust } = await reopened(whole.documents);
  const yearsLater = at(3 * 365 * 86_400);
  expect(await verify(signE1B(pass(), keys.pass), trust, yearsLater, primitives)).toMatchObject({ reason: "expired" });
  const open = await verify(
    signE1B(pass({ index: 8, kind: "gift_card", expiresAt: yearsLater.now + 1 }), keys.pass),
    trust,
    yearsLater,
    primitives,
  );
  expect(open).toMatchObject({ result: "undetermined", reason: "trust_expired", trustAge: "expired" });
  expect(
    await verify(
      signE1B(pass({ kind: "gift_card", expiresAt: yearsLater.now + 1 }), keys.pass),
      trust,
      yearsLater,
      primitives,
    ),
  ).toMatchObject({ reason: "revoked" });
});

const names = [...whole.documents.keys()];

/** What is left when one stored document is torn: never less than a refusal, never "nothing revoked". */
test.each(names)("attack 40, 41: with %s torn, missing or cut, nothing revoked becomes valid", async (name) => {
  const bytes = known(whole.documents.get(name));
  const torn = Uint8Array.from(bytes);
  torn[bytes.length >> 1] = known(torn[bytes.length >> 1]) ^ 1;
  const damages: readonly ReadonlyMap<string, Uint8Array>[] = [
    new Map([...whole.documents, [name, torn]]),
    new Map([...whole.documents].filter(([one]) => one !== name)),
    new Map([...whole.documents, [name, bytes.subarray(0, bytes.length - 1)]]),
    new Map([...whole.documents, [name, new Uint8Array(0)]]),
  ];
  for (const documents of damages) {
    const { trust, codes } = await reopened(documents);
    expect(name === "root/1.json" || name === "root/2.json" || name === "keys.jws" || codes.length > 0).toBe(true);
    for (const index of [4711, 1, 2]) expect(["revoked", "unknown"]).toContain(revocationStatus(trust, 1, index));
    expect(["revoked", "unknown"]).toContain(revocationStatus(trust, 2, 5));
    const verdict = await verify(signE1B(pass(), keys.pass), trust, at(0), primitives);
    expect(verdict.result).not.toBe("valid");
  }
});

test.each([
  ["lists/1/manifest.jws", [1], [2]],
  ["lists/1/deltas/2.jws", [1], [2]],
  ["lists/1/deltas/3.jws", [1], [2]],
  ["lists/2/manifest.jws", [2], [1]],
])("without %s only its own list is left out, and a run fetches just that again", async (name, lost, kept) => {
  const { trust, codes } = await reopened(new Map([...whole.documents].filter(([one]) => one !== name)));
  expect(codes).toEqual([`${name} gap`]);
  for (const list of lost) expect(trust.lists.has(list)).toBe(false);
  for (const list of kept) expect(trust.lists.get(list)).toEqual(whole.lists.get(list));
  const { wanted, changed } = await admit(trust, { head: server.head }, at(0), primitives);
  expect({ changed, wanted: wanted.map((one) => one.kind) }).toEqual({ changed: false, wanted: ["manifest"] });
  const cured = await admit(trust, server, at(0), primitives);
  expect(cured).toMatchObject({ changed: true, wanted: [], faults: [] });
  expect(cured.trust.lists.get(1)?.version).toBe(4);
});

test.each([
  ["without a head", "head.jws", { keys: true, head: false, lists: 0 }],
  ["without keys", "keys.jws", { keys: false, head: false, lists: 0 }],
  ["without a root", "root/1.json", { keys: false, head: false, lists: 0 }],
  ["without a directory", "lists/1/directory.jws", { keys: true, head: true, lists: 2 }],
])("%s everything that rests on it is left out", async (_, name, left) => {
  const { trust } = await reopened(new Map([...whole.documents].filter(([one]) => one !== name)));
  expect({ keys: trust.keys !== null, head: trust.head !== null, lists: trust.lists.size }).toEqual(left);
});

test("a store filled by somebody else is refused by its signatures", async () => {
  const forger = key("forger", keys.head.kid);
  const forged = publish({ lists: [base, other], headSigner: forger }).head;
  const { trust, codes } = await reopened(
    new Map([...whole.documents, ["head.jws", new TextEncoder().encode(forged)]]),
  );
  expect(codes).toEqual(["head.jws bad_signature"]);
  expect(trust.head).toBeNull();
  const own = rootFile(rootShape(1, { roots: [key("a", "thumbprint"), key("b", "thumbprint")] }), [
    key("a", "thumbprint"),
    key("b", "thumbprint"),
  ]);
  const replaced = await reopened(new Map([...whole.documents, ["root/1.json", new TextEncoder().encode(own)]]));
  expect(replaced.codes).toEqual(["root/1.json bad_root"]);
  expect(replaced.trust.keys).toBeNull();
});

test("a root that only its forerunner signed, or only itself, does not follow it", async () => {
  const [x, y] = [key("x", "thumbprint"), key("y", "thumbprint")];
  for (const signers of [
    [keys.rootA, keys.rootB],
    [x, y],
  ]) {
    const next = rootFile(rootShape(2, { roots: [x, y] }), signers);
    const documents = new Map([...whole.documents, ["root/2.json", new TextEncoder().encode(next)]]);
    const { trust, codes } = await reopened(documents);
    expect(codes[0]).toBe("root/2.json bad_root");
    expect(trust.root?.version).toBe(1);
  }
});

test("attack 26: documents of different moments do not go together", async () => {
  const later = await trustIn({ n: 2, keysVersion: 2, lists: [emptyStatus({ version: 9 }), other] }, nobody());
  const mixed = new Map([...whole.documents, ["keys.jws", known(later.documents.get("keys.jws"))]]);
  expect((await reopened(mixed)).codes).toEqual(["keys.jws unnamed"]);
  const oldList = new Map([
    ...later.documents,
    ["lists/1/manifest.jws", known(whole.documents.get("lists/1/manifest.jws"))],
    ...[...whole.documents].filter(([name]) => name.startsWith("blobs/")),
  ]);
  const { trust, codes } = await reopened(oldList, later);
  expect(codes).toEqual(["lists/1/deltas/2.jws gap"]);
  expect(trust.lists.has(1)).toBe(false);
});

test("the store of another tenant is none of ours", async () => {
  const { trust, faults } = await openTrust({ ...whole, tenant: otherTenant }, primitives);
  expect(faults.map((fault) => fault.code)).toEqual(["wrong_tenant"]);
  expect(trust.root).toBeNull();
});

test("a store without a pin keeps the root it was started with", async () => {
  const { trust } = await openTrust({ ...whole, pin: null }, primitives);
  expect(trust.pin).toBe(whole.pin);
});
