import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

/** `prev_hash` of the first record of an incarnation. */
export const genesisHash = `sha256:${"0".repeat(64)}`;

/**
 * SHA-256 of `scan-chain/1\0` and the RFC 8785 bytes of the record without its `hash` (formats.md section 7).
 *
 * @param unhashed all members of a scan record but `hash`
 */
export function recordHash(unhashed: object): string {
  const digest = createHash("sha256").update("scan-chain/1\0").update(canonicalJson(unhashed)).digest("hex");
  return `sha256:${digest}`;
}
