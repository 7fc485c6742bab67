/** Longest bundle, bytes: the whole archive with its headers. */
export const largestBundleBytes = 64 * 1024 * 1024;
/** Most files in a bundle. */
export const mostFiles = 4_096;
/** Longest document and longest blob, bytes (formats.md section 2); a delta of 100,000 passes needs more. */
const largestFileBytes = 256 * 1024;
const largestDeltaBytes = 512 * 1024;

/** What a file of a bundle is, by its name (formats.md section 2; deltas as `Trust.documents` names them). */
export type BundlePart =
  | { readonly kind: "root"; readonly version: number }
  | { readonly kind: "keys" | "head" }
  | { readonly kind: "manifest" | "directory"; readonly list: number }
  | { readonly kind: "delta"; readonly list: number; readonly from: number }
  | { readonly kind: "blob"; readonly sha256: string };

/** Longest file of a part, bytes. */
export function largestOf(part: BundlePart): number {
  return part.kind === "delta" ? largestDeltaBytes : largestFileBytes;
}

const rootName = /^root\/([1-9][0-9]{0,14})\.json$/;
const listName = /^lists\/(0|[1-9][0-9]{0,2})\/(manifest|directory|deltas\/(0|[1-9][0-9]{0,14}))\.jws$/;
const blobName = /^blobs\/([A-Za-z0-9_-]{43})$/;

/** Reads a name; null for one that no bundle holds. Numbers have no leading zeros, so a part has one name only. */
export function partOf(name: string): BundlePart | null {
  if (name === "keys.jws") return { kind: "keys" };
  if (name === "head.jws") return { kind: "head" };
  const root = rootName.exec(name);
  if (root !== null) return { kind: "root", version: Number(root[1]) };
  const blob = blobName.exec(name)?.[1];
  if (blob !== undefined) return { kind: "blob", sha256: blob };
  const found = listName.exec(name);
  const list = Number(found?.[1]);
  if (found === null || list > 255) return null;
  if (found[3] !== undefined) return { kind: "delta", list, from: Number(found[3]) };
  return { kind: found[2] === "manifest" ? "manifest" : "directory", list };
}
