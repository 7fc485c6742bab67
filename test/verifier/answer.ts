import type { ListState } from "../../fixtures/issuer/index.ts";
import { admit, type Offered, type Trust } from "../../verifier/index.ts";
import { at, change, emptyStatus, known, primitives } from "./world.ts";

/** What one call of `admit` said, in short: fault codes, kinds wanted, the version of list 1. */
export async function answer(from: Trust, offered: Offered, judged = at(0)) {
  const { changed, trust, wanted, faults } = await admit(from, offered, judged, primitives);
  if (!changed && trust !== from) throw new Error("an update that changed nothing gave another trust");
  return {
    changed,
    trust,
    wanted,
    faults,
    codes: faults.map((fault) => fault.code),
    kinds: wanted.map((one) => one.kind),
    version: trust.lists.get(1)?.version,
  };
}

/** Versions 1 to steps + 1 of list 1, each revoking one more index, and the deltas between them. */
export function ladder(steps: number): { readonly states: readonly ListState[]; readonly deltas: readonly string[] } {
  const states = [emptyStatus()];
  const deltas: string[] = [];
  for (let i = 0; i < steps; i++) {
    const next = change(known(states.at(-1)), { set: [i] });
    states.push(next.state);
    deltas.push(next.delta);
  }
  return { states, deltas };
}
