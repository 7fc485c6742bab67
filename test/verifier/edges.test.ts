import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { rootFile, type SigningKey, signE1B, signJws } from "../../fixtures/issuer/index.ts";
import { readDirectoryManifest } from "../../verifier/directory.ts";
import type { Checked } from "../../verifier/fault.ts";
import { readHead } from "../../verifier/head.ts";
import { readScannerConfig, verify } from "../../verifier/index.ts";
import { readKeySet } from "../../verifier/key-set.ts";
import { readRootFile } from "../../verifier/root.ts";
import { readStatusDelta } from "../../verifier/status-delta.ts";
import { readStatusManifest } from "../../verifier/status-manifest.ts";
import {
  at,
  change,
  emptyStatus,
  keys,
  known,
  pass,
  primitives,
  publish,
  rootShape,
  start,
  tenant,
  trustIn,
} from "./world.ts";

/** The least and the greatest value of every number in a trust document, and one beyond. */

const scope = { tenant, environment: "sandbox" } as const;
const trust = await trustIn();
const [keySet, root] = [known(trust.keys), known(trust.root)];
const server = publish({ directories: [{ list: 1, version: 1, records: new Map() }] });
const largest = 2 ** 48;
const dayS = 86_400;
const hash = "A".repeat(43);

type Payload = Readonly<Record<string, unknown>>;

interface Sort {
  readonly payload: Payload;
  readonly read: (payload: Payload) => Promise<Checked<unknown>>;
}

function said(jws: string): Payload {
  return JSON.parse(Buffer.from(known(jws.split(".")[1]), "base64url").toString());
}

function sort(jws: string, typ: string, signer: SigningKey, read: (text: string) => Promise<Checked<unknown>>): Sort {
  return { payload: said(jws), read: (payload) => read(signJws(typ, payload, signer)) };
}

const delta = change(emptyStatus(), { set: [] }).delta;
const scanner = "scn_01J00000000000000000000SCN";
const config = {
  v: 1,
  iss: tenant,
  env: "sandbox",
  scn: scanner,
  ver: 1,
  iat: start,
  exp: start + dayS,
  enabled: true,
};
const signedConfig = signJws("scanner-config+jws", { ...config, config: {} }, keys.config);
const signedRoot: readonly string[] = JSON.parse(rootFile(rootShape(1), [keys.rootA])).signed;

const sorts = {
  head: sort(server.head, "trust-head+jws", keys.head, (text) => readHead(text, scope, primitives)),
  keys: sort(server.keys, "trust-keys+jws", keys.keys, (text) => readKeySet(text, root, scope, primitives)),
  root: sort(known(signedRoot[0]), "trust-root+jws", keys.rootA, (text) =>
    readRootFile(JSON.stringify({ signed: [text] }), scope, primitives),
  ),
  manifest: sort(known(server.manifests.get(1)), "status+jws", keys.status, (text) =>
    readStatusManifest(1, text, keySet, scope, primitives),
  ),
  delta: sort(delta, "status-delta+jws", keys.status, (text) => readStatusDelta(1, text, scope, primitives)),
  directory: sort(known(server.directories.get(1)), "passdir+jws", keys.status, (text) =>
    readDirectoryManifest(1, text, keySet, scope, primitives),
  ),
  config: sort(signedConfig, "scanner-config+jws", keys.config, (text) =>
    readScannerConfig(text, scanner, trust, at(0), primitives),
  ),
} as const;

type Edge = readonly [document: keyof typeof sorts, member: string, least: number, most: number, more?: Payload];

const life = (days: number): readonly [string, number, number] => ["exp", start + 1, start + days * dayS];

const edges: readonly Edge[] = [
  ["head", "n", 0, largest],
  ["head", "ttl", 1, 72 * 3600],
  ["head", ...life(3)],
  ["keys", "ver", 1, largest],
  ["keys", "time_epoch", 0, largest],
  ["keys", ...life(90)],
  ["root", "ver", 1, largest],
  ["root", "threshold", 1, 3],
  ["root", "keys_threshold", 1, 1],
  ["root", "exp", start + 1, start + 2 * 366 * dayS, { iat: start }],
  ["manifest", "list", 1, 1],
  ["manifest", "bits", 1, 2],
  ["manifest", "epoch", 0, largest],
  ["manifest", "ver", 0, largest],
  ["manifest", "ttl", 1, 7 * dayS],
  ["manifest", "sl2", 20, 20],
  ["manifest", "size", 0, 0, { sh: [] }],
  ["manifest", "size", 1, 2 ** 20],
  ["manifest", ...life(7)],
  ["delta", "list", 1, 1],
  ["delta", "bits", 1, 2],
  ["delta", "epoch", 0, largest],
  ["delta", "from", 0, 1, { to: 2 }],
  ["delta", "to", 2, largest],
  ["delta", "size", 0, 2 ** 30],
  ["delta", "iat", 0, 2 ** 32 - 1],
  ["delta", "ns", 0, 0],
  ["directory", "list", 1, 1],
  ["directory", "epoch", 0, largest],
  ["directory", "ver", 0, largest],
  ["directory", "sl2", 13, 13],
  ["directory", "size", 0, 0, { ch: [] }],
  ["directory", "size", 1, 2 ** 13, { ch: [hash] }],
  ["directory", ...life(7)],
  ["config", "ver", 0, largest],
];

