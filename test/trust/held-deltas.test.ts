import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeldDeltas } from "../../agent/cloud/held-deltas.ts";
import type { ListState } from "../../fixtures/issuer/index.ts";
import { epochStart, type Head, revocationStatus } from "../../verifier/index.ts";
import { change, emptyStatus, key, keys, known, publish } from "../verifier/world.ts";
import { type Origin, startHolder, startOrigin } from "./origin.ts";
import { stage } from "./stage.ts";

const { signal } = new AbortController();
const forger = { ...key("forger", "1"), kid: keys.status.kid };
const steps = 10;

/** A list that revokes index `1000 + v` with version `v + 1`, its deltas, and the head of each version. */
const states: ListState[] = [emptyStatus()];
const deltas: string[] = [];
const forged: string[] = [];
for (let i = 0; i < steps; i++) {
  const before = known(states.at(-1));
  const next = change(before, { set: [1000 + i] });
  states.push(next.state);
  deltas.push(next.delta);
  forged.push(change(before, { set: [2000 + i] }, forger).delta);
}
const first = publish({ lists: [emptyStatus()] });
const heads = states.map(
  (state, i) => publish({ n: i + 1, issuedS: i, lists: [emptyStatus()], listsAtHead: [state] }).head,
);
const head = (version: number): string => known(heads[version - 1]);
const delta = (from: number): string => known(deltas[from - 1]);

async function startTerminal(origin: Origin) {
  const { holder, link } = stage(origin, startHolder(60));
  await link.update(null, signal);
  origin.forget();
  return { holder, link, version: () => holder.trust.lists.get(1)?.version };
}

describe("a delta that is pushed before its head", () => {
  test("is never applied before the head names it, and then without asking anybody", async () => {
    await using origin = await startOrigin(first);
    const { holder, link, version } = await startTerminal(origin);
    for (const from of [2, 1]) await link.update({ head: null, deltas: [delta(from)] }, signal);
    expect(version()).toBe(1);
    expect(revocationStatus(holder.trust, 1, 1000)).toBe("valid");
    origin.forget();
    expect(await link.update({ head: head(2), deltas: [] }, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    expect(version()).toBe(2);
    expect(revocationStatus(holder.trust, 1, 1001)).toBe("valid");
    expect(await link.update({ head: head(3), deltas: [] }, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    expect(revocationStatus(holder.trust, 1, 1001)).toBe("revoked");
    expect(origin.asked).toEqual([]);
  });

  test("and of which the one before is missing leads to the full list where the ladder is gone, and to no loop", async () => {
    await using origin = await startOrigin(first);
    const { link, version } = await startTerminal(origin);
    await link.update({ head: null, deltas: [delta(3), delta(4)] }, signal);
    origin.published = { ...publish({ n: 5, issuedS: 10, lists: [known(states[4])] }), roots: first.roots };
    origin.forget();
    expect(await link.update(null, signal)).toEqual({ changed: true, faults: [], missing: 0 });
    expect(version()).toBe(5);
    expect(origin.asked.filter(({ path }) => path.includes("deltas"))).toHaveLength(1);
  });

  test("and leads half of the way is of use where the ladder has the rest", async () => {
    await using origin = await startOrigin(first);
    const { link, version } = await startTerminal(origin);
    await link.update({ head: null, deltas: [delta(1), delta(2)] }, signal);
    origin.ladder.set(1, deltas);
    origin.forget();
    expect(await link.update({ head: head(5), deltas: [] }, signal)).toMatchObject({ changed: true, faults: [] });
    expect(version()).toBe(5);
    expect(origin.asked.map(({ path }) => path)).toEqual(["/v1/nfc/trust/lists/1/deltas?from=3"]);
  });

  test("and is forged harms nothing: it is a fault, the genuine one beside it counts, and it is not kept", async () => {
    await using origin = await startOrigin(first);
    const { holder, link, version } = await startTerminal(origin);
    await link.update({ head: null, deltas: [known(forged[0]), delta(1)] }, signal);
    const result = await link.update({ head: head(2), deltas: [] }, signal);
    expect(result).toMatchObject({ changed: true, faults: [{ code: "bad_signature" }] });
    expect(version()).toBe(2);
    expect(revocationStatus(holder.trust, 1, 2000)).toBe("valid");
    expect(await link.update({ head: head(2), deltas: [] }, signal)).toMatchObject({ changed: false, faults: [] });
  });
});

test("a head that a later one overtook on the way is no rollback: nothing changes and nobody is alarmed", async () => {
  await using origin = await startOrigin(first);
  const { link, version } = await startTerminal(origin);
  expect(await link.update({ head: head(3), deltas: [delta(1), delta(2)] }, signal)).toMatchObject({ changed: true });
  origin.published = { ...first, head: head(3) };
  expect(await link.update({ head: head(2), deltas: [delta(1)] }, signal)).toEqual({
    changed: false,
    faults: [],
    missing: 0,
  });
  expect(version()).toBe(3);
});

describe("what is held", () => {
  const fake = (list: number, epoch: number, from: number, to: number, more = "") =>
    `a.${Buffer.from(JSON.stringify({ list, epoch, from, to, more })).toString("base64url")}.b`;
  const at = (list: number, epoch: number, version: number): Head => ({
    n: 1,
    issuedAt: epochStart,
    ttlS: 600,
    expiresAt: epochStart,
    kid: "1",
    sha256: "",
    docs: [],
    bytes: new Uint8Array(),
    lists: [{ list, epoch, version, bits: 1, size: 8, root: new Uint8Array(32) }],
  });

  test("is 64 at most, those nearest to what is in force, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 300 }), (versions) => {
        const held = new HeldDeltas();
        for (const version of versions) held.take([fake(1, 1, version, version + 1)]);
        const expected = [...new Set(versions)].toSorted((a, b) => a - b).slice(0, 64);
        expect(held.size).toBe(expected.length);
        expect(held.offered().get(1) ?? []).toEqual(expected.map((version) => fake(1, 1, version, version + 1)));
      }),
      { numRuns: 50 },
    );
  });

  test("is not what says nothing, goes nowhere, or is longer than a frame", () => {
    const held = new HeldDeltas();
    held.take(["", "a.b.c", "a.e30.b", fake(1, 1, 5, 5), fake(1, 1, 5, 4), fake(1, 1, 1, 2, "x".repeat(200_000))]);
    expect(held.size).toBe(0);
    expect([...held.offered()]).toEqual([]);
  });

  test.each([
    ["the head names its version", at(1, 1, 3), 0],
    ["the head is not there yet", at(1, 1, 2), 1],
    ["the list has a new epoch", at(1, 2, 1), 0],
    ["the head does not have the list", at(2, 1, 1), 0],
    ["there is no head yet", null, 1],
  ])("is let go of or kept when %s", (_, inForce, left) => {
    const held = new HeldDeltas();
    held.take([fake(1, 1, 2, 3)]);
    held.settle(inForce, []);
    expect(held.size).toBe(left);
  });

  test("of a list goes when one of its deltas was refused; other lists keep theirs", () => {
    const held = new HeldDeltas();
    held.take([fake(1, 1, 5, 6), fake(1, 1, 6, 7), fake(2, 1, 5, 6)]);
    held.settle(null, [{ code: "bad_signature", document: "lists/1/deltas/5.jws", detail: "" }]);
    expect([...held.offered().keys()]).toEqual([2]);
  });
});

