import type { Offered, Wanted } from "../../verifier/index.ts";
import { partOf } from "./names.ts";

/**
 * The documents of a bundle as the verifier takes them. Bytes that are no text become one that `admit()` refuses for its
 * form; names that no bundle holds are left out.
 */
export function offeredOf(documents: ReadonlyMap<string, Uint8Array>): Offered {
  const roots: string[] = [];
  const manifests = new Map<number, string>();
  const directories = new Map<number, string>();
  const deltas = new Map<number, string[]>();
  const blobs = new Map<string, Uint8Array>();
  let keys: string | undefined;
  let head: string | undefined;
  for (const [name, bytes] of documents) {
    const part = partOf(name);
    switch (part?.kind) {
      case "root":
        roots.push(textOf(bytes));
        break;
      case "keys":
        keys = textOf(bytes);
        break;
      case "head":
        head = textOf(bytes);
        break;
      case "manifest":
        manifests.set(part.list, textOf(bytes));
        break;
      case "directory":
        directories.set(part.list, textOf(bytes));
        break;
      case "delta":
        deltas.set(part.list, [...(deltas.get(part.list) ?? []), textOf(bytes)]);
        break;
      case "blob":
        blobs.set(part.sha256, bytes);
        break;
      case undefined:
        break;
    }
  }
  const singles = { ...(keys === undefined ? {} : { keys }), ...(head === undefined ? {} : { head }) };
  return { roots, manifests, directories, deltas, blobs, ...singles };
}

/** The name in a bundle of what is missing. */
export function wantedName(wanted: Wanted): string {
  switch (wanted.kind) {
    case "root":
      return `root/${wanted.version}.json`;
    case "keys":
    case "head":
      return `${wanted.kind}.jws`;
    case "manifest":
    case "directory":
      return `lists/${wanted.list}/${wanted.kind}.jws`;
    case "deltas":
      return `lists/${wanted.list}/deltas/${wanted.from}.jws`;
    case "blob":
      return `blobs/${wanted.sha256}`;
  }
}

/** One character a byte: what is signed is ASCII, and anything else stays something else. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
