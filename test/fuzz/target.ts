/** One parser under fuzz. */
export interface FuzzTarget {
  /** Folder of its corpus. */
  readonly name: string;
  /** Longest input the engine makes, bytes. */
  readonly longest: number;
  /** Pieces worth inserting: member names, prefixes, edge values. */
  readonly dictionary: readonly string[];
  /** Inputs to start from, good and nearly good ones. */
  seeds(): Promise<readonly Uint8Array[]>;
  /**
   * Feeds one input and says in a few closed words what came of it; inputs that reach a new outcome are kept. Throws only when
   * the parser breaks a promise.
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** Latin-1, so that every byte string is one text. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
