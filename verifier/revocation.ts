import { entryOf } from "./status-list.ts";
import type { Trust } from "./trust.ts";

export type RevocationStatus = "valid" | "revoked" | "suspended" | "unknown" | "out_of_range";

/**
 * What the accepted list says about one entry, whatever its age. `unknown` without that list (absence is never "nothing
 * revoked"); `out_of_range` for an index that is no integer in 0..size-1.
 */
export function revocationStatus(trust: Trust, list: number, index: number): RevocationStatus {
  const found = trust.lists.get(list);
  if (found === undefined) return "unknown";
  if (!Number.isInteger(index) || index < 0 || index >= found.size) return "out_of_range";
  switch (entryOf(found, index)) {
    case 0:
      return "valid";
    case 2:
      return "suspended";
    default:
      return "revoked";
  }
}
