import { readdirSync } from "node:fs";

/** One parser under fuzz. */
export interface FuzzTarget {
  /** Folder of its corpus. */
  readonly name: string;
  /** Longest input the engine makes, bytes; 4,096 unless said otherwise. */
  readonly longest?: number;
  /** Pieces worth inserting, as Latin-1: member names, prefixes, edge values. */
  readonly dictionary?: readonly string[];
  /** Inputs to start from, good and nearly good ones. */
  seeds(): Promise<readonly Uint8Array[]>;
  /**
   * Feeds one input and says in a few closed words what came of it; inputs that reach a new outcome are kept. Throws only when
   * the parser breaks a promise.
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** Every target: each file of `targets/` exports one. */
export async function loadTargets(): Promise<ReadonlyMap<string, FuzzTarget>> {
  const folder = new URL("./targets/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const loaded = names.toSorted().map(async (name) => {
    const file: { readonly target: FuzzTarget } = await import(new URL(name, folder).href);
    return [file.target.name, file.target] as const;
  });
  return new Map(await Promise.all(loaded));
}

/** Latin-1, so that every byte string is one text. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
