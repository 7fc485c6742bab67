import { expect, test } from "vitest";
import { signE1B } from "../../fixtures/issuer/index.ts";
import { admit, revocationStatus, verify } from "../../verifier/index.ts";
import { entryOf } from "../../verifier/status-list.ts";
import { at, change, emptyStatus, keys, pass, primitives, publish, trustIn } from "./world.ts";

function listOf(bits: 1 | 2, ...bytes: readonly number[]) {
  return { bits, shards: [{ bytes: Uint8Array.from(bytes), hash: new Uint8Array(32) }] };
}

// Token Status List (draft-ietf-oauth-status-list) section 4.1: the byte order of its own examples.
test("attack 22: the Token Status List example of one bit reads b9 a3", () => {
  const list = listOf(1, 0xb9, 0xa3);
  const read = Array.from({ length: 16 }, (_, index) => entryOf(list, index));
  expect(read).toEqual([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
});

test("attack 22: the Token Status List example of two bits reads c9 44 f9", () => {
  const list = listOf(2, 0xc9, 0x44, 0xf9);
  const read = Array.from({ length: 12 }, (_, index) => entryOf(list, index));
  expect(read).toEqual([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
});

test("a value of 3 counts as revoked", async () => {
  const trust = await trustIn({
    lists: [{ ...emptyStatus({ bits: 2 }), shards: [new Uint8Array(262_144).fill(0b11_10_01_00, 0, 1)] }],
  });
  expect([0, 1, 2, 3, 4].map((index) => revocationStatus(trust, 1, index))).toEqual([
    "valid",
    "revoked",
    "suspended",
    "revoked",
    "valid",
  ]);
});

const shard = 2 ** 20;

test.each([1, 2] as const)("attack 22: in a list of %i bits, each edge entry can be revoked alone", async (bits) => {
  const size = 3 * shard;
  const edges = [0, 1, 7, 8, shard - 1, shard, 2 * shard - 1, 2 * shard, size - 1];
  for (const edge of edges) {
    const trust = await trustIn({ lists: [change(emptyStatus({ bits, size }), { set: [edge] }).state] });
    const hit = edges.filter((index) => revocationStatus(trust, 1, index) === "revoked");
    expect(hit).toEqual([edge]);
  }
});

test.each([shard - 1, shard, shard + 1, 1, 8, 9])(
  "attack 23: a list of %i entries ends exactly there",
  async (size) => {
    const trust = await trustIn({ lists: [change(emptyStatus({ size }), { set: [size - 1] }).state] });
    expect(revocationStatus(trust, 1, size - 1)).toBe("revoked");
    if (size > 1) expect(revocationStatus(trust, 1, size - 2)).toBe("valid");
    expect(revocationStatus(trust, 1, size)).toBe("out_of_range");
  },
);

test("the last index there is, 2^30 - 1, is revoked in a list of 1,024 shards, by manifest and by delta", async () => {
  const full = emptyStatus({ size: 2 ** 30 });
  const last = 2 ** 30 - 1;
  const { state, delta } = change(full, { set: [last] });
  const trust = await trustIn({ lists: [full] });
  const head = publish({ n: 2, lists: [full], listsAtHead: [state] }).head;
  const byDelta = await admit(trust, { head, deltas: new Map([[1, [delta]]]) }, at(0), primitives);
  const byManifest = await trustIn({ lists: [state] });
  for (const one of [byDelta.trust, byManifest]) {
    expect([0, 2 ** 29, last - 1, last, last + 1].map((index) => revocationStatus(one, 1, index))).toEqual([
      "valid",
      "valid",
      "valid",
      "revoked",
      "out_of_range",
    ]);
  }
  const verdict = await verify(signE1B(pass({ index: last }), keys.pass), byDelta.trust, at(0), primitives);
  expect(verdict.reason).toBe("revoked");
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32])(
  "attack 23: the index %d is out of range, whatever the shifts of 32 bits make of it",
  async (index) => {
    expect(revocationStatus(await trustIn(), 1, index)).toBe("out_of_range");
  },
);

test("attack 41: a list this terminal does not have says nothing about anyone", async () => {
  expect(revocationStatus(await trustIn(), 2, 0)).toBe("unknown");
});
