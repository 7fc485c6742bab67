import { optional, type ValueType } from "./value-type.ts";

export interface Key<T> {
  /** As written in the file. */
  readonly name: string;
  /** One or two sentences, Markdown. */
  readonly doc: string;
  readonly type: ValueType<T>;
  readonly fallback: Fallback<T>;
}

export type Fallback<T> =
  | { readonly kind: "required" }
  /** `says` explains a default that is no plain value. */
  | { readonly kind: "value"; readonly value: T; readonly says: string | null };

export interface TableSpec {
  /** Member name in the file; empty for the keys before the first header. */
  readonly name: string;
  /** Header as a person writes it. */
  readonly header: string;
  readonly doc: string;
  readonly keys: Readonly<Record<string, Key<unknown>>>;
}

/** A key without a default: a file without it has a mistake. */
export function required<T>(name: string, type: ValueType<T>, doc: string): Key<T> {
  return { name, doc, type, fallback: { kind: "required" } };
}

/** A key that may be left out. */
export function withDefault<T>(name: string, type: ValueType<T>, value: T, doc: string): Key<T> {
  return { name, doc, type, fallback: { kind: "value", value, says: null } };
}

/** A key that has no plain default: null when it is left out. */
export function absent<T>(name: string, type: ValueType<T>, says: string, doc: string): Key<T | null> {
  return { name, doc, type: optional(type), fallback: { kind: "value", value: null, says } };
}
