import type { Receipt } from "../store/index.ts";
import { isObject } from "./http.ts";

/** A number of a journal that the platform has two different records of. */
export interface JournalFork {
  readonly incarnation: string;
  readonly sequence: number;
  /** Hash of the record that came first, and of one that came later. */
  readonly firstHash: string;
  readonly hash: string;
}

/** What the platform says of a terminal's journal beside its answer to a batch. Each part may be missing. */
export interface JournalWord {
  readonly receipt: Receipt | null;
  /** The newest record that it has of the journal which the batch is of. */
  readonly head: (Receipt & { readonly incarnation: string }) | null;
  readonly forks: readonly JournalFork[];
}

/** Forks read of one answer; the newest say all that an operator needs. */
const mostForks = 100;
const incarnationForm = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const hashForm = /^sha256:[0-9a-f]{64}$/;
const largestSequence = 2 ** 48;

/** Reads it from the answer's body. What is not as it should be counts as not said: no scan waits for it. */
export function journalWord(body: Readonly<Record<string, unknown>>, receipt: Receipt | null): JournalWord {
  const { head, forks } = body;
  return {
    receipt: receipt !== null && isSequence(receipt.sequence) ? receipt : null,
    head: headOf(head),
    forks: Array.isArray(forks) ? forks.slice(0, mostForks).flatMap((fork) => forkOf(fork) ?? []) : [],
  };
}

function headOf(value: unknown): JournalWord["head"] {
  if (!isObject(value)) return null;
  const { incarnation, sequence, hash } = value;
  return isIncarnation(incarnation) && isSequence(sequence) && isHash(hash) ? { incarnation, sequence, hash } : null;
}

function forkOf(value: unknown): JournalFork | null {
  if (!isObject(value)) return null;
  const { incarnation, sequence, first_hash: firstHash, hash } = value;
  const isWhole = isIncarnation(incarnation) && isSequence(sequence) && isHash(firstHash) && isHash(hash);
  return isWhole && firstHash !== hash ? { incarnation, sequence, firstHash, hash } : null;
}

function isIncarnation(value: unknown): value is string {
  return typeof value === "string" && incarnationForm.test(value);
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && hashForm.test(value);
}

function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= largestSequence;
}
