import { decodeHash } from "./base64url.ts";
import { isRecord, type JsonRecord } from "./json.ts";
import { type EpochSeconds, epochSeconds, epochStart } from "./verdict.ts";

/** Largest integer in any signed document (formats.md section 0): far below 2^53, so sums stay exact. */
export const largestInteger = 2 ** 48;

/**
 * Reads the members of one parsed object and remembers the first that is missing or wrong. A wrong member reads as an
 * empty value; callers ask `bad` before they use anything they read.
 */
export class Members {
  readonly record: JsonRecord;
  #bad: string | null = null;

  constructor(record: JsonRecord) {
    this.record = record;
  }

  /** Name of the first unacceptable member, or null. */
  get bad(): string | null {
    return this.#bad;
  }

  /** Marks a member as wrong for a reason that spans several. */
  refuse(name: string): void {
    this.#bad ??= name;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.record, name);
  }

  /** Integer within both bounds. */
  integer(name: string, least: number, most: number): number {
    const value = this.#own(name);
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    this.refuse(name);
    return least;
  }

  time(name: string): EpochSeconds {
    const value = epochSeconds(this.#own(name));
    if (value !== null) return value;
    this.refuse(name);
    return epochStart;
  }

  text(name: string): string {
    const value = this.#own(name);
    if (typeof value === "string") return value;
    this.refuse(name);
    return "";
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.#own(name);
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    this.refuse(name);
    return null;
  }

  /** 32 bytes from 43 characters of base64url. */
  hash(name: string): Uint8Array {
    const value = decodeHash(this.#own(name));
    if (value !== null) return value;
    this.refuse(name);
    return new Uint8Array(32);
  }

  array(name: string, most: number): readonly unknown[] {
    const value = this.#own(name);
    if (Array.isArray(value) && value.length <= most) return value;
    this.refuse(name);
    return [];
  }

  /** An array whose elements are all objects. */
  records(name: string, most: number): readonly JsonRecord[] {
    const values = this.array(name, most);
    if (values.every(isRecord)) return values;
    this.refuse(name);
    return [];
  }

  /** An array whose elements are all one of `allowed`, without repeats. */
  choices<T extends string>(name: string, allowed: readonly T[]): ReadonlySet<T> {
    const values = this.array(name, allowed.length);
    const found = new Set(allowed.filter((one) => values.includes(one)));
    if (found.size !== values.length) this.refuse(name);
    return found;
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.record, name) ? this.record[name] : undefined;
  }
}
