import fc from "fast-check";
import { expect, test } from "vitest";
import { entryOf, type ListState, revokeIn, signJws } from "../../fixtures/issuer/index.ts";
import { admit, openTrust, revocationStatus } from "../../verifier/index.ts";
import { at, change, emptyStatus, key, keys, known, nobody, primitives, publish, start } from "./world.ts";

/** Few entries, on both sides of a shard's edge, so that walks meet each other. */
const indices = [0, 1, 7, 8, 9, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1];
const forger = { ...key("forger", "1"), kid: keys.status.kid };
const words = ["valid", "revoked", "suspended", "revoked"] as const;

interface Step {
  readonly revoke: readonly number[];
  readonly suspend: readonly number[];
  readonly clear: readonly number[];
}

const someIndices = fc.uniqueArray(fc.constantFrom(...indices), { maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.record({ revoke: someIndices, suspend: someIndices, clear: someIndices });

/** Applies as much of a step as the rules allow. */
function allowed(state: ListState, step: Step) {
  const set = new Set(step.revoke);
  const set2 = step.suspend.filter((index) => !set.has(index) && entryOf(state, index) % 2 === 0);
  const clr = step.clear.filter((index) => !set.has(index) && !set2.includes(index) && entryOf(state, index) === 2);
  return state.bits === 1 ? { set: step.revoke } : { set: step.revoke, set2, clr };
}

/** How the network treats each delta: which are delivered, how often, in which order, and what a forger adds. */
const delivery = fc.record({
  order: fc.infiniteStream(fc.nat()),
  dropped: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 3 }),
  doubled: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 3 }),
  forged: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 3 }),
  spanning: fc.option(fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 6 })), { nil: null }),
  target: fc.nat({ max: 7 }),
});

test("attack 29: random walks of reordered, dropped, doubled and forged deltas always agree with a simple model", async () => {
  const bits = fc.constantFrom(1 as const, 2 as const);
  await fc.assert(
    fc.asyncProperty(
      bits,
      fc.array(step, { minLength: 1, maxLength: 7 }),
      fc.array(delivery, { minLength: 1, maxLength: 4 }),
      async (width, steps, deliveries) => {
        const states: ListState[] = [emptyStatus({ bits: width, size: 2 ** 20 + 2 })];
        const deltas: string[] = [];
        for (const one of steps) {
          const last = known(states.at(-1));
          const next = change(last, allowed(last, one));
          states.push(next.state);
          deltas.push(next.delta);
        }
        const first = known(states[0]);
        let { trust } = await admit(nobody(), publish({ lists: [first] }), at(0), primitives);
        let version = 1;
        let n = 1;
        for (const sent of deliveries) {
          const target = Math.max(version, Math.min(sent.target + 1, states.length));
          const genuine = deltas.flatMap((text, i) =>
            sent.dropped.includes(i) ? [] : [{ from: i + 1, to: i + 2, text }],
          );
          if (sent.spanning !== null && width === 1) {
            const [from, length] = sent.spanning;
            const [begin, end] = [states[from], states[from + length + 1]];
            if (begin !== undefined && end !== undefined) {
              const set = indices.filter((index) => entryOf(end, index) !== entryOf(begin, index));
              const { deltaPayload } = revokeIn(begin, { set }, start);
              genuine.push({
                from: from + 1,
                to: from + length + 2,
                text: signJws("status-delta+jws", { ...deltaPayload, to: end.version }, keys.status),
              });
            }
          }
          const texts = [
            ...genuine.map((one) => one.text),
            ...sent.doubled.flatMap((i) => genuine[i]?.text ?? []),
            ...sent.forged.flatMap((i) => {
              const base = states[i];
              return base === undefined ? [] : [change(base, { set: [3] }, forger).delta];
            }),
          ];
          const shuffled = texts
            .map((text, i) => ({ text, order: known(sent.order.next().value) + i }))
            .toSorted((a, b) => (a.order % 97) - (b.order % 97));
          const head = publish({ n: ++n, lists: [first], listsAtHead: [known(states[target - 1])] }).head;
          const admission = await admit(
            trust,
            { head, deltas: new Map([[1, shuffled.map((one) => one.text)]]) },
            at(0),
            primitives,
          );

          // The model: versions are places, genuine deltas are steps between them.
          const reached = new Set([version]);
          for (let at = version; at < target; at++) {
            if (reached.has(at))
              for (const one of genuine) if (one.from === at && one.to <= target) reached.add(one.to);
          }
          const arrives = reached.has(target);
          expect(admission.changed).toBe(arrives);
          if (arrives) version = target;
          else expect(admission.wanted).toMatchObject([{ kind: "deltas", list: 1, from: Math.max(...reached) }]);
          trust = admission.trust;
          const state = known(states[version - 1]);
          expect(trust.lists.get(1)?.version).toBe(version);
          for (const index of indices) expect(revocationStatus(trust, 1, index)).toBe(words[entryOf(state, index)]);
        }
        // Whatever way it came about, the store builds the same state again.
        const again = await openTrust(trust, primitives);
        expect(again.faults).toEqual([]);
        expect(again.trust).toEqual(trust);
      },
    ),
    { numRuns: 60 },
  );
});
