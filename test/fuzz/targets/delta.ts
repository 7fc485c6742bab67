import { type ListState, revokeIn, signJws } from "../../../fixtures/issuer/index.ts";
import { decodeIndexSet } from "../../../verifier/index-set.ts";
import { isRecord, parseJson } from "../../../verifier/json.ts";
import { applyDelta, readStatusDelta } from "../../../verifier/status-delta.ts";
import type { StatusList } from "../../../verifier/status-list.ts";
import { change, emptyStatus, keys, known, primitives, start, tenant, trustIn } from "../../verifier/world.ts";
import { type FuzzTarget, latin1 } from "../target.ts";

const scope = { tenant, environment: "sandbox" } as const;
const states: readonly ListState[] = [emptyStatus(), change(emptyStatus({ bits: 2 }), { set: [1], set2: [2] }).state];

function lists(): () => Promise<readonly StatusList[]> {
  let made: Promise<readonly StatusList[]> | null = null;
  const make = async (state: ListState) => known((await trustIn({ lists: [state] })).lists.get(1));
  return () => {
    made ??= Promise.all(states.map(make));
    return made;
  };
}

const held = lists();
const signature = Buffer.alloc(64).toString("base64url");
const header = Buffer.from(JSON.stringify({ alg: "Ed25519", kid: keys.status.kid, typ: "status-delta+jws" })).toString(
  "base64url",
);

/** Spelled anew, without a signature: reading and applying a delta is what is fuzzed. */
function unsigned(text: string): string {
  const value = parseJson(text);
  const spelled = isRecord(value) ? JSON.stringify(value) : text;
  return `${header}.${Buffer.from(spelled, "latin1").toString("base64url")}.${signature}`;
}

/** First byte: which list; second: bare index set, payload, or whole JWS. */
export const target: FuzzTarget = {
  name: "delta",
  longest: 4096,
  dictionary: [
    '"from":1',
    '"to":2',
    '"ns":',
    '"set":"',
    '"n2":1,"set2":"Ag"',
    '"nc":1,"clr":"Ag"',
    '"size":1048577',
    "gICAgBA",
    "_____wM",
  ],
  async seeds() {
    const payloads = states.flatMap((state, list) => {
      const changes = [
        { set: [3, 500, 70_000] },
        ...(state.bits === 2 ? [{ set2: [9], clr: [2] }] : []),
        { set: [2 ** 20], size: 2 ** 20 + 8 },
      ];
      return changes.map((what) => ({ list, payload: revokeIn(state, what, start).deltaPayload }));
    });
    return payloads.flatMap(({ list, payload }) => [
      Buffer.concat([Uint8Array.of(list, 0), Buffer.from(payload.set)]),
      Buffer.concat([Uint8Array.of(list, 1), Buffer.from(JSON.stringify(payload))]),
      Buffer.concat([Uint8Array.of(list, 2), Buffer.from(signJws("status-delta+jws", payload, keys.status))]),
    ]);
  },
  async run(input) {
    const text = latin1(input.subarray(2));
    const sort = (input[1] ?? 0) % 3;
    if (sort === 0) {
      const count = (input[0] ?? 0) % 8;
      const indices = decodeIndexSet(text, count, 2 ** 30);
      if (indices?.some((index, i) => index >= 2 ** 30 || (i > 0 && index <= (indices[i - 1] ?? 0)))) {
        throw new Error("an index set that does not ascend below its size");
      }
      return indices === null ? "no indices" : `${count} indices`;
    }
    const list = known((await held())[(input[0] ?? 0) % states.length]);
    const delta = await readStatusDelta(1, sort === 1 ? unsigned(text) : text, scope, primitives);
    if (!delta.ok) return `${sort} read ${delta.fault.code}`;
    const before = list.root;
    const next = await applyDelta(list, delta.value, primitives);
    if (list.root !== before) throw new Error("a delta changed the list it was applied to");
    return `${sort} apply ${list.bits} ${next.ok ? "ok" : next.fault.code}`;
  },
};
