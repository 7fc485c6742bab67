import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Offered, revocationStatus } from "../../verifier/index.ts";
import { answer, ladder } from "./answer.ts";
import {
  at,
  emptyStatus,
  key,
  keys,
  known,
  listed,
  nobody,
  otherTenant,
  type Publication,
  publish,
  resigned,
  standardKeys,
  start,
  trustIn,
} from "./world.ts";

const dayS = 86_400;
const { states } = ladder(5);
const [_first] = states;
const last = known(states.at(-1));
const held = await trustIn();

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
  ["a manifest that lives no time", manifestWith((payload) => ({ ...payload, exp: start })), "bad_form"],
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

test("a retired status key stands behind what it signed", async () => {
  const others = standardKeys.filter((one) => one.key !== keys.status);
  const listedKeys = [...others, listed(keys.status, ["status"], { state: "retired" })];
  expect((await answer(held, publish({ n: 2, keysVersion: 2, keys: listedKeys }))).changed).toBe(true);
  expect((await answer(nobody(), publish({ keys: listedKeys }))).changed).toBe(true);
});
