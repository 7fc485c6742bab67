import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { rootFile, signJws } from "../../fixtures/issuer/index.ts";
import { admit, emptyTrust, type Offered, type Trust } from "../../verifier/index.ts";
import {
  at,
  key,
  keys,
  known,
  nobody,
  otherTenant,
  primitives,
  publish,
  resigned,
  rootOne,
  rootShape,
  start,
  tenant,
  trustIn,
} from "./world.ts";

const fresh = publish();

/** Fault codes, versions of the wanted root, and the version reached. */
async function climb(roots: readonly string[], from: Trust = nobody(), more: Offered = fresh, judged = at(0)) {
  const { trust, faults, wanted } = await admit(from, { ...more, roots }, judged, primitives);
  return {
    reached: trust.root?.version ?? null,
    faults: faults.map((fault) => fault.code),
    wanted: wanted.flatMap((one) => (one.kind === "root" ? [one.version] : [])),
  };
}

const rootD = key("root d", "thumbprint");
const rootE = key("root e", "thumbprint");
const rootTwo = rootFile(rootShape(2, { roots: [keys.rootA, rootD, rootE] }), [keys.rootA, keys.rootB, rootD]);
const rootThree = rootFile(rootShape(3, { roots: [rootD, rootE] }), [keys.rootA, rootD, rootE]);

test("a terminal that knows nothing asks for the first root and the head", async () => {
  const { trust, changed, wanted, faults } = await admit(nobody(), {}, at(0), primitives);
  expect({ changed, wanted, faults }).toEqual({
    changed: false,
    wanted: [{ kind: "root", version: 1 }, { kind: "head" }],
    faults: [],
  });
  expect(trust.root).toBeNull();
});

test("the pinned root is accepted, and any other version 1 is not", async () => {
  expect(await climb([rootOne])).toEqual({ reached: 1, faults: [], wanted: [] });
  const other = rootFile(rootShape(1, { issuedAt: start }), [keys.rootA, keys.rootB]);
  expect(await climb([other])).toEqual({ reached: null, faults: ["bad_root"], wanted: [] });
  expect(await climb([other, rootOne])).toEqual({ reached: 1, faults: ["bad_root"], wanted: [] });
});

test("without a pin the first root that signs itself becomes the pin", async () => {
  const unpinned = emptyTrust(tenant, "sandbox", null);
  const { trust } = await admit(unpinned, fresh, at(0), primitives);
  expect(trust.pin).toBe(createHash("sha256").update(rootOne).digest("base64url"));
  const half = rootFile(rootShape(1), [keys.rootA]);
  expect((await climb([half], unpinned)).faults).toEqual(["bad_root"]);
});

test("the chain is walked one version at a time, in whatever order it is offered", async () => {
  expect(await climb([rootThree, rootOne, rootTwo])).toEqual({ reached: 3, faults: [], wanted: [] });
  expect(await climb([rootThree, rootOne])).toMatchObject({ wanted: [2] });
  expect(await climb([rootTwo], await trustIn())).toMatchObject({ reached: 2, faults: [] });
});

test("attack 48: a threshold is met by different keys, not by one key twice", async () => {
  const held = await trustIn();
  const once = rootFile(rootShape(2), [keys.rootA, keys.rootA]);
  expect(await climb([once], held)).toMatchObject({ reached: 1, faults: ["bad_root"] });
  const renamed = rootFile(rootShape(2), [keys.rootA, { ...keys.rootA, kid: keys.rootB.kid }]);
  expect(await climb([renamed], held)).toMatchObject({ reached: 1, faults: ["bad_root"] });
  const both = rootFile(rootShape(2), [keys.rootA, keys.rootB]);
  expect(await climb([both], held)).toMatchObject({ reached: 2, faults: [] });
});

