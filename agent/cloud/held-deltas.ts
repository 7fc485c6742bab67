import type { Head, TrustFault } from "../../verifier/index.ts";
import { type DeltaPlace, placeOf } from "./ladder.ts";

type Held = DeltaPlace & { readonly text: string };

/** Most deltas held, of all lists together: what 64 frames of the stream can bring at most (formats.md section 3). */
const mostHeld = 64;
/** A delta came in one frame of the stream, characters. */
const longest = 256 * 1024;

/**
 * Deltas that were pushed before the head that names them. Unverified: they are offered with every head, and the core
 * applies what its newest head reaches and nothing else. Losing one costs a question to the ladder.
 */
export class HeldDeltas {
  #held: readonly Held[] = [];

  get size(): number {
    return this.#held.length;
  }

  /** Holds what can be a delta of a list, once; of more than fit, those nearest to what is in force stay. */
  take(texts: Iterable<string>): void {
    const held = new Map(this.#held.map((one) => [one.text, one]));
    for (const text of texts) {
      const place = text.length > longest ? null : placeOf(text);
      if (place !== null && place.to > place.from) held.set(text, { ...place, text });
    }
    this.#held = [...held.values()].toSorted((a, b) => a.to - b.to).slice(0, mostHeld);
  }

  /** By list; a list without any is absent, because none at all would say that the cloud has none. */
  offered(): ReadonlyMap<number, readonly string[]> {
    const byList = Map.groupBy(this.#held, ({ list }) => list);
    return new Map([...byList].map(([list, held]) => [list, held.map(({ text }) => text)]));
  }

  /**
   * Lets go of what no later head can name: deltas up to its version, of another epoch or of a list that it does not have.
   * Of a list with a delta that was refused, all go: the ladder has the genuine ones.
   *
   * @param head the head in force; null before the first
   */
  settle(head: Head | null, faults: readonly TrustFault[]): void {
    const refused = new Set(faults.flatMap(({ document }) => /^lists\/([0-9]+)\/deltas/.exec(document)?.[1] ?? []));
    const named = new Map(head?.lists.map((one) => [one.list, one]));
    this.#held = this.#held.filter(({ list, epoch, to }) => {
      if (refused.has(String(list))) return false;
      if (head === null) return true;
      const state = named.get(list);
      return state !== undefined && state.epoch === epoch && to > state.version;
    });
  }
}