const whole = edges.map(([document, member, least, most, more = {}]) => [document, member, least, most, more] as const);

test.each(whole)("in a %s, %s goes from %i to %i and no further", async (document, member, least, most, more) => {
  const { payload, read } = sorts[document];
  const judge = async (value: number) => (await read({ ...payload, ...more, [member]: value })).ok;
  await expectEdges(judge, least, most);
});

type Inner = readonly [
  document: keyof typeof sorts,
  list: string,
  entry: Payload,
  member: string,
  least: number,
  most: number,
];

const named = { typ: "x", list: 1, ver: 1, sha256: hash, len: 1 };
const listed = { id: 1, epoch: 1, ver: 1, bits: 1, size: 1, root: hash };
const counted = { id: 1, epoch: 1, bits: 1 };
const packed = { z: hash, zl: 1, h: hash };

const inner: readonly (readonly [Inner])[] = [
  [["head", "docs", named, "list", 0, 255]],
  [["head", "docs", named, "ver", 0, largest]],
  [["head", "docs", named, "len", 1, 256 * 1024]],
  [["head", "lists", listed, "id", 0, 255]],
  [["head", "lists", listed, "epoch", 0, largest]],
  [["head", "lists", listed, "ver", 0, largest]],
  [["head", "lists", listed, "bits", 1, 2]],
  [["head", "lists", listed, "size", 0, 2 ** 30]],
  [["keys", "lists", counted, "id", 0, 255]],
  [["keys", "lists", counted, "bits", 1, 2]],
  [["keys", "lists", counted, "epoch", 0, largest]],
  [["keys", "tpl", { n: 1, id: "tpl_01J00000000000000000000TPA" }, "n", 1, 0xffff]],
  [["manifest", "sh", packed, "zl", 1, 256 * 1024]],
];

test.each(inner)("a number inside a list goes from its least to its most and no further: %j", async (edge) => {
  const [document, list, entry, member, least, most] = edge;
  const { payload, read } = sorts[document];
  const judge = async (value: number) => (await read({ ...payload, [list]: [{ ...entry, [member]: value }] })).ok;
  await expectEdges(judge, least, most);
});

async function expectEdges(judge: (value: number) => Promise<boolean>, least: number, most: number): Promise<void> {
  expect(await Promise.all([least, most].map(judge))).toEqual([true, true]);
  expect(await Promise.all([least - 1, most + 1, least + 0.5].map(judge))).toEqual([false, false, false]);
}

test.each([
  ["head", "docs", { ...named, sha256: "x" }],
  ["head", "lists", { ...listed, root: "x" }],
  ["manifest", "sh", { ...packed, z: "x" }],
  ["manifest", "sh", { ...packed, h: "x" }],
  ["directory", "ch", "x"],
  ["directory", "ch", 1],
] as const)("in a %s, %s with an entry like %j names no hash and is refused", async (document, list, entry) => {
  const { payload, read } = sorts[document];
  const more = document === "directory" ? { size: 1 } : {};
  expect(await read({ ...payload, ...more, [list]: [entry] })).toMatchObject({
    ok: false,
    fault: { code: "bad_form" },
  });
});

test("a root file has one to sixteen signatures", async () => {
  const judge = async (count: number) => {
    const text = JSON.stringify({ signed: new Array(count).fill(known(signedRoot[0])) });
    return (await readRootFile(text, scope, primitives)).ok;
  };
  expect([await judge(0), await judge(1), await judge(16), await judge(17)]).toEqual([false, true, true, false]);
});

test("a key's window has at least one second", async () => {
  const { payload, read } = sorts.keys;
  const [first] = Object(payload["keys"]);
  const judge = async (nbf: number) => (await read({ ...payload, keys: [{ ...first, nbf, exp: start }] })).ok;
  expect([await judge(start - 1), await judge(start)]).toEqual([true, false]);
});

test("a document may be nested sixteen deep, and no deeper", async () => {
  const { payload, read } = sorts.head;
  const judge = async (depth: number) => {
    const nested: unknown = JSON.parse("[".repeat(depth) + "]".repeat(depth));
    return (await read({ ...payload, later: nested })).ok;
  };
  expect([await judge(15), await judge(16)]).toEqual([true, false]);
});

test("brackets and quotes in a text nest nothing", async () => {
  const { payload, read } = sorts.head;
  expect((await read({ ...payload, later: '[{\\"['.repeat(20) })).ok).toBe(true);
});

test.each([
  ["0", false],
  ["1", false],
  ["10", false],
  ["4294967294", false],
  ["00", true],
  ["-1", true],
  ["1.5", true],
  ["a0", true],
])(
  "a trust document with a member named %j: read is %s, since engines reorder names like integers",
  async (name, isRead) => {
    const { payload, read } = sorts.head;
    expect((await read({ [name]: 1, ...payload })).ok).toBe(isRead);
  },
);

test.each([
  ["a promise of another realm", () => runInNewContext("Promise.resolve(false)")],
  ["a promise", () => Promise.resolve(false)],
  ["false", () => false],
  ["nothing at all", () => runInNewContext("undefined")],
])("a signature that a primitive answers with %s is no good one", async (_, answer) => {
  const trust = await trustIn();
  const verdict = await verify(signE1B(pass(), keys.pass), trust, at(0), { ...primitives, verify: answer });
  expect(verdict.reason).toBe("bad_signature");
});