test("attack 48: one key under two names in a root is refused", async () => {
  const twice = rootFile(rootShape(2, { roots: [keys.rootA, keys.rootA, keys.rootB] }), [keys.rootA, keys.rootB]);
  expect(await climb([twice], await trustIn())).toMatchObject({ faults: ["weak_key"] });
  const renamed = { ...keys.keys, kid: "32800" };
  const alias = rootFile(rootShape(2, { keys: [keys.keys, renamed] }), [keys.rootA, keys.rootB]);
  expect(await climb([alias], await trustIn())).toMatchObject({ faults: ["weak_key"] });
});

test.each([
  ["only the new threshold", [rootD, rootE]],
  ["only the old threshold", [keys.rootA, keys.rootB]],
  ["strangers", [key("x", "thumbprint"), key("y", "thumbprint")]],
])("a root signed by %s is refused", async (_, signers) => {
  const next = rootFile(rootShape(2, { roots: [keys.rootC, rootD, rootE] }), signers);
  expect(await climb([next], await trustIn())).toMatchObject({ reached: 1, faults: ["bad_root"] });
});

test("a signature that does not verify counts for nothing and spoils nothing", async () => {
  const forged = { ...key("forger", "thumbprint"), kid: keys.rootC.kid };
  const next = rootFile(rootShape(2), [forged, keys.rootA, keys.rootB]);
  expect(await climb([next], await trustIn())).toMatchObject({ reached: 2, faults: [] });
});

test("attack 24: an old root does not come back", async () => {
  const { trust } = await admit(await trustIn(), { ...fresh, roots: [rootTwo] }, at(0), primitives);
  expect(trust.root?.version).toBe(2);
  expect(await climb([rootOne], trust)).toEqual({ reached: 2, faults: [], wanted: [] });
  const other = rootFile(rootShape(1, { issuedAt: start }), [keys.rootA, rootD]);
  expect(await climb([other], trust)).toEqual({ reached: 2, faults: ["rollback"], wanted: [] });
  const foreign = rootFile(rootShape(1, { issuedAt: start }), [keys.rootB, keys.rootC]);
  expect(await climb([foreign], trust)).toEqual({ reached: 2, faults: ["bad_root"], wanted: [] });
});

test("attack 28: two genuine roots of one version refuse each other", async () => {
  const held = await trustIn();
  const one = rootFile(rootShape(2), [keys.rootA, keys.rootB]);
  const two = rootFile(rootShape(2, { issuedAt: start }), [keys.rootA, keys.rootB]);
  expect(await climb([one, two], held)).toMatchObject({ reached: 1, faults: ["equivocation"] });
  const { trust } = await admit(held, { ...fresh, roots: [one] }, at(0), primitives);
  expect(await climb([two], trust)).toMatchObject({ reached: 2, faults: ["equivocation"] });
});

test("more signatures under the held root change nothing", async () => {
  const again = rootFile(rootShape(1), [keys.rootA, keys.rootB, keys.rootC]);
  expect(await climb([again], await trustIn())).toEqual({ reached: 1, faults: [], wanted: [] });
});

test("attack 25: an expired root admits nothing, and the next one is asked for", async () => {
  const late = at(366 * 86_400);
  expect(await climb([rootOne], nobody(), publish({ issuedS: 366 * 86_400 }), late)).toEqual({
    reached: null,
    faults: ["expired"],
    wanted: [2],
  });
  const renewed = rootFile(rootShape(2, { expiresAt: start + 700 * 86_400 }), [keys.rootA, keys.rootB]);
  const then = publish({ issuedS: 366 * 86_400, keysIssuedS: 360 * 86_400, listsIssuedS: 365 * 86_400 });
  expect(await climb([rootOne, renewed], nobody(), then, late)).toEqual({ reached: 2, faults: [], wanted: [] });
});

