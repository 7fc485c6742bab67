import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

/** `prev_hash` of the first record of an incarnation. */
export const genesisHash = `sha256:${"0".repeat(64)}`;

/**
 * SHA-256 of `scan-chain/1\0` and the RFC 8785 bytes of the record without its `hash` (formats.md section 7).
 *
 * @param unhashed all members of a scan record but `hash`
 */
export function recordHash(unhashed: object): string {
  return chainHash(canonicalJson(unhashed));
}

/** The same of the record's text (RFC 8785) without its `hash`. */
export function chainHash(text: string): string {
  return `sha256:${hash("sha256", `scan-chain/1\0${text}`)}`;
}
