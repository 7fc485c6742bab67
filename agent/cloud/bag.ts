import type { Offered, Wanted } from "../../verifier/index.ts";

/** What an answer brought for one wanted document. */
export interface Found {
  readonly text: string | null;
  readonly bytes: Uint8Array | null;
  /** Null where none were asked for; empty when the cloud has none from that version on, or the full list is the shorter way. */
  readonly deltas: readonly string[] | null;
}

export const nothing: Found = { text: null, bytes: null, deltas: null };

/** What has been fetched in one update run, in the form in which it is offered. */
export class Bag {
  readonly #roots: string[];
  readonly #manifests: Map<number, string>;
  readonly #directories: Map<number, string>;
  readonly #deltas: Map<number, readonly string[]>;
  readonly #blobs: Map<string, Uint8Array>;
  #keys: string | undefined;
  #head: string | undefined;

  constructor(first: Offered) {
    this.#roots = [...(first.roots ?? [])];
    this.#manifests = new Map(first.manifests);
    this.#directories = new Map(first.directories);
    this.#deltas = new Map(first.deltas);
    this.#blobs = new Map(first.blobs);
    this.#keys = first.keys;
    this.#head = first.head;
  }

  get head(): string | null {
    return this.#head ?? null;
  }

  take(wanted: Wanted, found: Found): void {
    switch (wanted.kind) {
      case "root":
        if (found.text !== null) this.#roots.push(found.text);
        return;
      case "keys":
        this.#keys = found.text ?? this.#keys;
        return;
      case "head":
        this.#head = found.text ?? this.#head;
        return;
      case "manifest":
        if (found.text !== null) this.#manifests.set(wanted.list, found.text);
        return;
      case "directory":
        if (found.text !== null) this.#directories.set(wanted.list, found.text);
        return;
      case "deltas":
        // The full list may come with it, when it is the shorter way.
        if (found.text !== null) this.#manifests.set(wanted.list, found.text);
        this.#deltas.set(wanted.list, this.#withDeltas(wanted.list, found.deltas));
        return;
      case "blob":
        if (found.bytes !== null) this.#blobs.set(wanted.sha256, found.bytes);
        return;
    }
  }

  /** No delta from there on: then those that were pushed lead nowhere either, and only the full list does. */
  #withDeltas(list: number, found: Found["deltas"]): readonly string[] {
    if (found?.length === 0) return [];
    return [...(this.#deltas.get(list) ?? []), ...(found ?? [])];
  }

  offered(): Offered {
    return {
      roots: this.#roots,
      manifests: this.#manifests,
      directories: this.#directories,
      deltas: this.#deltas,
      blobs: this.#blobs,
      ...(this.#keys === undefined ? {} : { keys: this.#keys }),
      ...(this.#head === undefined ? {} : { head: this.#head }),
    };
  }
}