const payloads: readonly (readonly [string, object, string])[] = [
  ["a threshold above the number of keys", { threshold: 4 }, "bad_form"],
  ["a threshold of nothing", { threshold: 0 }, "bad_form"],
  ["two keys needed for the keys document", { keys_threshold: 2 }, "bad_form"],
  ["no keys key", { keys: [] }, "bad_form"],
  ["a life of nothing", { exp: start - 86_400 }, "bad_form"],
  ["a life of ten years", { exp: start + 3650 * 86_400 }, "bad_form"],
  ["seventeen root keys", { roots: Array(17).fill(keys.rootA.publicJwk) }, "bad_form"],
  ["a keys key without a kid", { keys: [keys.keys.publicJwk] }, "bad_form"],
  ["a keys key whose kid is no number", { keys: [{ ...keys.keys.publicJwk, kid: "k1" }] }, "bad_form"],
  ["a keys key whose kid is a number, not its spelling", { keys: [{ ...keys.keys.publicJwk, kid: 1 }] }, "bad_form"],
  ["another tenant", { iss: otherTenant }, "wrong_tenant"],
  ["the other environment", { env: "live" }, "wrong_environment"],
  ["a weak key", { roots: [{ kty: "OKP", crv: "Ed25519", x: "A".repeat(43) }] }, "weak_key"],
  ["another version of the form", { v: 2 }, "bad_form"],
];

test.each(payloads)("a root with %s is refused", async (_, change, code) => {
  const signed = [keys.rootA, keys.rootB].map((signer) =>
    resigned(known(JSON.parse(rootTwo).signed[0]), signer, (payload) => ({ ...payload, ...change })),
  );
  expect(await climb([JSON.stringify({ signed })], await trustIn())).toMatchObject({ reached: 1, faults: [code] });
});

const signed: readonly string[] = JSON.parse(rootTwo).signed;
test.each([
  ["that is no JSON", "{", "bad_form"],
  ["with a signature that is no text", '{"signed":[7]}', "bad_form"],
  ["without signatures", '{"signed":[]}', "bad_form"],
  ["of seventeen signatures", JSON.stringify({ signed: Array(17).fill(signed[0]) }), "bad_form"],
  [
    "whose signatures are over different payloads",
    JSON.stringify({ signed: [signed[0], JSON.parse(rootOne).signed[0]] }),
    "bad_form",
  ],
  ["that signs another type", JSON.stringify({ signed: [signJws("trust-keys+jws", {}, keys.rootA)] }), "bad_form"],
  ["that is a number", "7", "bad_form"],
  ["longer than 256 KiB", " ".repeat(262_145), "too_large"],
])("a root file %s is refused", async (_, file, code) => {
  expect(await climb([file], await trustIn())).toMatchObject({ reached: 1, faults: [code] });
});

test("more root files than anyone missed are not looked at", async () => {
  const many = Array.from({ length: 65 }, () => rootOne);
  expect(await climb(many, await trustIn())).toMatchObject({ faults: ["too_large"] });
});

test("a keys document that the held root cannot verify asks for the next root", async () => {
  const keysTwo = key("keys two", "32790");
  const published = publish({ keysVersion: 2, n: 2, keysSigner: keysTwo });
  expect(await climb([], await trustIn(), published)).toEqual({ reached: 1, faults: ["bad_signature"], wanted: [2] });
  const next = rootFile(rootShape(2, { keys: [keysTwo] }), [keys.rootA, keys.rootB]);
  expect(await climb([next], await trustIn(), published)).toEqual({ reached: 2, faults: [], wanted: [] });
});

test("a root that drops the signer of the keys document takes that document with it", async () => {
  const next = rootFile(rootShape(2, { keys: [key("keys two", "32790")] }), [keys.rootA, keys.rootB]);
  const { trust, changed, faults } = await admit(await trustIn(), { ...fresh, roots: [next] }, at(0), primitives);
  expect({ changed, reached: trust.root?.version, faults: faults.map((one) => one.code) }).toEqual({
    changed: false,
    reached: 1,
    faults: ["bad_signature"],
  });
});