test("any order, loss, repetition and forgery of pushes ends where the cloud is, and never ahead of a head", async () => {
  const push = fc.record({
    head: fc.option(fc.integer({ min: 1, max: steps + 1 }), { nil: null, freq: 3 }),
    deltas: fc.array(fc.integer({ min: 0, max: steps - 1 }), { maxLength: 4 }),
    forged: fc.array(fc.integer({ min: 0, max: steps - 1 }), { maxLength: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(push, { minLength: 1, maxLength: 8 }), fc.boolean(), async (pushes, hasLadder) => {
      await using origin = await startOrigin(first);
      if (hasLadder) origin.ladder.set(1, deltas);
      const { holder, link, version } = await startTerminal(origin);
      let newest = 1;
      for (const one of pushes) {
        const texts = [...one.deltas.map((i) => known(deltas[i])), ...one.forged.map((i) => known(forged[i]))];
        await link.update({ head: one.head === null ? null : head(one.head), deltas: texts }, signal);
        newest = Math.max(newest, one.head ?? 1);
        expect(version()).toBeLessThanOrEqual(newest);
        for (let i = 0; i < steps; i++) {
          expect(revocationStatus(holder.trust, 1, 1000 + i)).toBe(i + 1 < (version() ?? 0) ? "revoked" : "valid");
          expect(revocationStatus(holder.trust, 1, 2000 + i)).toBe("valid");
        }
      }
      const last = publish({ n: steps + 1, issuedS: steps, lists: [known(states.at(-1))] });
      origin.published = { ...last, roots: first.roots };
      await link.update(null, signal);
      expect(version()).toBe(steps + 1);
      expect(origin.asked.length).toBeLessThan(60);
    }),
    { numRuns: 30, seed: 20_261_121 },
  );
});
