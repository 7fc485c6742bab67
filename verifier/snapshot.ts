import type { Trust } from "./trust.ts";

/** All documents a snapshot is built from, by their names in the bundle; nothing that it no longer needs. */
export function documentsOf(
  parts: Pick<Trust, "root" | "keys" | "head" | "lists" | "directories">,
): Trust["documents"] {
  const documents = new Map<string, Uint8Array>(parts.root?.documents);
  if (parts.keys !== null) documents.set("keys.jws", parts.keys.bytes);
  if (parts.head !== null) documents.set("head.jws", parts.head.bytes);
  for (const part of [...parts.lists.values(), ...parts.directories.values()]) {
    for (const [name, bytes] of part.documents) documents.set(name, bytes);
  }
  return documents;
}
